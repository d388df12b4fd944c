namespace Unroll.Tasks.Classification;

/// <summary>How often each label was answered with each.</summary>
/// <param name="labels">The labels.</param>
internal sealed class ConfusionMatrix(IReadOnlyList<string> labels)
{
    /// <summary>Labels that a table still has a column for each of, and pairs that are listed where there are more.</summary>
    private const int MostColumns = 20;

    // Most pairs of many labels never occur.
    private readonly Dictionary<(int Right, int Answered), long> _pairs = [];
    private readonly long[] _asked = new long[labels.Count], _answered = new long[labels.Count], _right = new long[labels.Count];

    /// <summary>Counts an answer.</summary>
    /// <param name="right">The label.</param>
    /// <param name="answered">The answer.</param>
    public void Add(int right, int answered)
    {
        _pairs[(right, answered)] = Count(right, answered) + 1;
        _asked[right]++;
        _answered[answered]++;
        if (right == answered) _right[right]++;
    }

    /// <summary>The share of right answers.</summary>
    public double Accuracy => Share(_right.Sum(), _asked.Sum());

    /// <summary>The mean of F1 over the labels that were asked or answered.</summary>
    public double MacroF1 => Enumerable.Range(0, labels.Count).Where(label => _asked[label] + _answered[label] > 0).Select(F1).DefaultIfEmpty(0).Average();

    /// <summary>Of each label: precision, the share of right ones among its answers; recall, the share of its texts that were found; F1, their harmonic mean; and its texts.</summary>
    public EvaluationTable Classes => new("classes", ["label", "precision", "recall", "f1", "texts"],
        [.. labels.Select((label, i) => (label, (IReadOnlyList<double>)[Share(_right[i], _answered[i]), Share(_right[i], _asked[i]), F1(i), _asked[i]]))]);

    /// <summary>Labels down and answers across; where there are too many for that, the most frequent mistakes.</summary>
    public EvaluationTable Confusion => labels.Count <= MostColumns
        ? new("confusion", ["label", .. labels.Select(label => $"as {label}")],
            [.. labels.Select((label, i) => (label, (IReadOnlyList<double>)[.. labels.Select((_, j) => (double)Count(i, j))]))])
        : new("mistakes", ["label → answer", "texts"],
            [.. _pairs.Where(pair => pair.Key.Right != pair.Key.Answered).OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key).Take(MostColumns)
                .Select(pair => ($"{labels[pair.Key.Right]} → {labels[pair.Key.Answered]}", (IReadOnlyList<double>)[pair.Value]))]);

    private double F1(int label) => Share(2 * _right[label], _asked[label] + _answered[label]);

    private long Count(int right, int answered) => _pairs.GetValueOrDefault((right, answered));

    private static double Share(long part, long whole) => whole == 0 ? 0 : (double)part / whole;
}
