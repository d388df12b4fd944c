using System.Numerics.Tensors;

namespace Unroll.Tensors.Operations;

/// <summary>y = √x; y′ = 1/(2y).</summary>
internal sealed class Sqrt : Unary<Sqrt.Rule>
{
    public static readonly Sqrt Instance = new();

    internal readonly struct Rule : IUnaryRule
    {
        public static string Name => "Sqrt";

        public static void Value(ReadOnlySpan<float> x, Span<float> y) => TensorPrimitives.Sqrt(x, y);

        public static void Derivative(ReadOnlySpan<float> g, ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> d)
        {
            TensorPrimitives.Divide(g, y, d);
            TensorPrimitives.Multiply(d, 0.5f, d);
        }
    }
}
