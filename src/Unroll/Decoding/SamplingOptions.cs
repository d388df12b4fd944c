namespace Unroll.Decoding;

/// <summary>How the next symbol is drawn from a model's distribution. The limits act in this order: temperature, top-k, top-p.</summary>
/// <param name="Temperature">The logits are divided by this: below 1 the likely becomes likelier, above 1 the unlikely; 0 takes the
/// most likely symbol always (greedy).</param>
/// <param name="TopK">Only the k most likely symbols are drawn from; 0 for all.</param>
/// <param name="TopP">Only the fewest most likely symbols whose probabilities add up to at least p are drawn from
/// (nucleus sampling; Holtzman et al. 2020); 1 for all.</param>
public sealed record SamplingOptions(double Temperature = 1, int TopK = 0, double TopP = 1)
{
    /// <summary>Checks the values.</summary>
    /// <exception cref="BadUsageException">A value makes no sense.</exception>
    public void Check()
    {
        if (!(Temperature >= 0 && double.IsFinite(Temperature))) throw new BadUsageException($"The temperature is {Temperature}; expected 0 (the likeliest symbol always) or more.");
        if (TopK < 0) throw new BadUsageException($"Top-k is {TopK}; expected 0 (no limit) or more.");
        if (!(TopP is > 0 and <= 1)) throw new BadUsageException($"Top-p is {TopP}; expected above 0 and at most 1 (no limit).");
    }
}
