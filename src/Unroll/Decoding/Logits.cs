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
        (float most, double logSum) = Normaliser(logits);
        return logits[symbol] - most - logSum;
    }

    /// <summary>The logarithms of all symbols' probabilities, those of the softmax.</summary>
    /// <param name="logits">The logits of all symbols, [symbols].</param>
    /// <param name="logProbabilities">Receives them, [symbols].</param>
    public static void ToLogProbabilities(ReadOnlySpan<float> logits, Span<float> logProbabilities)
    {
        (float most, double logSum) = Normaliser(logits);
        for (int symbol = 0; symbol < logits.Length; symbol++) logProbabilities[symbol] = (float)(logits[symbol] - most - logSum);
    }

    /// <summary>What is subtracted from each logit, in two parts: the greatest one, and the logarithm of the sum relative to it.</summary>
    private static (float Most, double LogSum) Normaliser(ReadOnlySpan<float> logits)
    {
        float most = TensorPrimitives.Max(logits);
        double sum = 0;
        foreach (float logit in logits) sum += Math.Exp(logit - most);
        return (most, Math.Log(sum));
    }
}
