using Unroll.Tasks.Examples;

namespace Unroll.Tasks.Classification;

/// <summary>Texts as token numbers, with the numbers of their labels.</summary>
/// <param name="tokens">The texts.</param>
/// <param name="labels">Their labels; −1 where there is none.</param>
internal sealed class LabelledTexts(TokenSequences tokens, int[] labels) : ExampleSet
{
    private string? _fingerprint;

    /// <summary>The texts.</summary>
    public TokenSequences Texts => tokens;

    /// <summary>The labels' numbers.</summary>
    public ReadOnlySpan<int> Labels => labels;

    /// <summary>The texts as they were read, where they are to be answered and may have to be shown; empty where they have labels.</summary>
    public IReadOnlyList<string> Shown { get; init; } = [];

    /// <inheritdoc/>
    public override int Count => labels.Length;

    /// <inheritdoc/>
    public override string Fingerprint => _fingerprint ??= FingerprintOf(tokens.ToArray(), labels);

    /// <inheritdoc/>
    public override int LengthOf(int number) => tokens.LengthOf(number);

    /// <inheritdoc/>
    public override int JudgedOf(int number) => 1;
}
