namespace Unroll.Tasks.Classification;

/// <summary>How often each label was answered with each.</summary>
/// <param name="labels">The labels.</param>
internal sealed class ConfusionMatrix(IReadOnlyList<string> labels)
{
    private readonly long[,] _counts = new long[labels.Count, labels.Count];

    /// <summary>Counts an answer.</summary>
    /// <param name="right">The label.</param>
    /// <param name="answered">The answer.</param>
    public void Add(int right, int answered) => _counts[right, answered]++;

    /// <summary>The share of right answers.</summary>
    public double Accuracy
    {
        get
        {
            long right = 0, all = 0;
            for (int i = 0; i < labels.Count; i++)
                for (int j = 0; j < labels.Count; j++)
                {
                    all += _counts[i, j];
                    if (i == j) right += _counts[i, j];
                }
            return (double)right / all;
        }
    }

    /// <summary>The mean over labels of F1 = 2·right / (answered + asked); 0 for a label that is neither.</summary>
    public double MacroF1 => Enumerable.Range(0, labels.Count).Average(F1);

    /// <summary>Labels down, answers across, and each label's F1.</summary>
    public EvaluationTable ToTable() => new("confusion", ["label", .. labels, "f1"],
        [.. Enumerable.Range(0, labels.Count).Select(i => (labels[i], (IReadOnlyList<double>)[.. Enumerable.Range(0, labels.Count).Select(j => (double)_counts[i, j]), F1(i)]))]);

    private double F1(int label)
    {
        long total = 0;
        for (int i = 0; i < labels.Count; i++) total += _counts[label, i] + _counts[i, label];
        return total == 0 ? 0 : 2.0 * _counts[label, label] / total;
    }
}
