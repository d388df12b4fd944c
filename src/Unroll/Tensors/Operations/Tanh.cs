using Unroll.Kernels;

namespace Unroll.Tensors.Operations;

/// <summary>y = tanh x; y′ = 1 − y².</summary>
internal sealed class Tanh : Unary<Tanh.Rule>
{
    public static readonly Tanh Instance = new();

    internal readonly struct Rule : IUnaryRule
    {
        public static string Name => "Tanh";

        public static void Value(ReadOnlySpan<float> x, Span<float> y) => VectorMath.Tanh(x, y);

        public static void Derivative(ReadOnlySpan<float> g, ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> d) => VectorMath.Binary<TanhGradientOperator>(g, y, d);
    }
}
