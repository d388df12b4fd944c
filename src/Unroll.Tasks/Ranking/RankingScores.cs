namespace Unroll.Tasks.Ranking;

/// <summary>
/// How well scores put right candidates first, counted as trec_eval 9 does: a question's candidates are ranked by falling score, those of equal score from the last given to the first
/// (trec_eval: by falling document number). Average precision is the mean over the right candidates of the share of right ones among those ranked up to it; the reciprocal
/// rank is 1 / the rank of the first right one. Means are over the questions that have a right candidate; trec_eval counts the others with 0 where they are in its judgements.
/// </summary>
internal sealed class RankingScores
{
    private double _precisions, _reciprocals;
    private int[] _order = [];

    /// <summary>Questions with a right candidate.</summary>
    public int Judged { get; private set; }

    /// <summary>Questions without one, which are left out.</summary>
    public int WithoutRight { get; private set; }

    /// <summary>Mean average precision.</summary>
    public double Map => _precisions / Judged;

    /// <summary>Mean reciprocal rank.</summary>
    public double Mrr => _reciprocals / Judged;

    /// <summary>Counts a question.</summary>
    /// <param name="scores">Its candidates' scores, in the order the candidates are given.</param>
    /// <param name="labels">1 for the right ones.</param>
    public void Add(ReadOnlySpan<float> scores, ReadOnlySpan<int> labels)
    {
        if (_order.Length < scores.Length) _order = new int[scores.Length];
        Span<int> order = _order.AsSpan(0, scores.Length);
        Rank(scores, order);
        int right = 0;
        double sum = 0, reciprocal = 0;
        for (int rank = 1; rank <= order.Length; rank++)
        {
            if (labels[order[rank - 1]] != 1) continue;
            if (right == 0) reciprocal = 1.0 / rank;
            sum += (double)++right / rank;
        }
        if (right == 0)
        {
            WithoutRight++;
            return;
        }
        Judged++;
        _precisions += sum / right;
        _reciprocals += reciprocal;
    }

    private static void Rank(ReadOnlySpan<float> scores, Span<int> order)
    {
        float[] keys = scores.ToArray();
        for (int i = 0; i < order.Length; i++) order[i] = i;
        order.Sort((a, b) => keys[a] != keys[b] ? keys[b].CompareTo(keys[a]) : b.CompareTo(a));
    }
}
