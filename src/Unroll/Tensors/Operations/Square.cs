using System.Numerics.Tensors;

namespace Unroll.Tensors.Operations;

/// <summary>y = x²; y′ = 2x.</summary>
internal sealed class Square : Unary<Square.Rule>
{
    public static readonly Square Instance = new();

    internal readonly struct Rule : IUnaryRule
    {
        public static string Name => "Square";

        public static void Value(ReadOnlySpan<float> x, Span<float> y) => TensorPrimitives.Multiply(x, x, y);

        public static void Derivative(ReadOnlySpan<float> g, ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> d)
        {
            TensorPrimitives.Multiply(g, x, d);
            TensorPrimitives.Add(d, d, d);
        }
    }
}
