using Unroll.Tasks.Ranking;
using Unroll.Tensors;

namespace Unroll.Tasks.Tests.Ranking;

public sealed class RankingScoresTests
{
    [Fact]
    public void Average_precision_and_reciprocal_rank_are_those_worked_out_by_hand()
    {
        var scores = new RankingScores();
        // Ranked: wrong, right, wrong, right: (1/2 + 2/4) / 2, and 1/2.
        scores.Add([0.1f, 0.9f, 0.5f, 0.7f], [1, 0, 0, 1]);
        Assert.Equal((0.5, 0.5), (scores.Map, scores.Mrr));
        // Ranked: right, wrong, right: (1 + 2/3) / 2 = 5/6, and 1.
        scores.Add([3, 2, 1], [1, 0, 1]);
        Assert.Equal((0.5 + 5.0 / 6) / 2, scores.Map, 1e-15);
        Assert.Equal(0.75, scores.Mrr, 1e-15);
        Assert.Equal((2, 0), (scores.Judged, scores.WithoutRight));
    }

    [Fact]
    public void Of_equal_scores_the_one_given_last_comes_first()
    {
        var scores = new RankingScores();
        scores.Add([1, 1, 1], [1, 0, 0]);
        Assert.Equal((1.0 / 3, 1.0 / 3), (scores.Map, scores.Mrr));
        scores.Add([1, 1, 1], [0, 0, 1]);
        Assert.Equal((1 + 1.0 / 3) / 2, scores.Map, 1e-15);
    }

    [Fact]
    public void A_question_without_a_right_candidate_is_counted_apart()
    {
        var scores = new RankingScores();
        scores.Add([1, 2], [0, 0]);
        scores.Add([1, 2], [0, 1]);
        scores.Add([1], [0]);
        Assert.Equal((1, 2, 1.0, 1.0), (scores.Judged, scores.WithoutRight, scores.Map, scores.Mrr));
    }

    [Fact]
    public void They_are_those_of_a_definition_that_sorts_nothing()
    {
        var random = new RandomState(4);
        var scores = new RankingScores();
        (double precisions, double reciprocals, int judged) = (0, 0, 0);
        for (int question = 0; question < 200; question++)
        {
            int count = 1 + random.NextInt(12);
            float[] values = [.. Enumerable.Range(0, count).Select(_ => random.NextInt(6) / 4f - 0.5f)];
            int[] labels = [.. Enumerable.Range(0, count).Select(_ => random.NextInt(3) == 0 ? 1 : 0)];
            scores.Add(values, labels);
            // Candidate j is ranked at or before i.
            bool Before(int j, int i) => values[j] > values[i] || values[j] == values[i] && j >= i;
            int[] right = [.. Enumerable.Range(0, count).Where(i => labels[i] == 1)];
            if (right.Length == 0) continue;
            judged++;
            precisions += right.Average(i => (double)right.Count(j => Before(j, i)) / Enumerable.Range(0, count).Count(j => Before(j, i)));
            reciprocals += right.Max(i => 1.0 / Enumerable.Range(0, count).Count(j => Before(j, i)));
        }
        Assert.Equal((judged, 200 - judged), (scores.Judged, scores.WithoutRight));
        Assert.Equal(precisions / judged, scores.Map, 1e-12);
        Assert.Equal(reciprocals / judged, scores.Mrr, 1e-12);
    }
}
