namespace Unroll.Decoding;

/// <summary>How <see cref="BeamSearch"/> looks for the best sequences.</summary>
/// <param name="End">The symbol that ends a sequence.</param>
/// <param name="Width">How many sequences are followed side by side; 1 takes the likeliest symbol always (greedy).</param>
/// <param name="NBest">How many sequences to return, at most the width.</param>
/// <param name="LengthPenalty">The α by which long sequences are favoured: a score is log p / ((5 + length) / 6)^α. Wu et al. 2016, "Google's neural machine translation
/// system", equation 14; 0 for log p itself.</param>
/// <param name="CoveragePenalty">The β by which sequences are disfavoured that leave positions unattended: β·Σᵢ log min(Σⱼ attention of step j to position i, 1) is added
/// to the score (Wu et al. 2016); 0 for none. Models without attention are not touched by it.</param>
public sealed record BeamOptions(int End, int Width = 5, int NBest = 1, double LengthPenalty = 0, double CoveragePenalty = 0)
{
    /// <summary>Symbols that are never written, such as the unknown one.</summary>
    public IReadOnlyList<int> Forbidden { get; init; } = [];

    /// <summary>Whether to keep how each step spread its attention, <see cref="Hypothesis.Attention"/>.</summary>
    public bool KeepAttention { get; init; }

    /// <summary>Checks the values.</summary>
    /// <exception cref="BadUsageException">A value makes no sense.</exception>
    public void Check()
    {
        if (Width < 1) throw new BadUsageException($"The beam is {Width} wide; expected 1 (greedy) or more.");
        if (NBest < 1 || NBest > Width) throw new BadUsageException($"The {NBest} best of a beam {Width} wide were asked for; expected 1 to {Width}, or a wider beam.");
        if (!(LengthPenalty >= 0 && double.IsFinite(LengthPenalty))) throw new BadUsageException($"The length penalty is {LengthPenalty}; expected 0 (none) or more.");
        if (!(CoveragePenalty >= 0 && double.IsFinite(CoveragePenalty))) throw new BadUsageException($"The coverage penalty is {CoveragePenalty}; expected 0 (none) or more.");
    }
}
