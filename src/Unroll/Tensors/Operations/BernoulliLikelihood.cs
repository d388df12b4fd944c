using System.Numerics.Tensors;
using Unroll.Kernels;

namespace Unroll.Tensors.Operations;

/// <summary>−ln p(t) = ln(1 + eᵃ) − a·t for a binary t with p(t = 1) = σ(a); ∂/∂a = σ(a) − t, ∂/∂t = −a.</summary>
internal sealed class BernoulliLikelihood : RowLikelihood<BernoulliLikelihood.Rule>
{
    public static readonly BernoulliLikelihood Instance = new();

    internal readonly struct Rule : ILikelihoodRule
    {
        public static string Name => "Bernoulli";

        public static int Parameters => 1;

        public static void Value(ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> t, float constant, Span<float> y)
        {
            VectorMath.Softplus(a, y);
            for (int i = 0; i < y.Length; i++) y[i] -= a[i] * t[i];
        }

        public static void Derivative(LikelihoodOperand by, ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> t, float constant, Span<float> d)
        {
            if (by == LikelihoodOperand.Target)
            {
                TensorPrimitives.Negate(a, d);
                return;
            }
            VectorMath.Sigmoid(a, d);
            TensorPrimitives.Subtract(d, t, d);
        }
    }
}
