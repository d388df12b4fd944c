using System.Numerics.Tensors;
using Unroll.Kernels;

namespace Unroll.Tensors.Operations;

/// <summary>y = ln(1 + eˣ); y′ = σ(x).</summary>
internal sealed class Softplus : Unary<Softplus.Rule>
{
    public static readonly Softplus Instance = new();

    internal readonly struct Rule : IUnaryRule
    {
        public static string Name => "Softplus";

        public static void Value(ReadOnlySpan<float> x, Span<float> y) => VectorMath.Softplus(x, y);

        public static void Derivative(ReadOnlySpan<float> g, ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> d)
        {
            VectorMath.Sigmoid(x, d);
            TensorPrimitives.Multiply(d, g, d);
        }
    }
}
