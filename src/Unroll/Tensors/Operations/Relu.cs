using Unroll.Kernels;

namespace Unroll.Tensors.Operations;

/// <summary>y = max(x, 0); y′ = 1 for x &gt; 0, else 0.</summary>
internal sealed class Relu : Unary<Relu.Rule>
{
    public static readonly Relu Instance = new();

    internal readonly struct Rule : IUnaryRule
    {
        public static string Name => "Relu";

        public static void Value(ReadOnlySpan<float> x, Span<float> y) => VectorMath.Relu(x, y);

        public static void Derivative(ReadOnlySpan<float> g, ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> d) => VectorMath.Binary<ReluGradientOperator>(g, y, d);
    }
}
