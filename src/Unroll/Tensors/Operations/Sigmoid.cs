using Unroll.Kernels;

namespace Unroll.Tensors.Operations;

/// <summary>y = σ(x) = 1/(1 + e⁻ˣ); y′ = y·(1 − y).</summary>
internal sealed class Sigmoid : Unary<Sigmoid.Rule>
{
    public static readonly Sigmoid Instance = new();

    internal readonly struct Rule : IUnaryRule
    {
        public static string Name => "Sigmoid";

        public static void Value(ReadOnlySpan<float> x, Span<float> y) => VectorMath.Sigmoid(x, y);

        public static void Derivative(ReadOnlySpan<float> g, ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> d) => VectorMath.Binary<SigmoidGradientOperator>(g, y, d);
    }
}
