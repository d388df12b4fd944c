using System.Numerics.Tensors;

namespace Unroll.Tensors.Operations;

/// <summary>−ln p(t) = ½((t − a)/σ)² + ln σ + ½ ln 2π for a normal t with mean a and a fixed standard deviation σ, the constant;
/// ∂/∂a = (a − t)/σ² = −∂/∂t.</summary>
internal sealed class GaussianLikelihood : RowLikelihood<GaussianLikelihood.Rule>
{
    public static readonly GaussianLikelihood Instance = new();

    internal readonly struct Rule : ILikelihoodRule
    {
        private const float HalfLogTwoPi = 0.918938533f;

        public static string Name => "Gaussian";

        public static int Parameters => 1;

        public static void Value(ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> t, float constant, Span<float> y)
        {
            TensorPrimitives.Subtract(a, t, y);
            TensorPrimitives.Divide(y, constant, y);
            TensorPrimitives.Multiply(y, y, y);
            TensorPrimitives.Multiply(y, 0.5f, y);
            TensorPrimitives.Add(y, MathF.Log(constant) + HalfLogTwoPi, y);
        }

        public static void Derivative(LikelihoodOperand by, ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> t, float constant, Span<float> d)
        {
            TensorPrimitives.Subtract(a, t, d);
            TensorPrimitives.Divide(d, by == LikelihoodOperand.Target ? -constant * constant : constant * constant, d);
        }
    }
}
