using Unroll.Tasks.Examples;

namespace Unroll.Tasks.Ranking;

/// <summary>Some questions with all their candidates side by side, and the lists that a loss over them takes; its memory is used again for every batch.</summary>
internal sealed class RankingBatch
{
    /// <summary>The words of the questions.</summary>
    public TokenBatch Questions { get; } = new();

    /// <summary>The words of their candidates, one question's after the other's.</summary>
    public TokenBatch Candidates { get; } = new();

    /// <summary>The number of each candidate in the set.</summary>
    public List<int> Numbers { get; } = [];

    /// <summary>Which question each candidate answers.</summary>
    public List<int> Asked { get; } = [];

    /// <summary>The candidates' features of <see cref="WordOverlap"/>.</summary>
    public List<float> Overlap { get; } = [];

    /// <summary>Pairs of candidates, of which the first is to have the better score.</summary>
    public (List<int> Better, List<int> Worse) Pairs { get; } = ([], []);

    /// <summary>What is multiplied with each pair's loss, or the label of each candidate.</summary>
    public List<float> Wanted { get; } = [];

    /// <summary>Fetches questions.</summary>
    public void Fill(RankedTexts set, ReadOnlySpan<int> numbers)
    {
        Numbers.Clear();
        Asked.Clear();
        Overlap.Clear();
        for (int i = 0; i < numbers.Length; i++)
            for (int candidate = set.FirstOf(numbers[i]); candidate < set.FirstOf(numbers[i] + 1); candidate++)
            {
                Numbers.Add(candidate);
                Asked.Add(i);
                Overlap.AddRange(set.OverlapOf(candidate));
            }
        Questions.Fill(set.Questions, numbers);
        Candidates.Fill(set.Candidates, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(Numbers));
    }
}
