using System.Numerics.Tensors;

namespace Unroll.Decoding;

/// <summary>What logits say.</summary>
internal static class Logits
{
    /// <summary>The logarithm of a symbol's probability, that of the softmax.</summary>
    /// <param name="logits">The logits of all symbols, [symbols].</param>
    /// <param name="symbol">Which.</param>
    public static double LogProbabilityOf(ReadOnlySpan<float> logits, int symbol)
    {
        float most = TensorPrimitives.Max(logits);
        double sum = 0;
        foreach (float logit in logits) sum += Math.Exp(logit - most);
        return logits[symbol] - most - Math.Log(sum);
    }
}
