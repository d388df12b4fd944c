using Unroll.Decoding;

namespace Unroll.Tasks;

/// <summary>A <see cref="TaskModel"/> that can write, several texts at once where several threads ask.</summary>
public interface ITextGenerator
{
    /// <summary>Writes text, a piece at a time as it is made.</summary>
    /// <param name="request">What to write.</param>
    /// <param name="warn">Told, before anything is written, what of the prime the model does not know.</param>
    /// <returns>The prime as the model read it, then what it wrote. The same request gives the same text.</returns>
    /// <exception cref="BadUsageException">The request makes no sense.</exception>
    IEnumerable<string> Generate(GenerationRequest request, Action<string> warn);
}

/// <summary>What to write.</summary>
/// <param name="Length">How many symbols.</param>
public sealed record GenerationRequest(int Length)
{
    /// <summary>The text to continue; empty to begin afresh.</summary>
    public string Prime { get; init; } = "";

    /// <summary>How symbols are drawn.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>What chance is drawn from.</summary>
    public ulong Seed { get; init; } = 1;
}
