using Unroll.Tasks.Examples;

namespace Unroll.Tasks.Ranking;

/// <summary>Questions and their candidates as numbers.</summary>
internal sealed class RankedTexts : ExampleSet
{
    private readonly List<int> _first = [0], _labels = [];
    private readonly List<float> _overlap = [];
    private string? _fingerprint;

    /// <summary>The questions' words.</summary>
    public TokenSequences Questions { get; } = new();

    /// <summary>The candidates' words, those of a question one after the other.</summary>
    public TokenSequences Candidates { get; } = new();

    /// <summary>Of each of the candidates' words: 1 if the question has it too.</summary>
    public TokenSequences Shared { get; } = new();

    /// <inheritdoc/>
    public override int Count => _first.Count - 1;

    /// <inheritdoc/>
    public override string Fingerprint => _fingerprint ??= FingerprintOf(Questions.ToArray(), Candidates.ToArray(), [.. _first], [.. _labels]);

    /// <summary>The longest candidate or question.</summary>
    public override int LengthOf(int number)
    {
        int longest = Questions.LengthOf(number);
        for (int i = FirstOf(number); i < FirstOf(number + 1); i++) longest = Math.Max(longest, Candidates.LengthOf(i));
        return longest;
    }

    /// <inheritdoc/>
    public override int JudgedOf(int number) => FirstOf(number + 1) - FirstOf(number);

    /// <summary>The number of a question's first candidate; of the number of questions, that of the candidates.</summary>
    public int FirstOf(int number) => _first[number];

    /// <summary>The labels of a question's candidates: 1 for right ones, −1 where that is to be found.</summary>
    public ReadOnlySpan<int> LabelsOf(int number) => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_labels)[FirstOf(number)..FirstOf(number + 1)];

    /// <summary>The features of <see cref="WordOverlap"/> of a candidate.</summary>
    public ReadOnlySpan<float> OverlapOf(int candidate) => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_overlap).Slice(candidate * WordOverlap.Features, WordOverlap.Features);

    /// <summary>Whether a question has a candidate that is right and one that is not.</summary>
    public bool IsMixed(int number) => LabelsOf(number).Contains(1) && LabelsOf(number).Contains(0);

    /// <summary>Ends a candidate, whose words have been added.</summary>
    public void EndCandidate(bool? isRight, ReadOnlySpan<float> overlap)
    {
        Candidates.End();
        Shared.End();
        _labels.Add(isRight is { } right ? right ? 1 : 0 : -1);
        _overlap.AddRange(overlap);
    }

    /// <summary>Ends a question, whose candidates have been added.</summary>
    public void EndQuestion()
    {
        Questions.End();
        _first.Add(Candidates.Count);
    }
}
