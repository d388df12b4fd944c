using System.Numerics.Tensors;

namespace Unroll.Tensors.Operations;

/// <summary>y = −x; y′ = −1.</summary>
internal sealed class Negate : Unary<Negate.Rule>
{
    public static readonly Negate Instance = new();

    internal readonly struct Rule : IUnaryRule
    {
        public static string Name => "Negate";

        public static void Value(ReadOnlySpan<float> x, Span<float> y) => TensorPrimitives.Negate(x, y);

        public static void Derivative(ReadOnlySpan<float> g, ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> d) => TensorPrimitives.Negate(g, d);
    }
}
