using System.Numerics.Tensors;
using Unroll.Kernels;

namespace Unroll.Tensors.Operations;

/// <summary>−ln p(t) = ½((t − a)²·e⁻ᵇ + b + ln 2π) for a normal t with mean a and log-variance b (Nix &amp; Weigend 1994);
/// ∂/∂a = (a − t)·e⁻ᵇ = −∂/∂t, ∂/∂b = ½(1 − (t − a)²·e⁻ᵇ).</summary>
internal sealed class GaussianVarianceLikelihood : RowLikelihood<GaussianVarianceLikelihood.Rule>
{
    public static readonly GaussianVarianceLikelihood Instance = new();

    internal readonly struct Rule : ILikelihoodRule
    {
        private const float LogTwoPi = 1.837877066f;

        public static string Name => "Gaussian";

        public static int Parameters => 2;

        public static void Value(ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> t, float constant, Span<float> y)
        {
            TensorPrimitives.Negate(b, y);
            VectorMath.Exp(y, y);
            for (int i = 0; i < y.Length; i++) y[i] = 0.5f * ((t[i] - a[i]) * (t[i] - a[i]) * y[i] + b[i] + LogTwoPi);
        }

        public static void Derivative(LikelihoodOperand by, ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> t, float constant, Span<float> d)
        {
            TensorPrimitives.Negate(b, d);
            VectorMath.Exp(d, d);
            for (int i = 0; i < d.Length; i++)
                d[i] = by switch
                {
                    LikelihoodOperand.First => (a[i] - t[i]) * d[i],
                    LikelihoodOperand.Second => 0.5f * (1 - (t[i] - a[i]) * (t[i] - a[i]) * d[i]),
                    _ => (t[i] - a[i]) * d[i],
                };
        }
    }
}
