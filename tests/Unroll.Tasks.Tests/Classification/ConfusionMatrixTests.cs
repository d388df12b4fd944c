using Unroll.Tasks.Classification;
using Unroll.Tensors;

namespace Unroll.Tasks.Tests.Classification;

public sealed class ConfusionMatrixTests
{
    [Theory]
    [InlineData(2, 50)]
    [InlineData(5, 60)]
    [InlineData(30, 40)]
    public void Figures_are_those_of_their_definitions(int labels, int answers)
    {
        var random = new RandomState(2);
        (int Right, int Said)[] pairs = [.. Enumerable.Range(0, answers).Select(_ => (random.NextInt(labels), random.NextInt(labels)))];
        string[] names = [.. Enumerable.Range(0, labels).Select(i => $"l{i}")];
        var matrix = new ConfusionMatrix(names);
        foreach ((int right, int said) in pairs) matrix.Add(right, said);
        Assert.Equal(pairs.Average(pair => pair.Right == pair.Said ? 1.0 : 0), matrix.Accuracy, 1e-12);

        double sum = 0;
        int met = 0;
        foreach ((string name, IReadOnlyList<double> values) in matrix.Classes.Rows)
        {
            int label = Array.IndexOf(names, name);
            double hits = pairs.Count(pair => pair == (label, label)), said = pairs.Count(pair => pair.Said == label), asked = pairs.Count(pair => pair.Right == label);
            double precision = said == 0 ? 0 : hits / said, recall = asked == 0 ? 0 : hits / asked, f1 = precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall);
            Assert.Equal(precision, values[0], 1e-12);
            Assert.Equal(recall, values[1], 1e-12);
            Assert.Equal(f1, values[2], 1e-12);
            Assert.Equal(asked, values[3]);
            if (said + asked == 0) continue;
            sum += f1;
            met++;
        }
        Assert.Equal(sum / met, matrix.MacroF1, 1e-12);
        EvaluationTable table = matrix.Confusion;
        if (labels <= 20)
        {
            for (int i = 0; i < labels; i++)
                for (int j = 0; j < labels; j++) Assert.Equal(pairs.Count(pair => pair == (i, j)), table.Rows[i].Values[j]);
            return;
        }
        Assert.Equal("mistakes", table.Name);
        Assert.Equal(20, table.Rows.Count);
        Assert.Equal(table.Rows.Select(row => row.Values[0]).OrderDescending(), table.Rows.Select(row => row.Values[0]));
        Assert.All(table.Rows, row => Assert.Equal(pairs.Count(pair => pair.Right != pair.Said && row.Name == $"l{pair.Right} → l{pair.Said}"), row.Values[0]));
    }

    [Fact]
    public void Nothing_judged_is_no_number_of_its_own() => Assert.Equal((0.0, 0.0), (new ConfusionMatrix(["a", "b"]).Accuracy, new ConfusionMatrix(["a", "b"]).MacroF1));
}
