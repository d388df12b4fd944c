using Unroll.Cli.Measuring;

namespace Unroll.Cli.Tests;

public sealed class SpreadTests
{
    /// <summary>The quantile as the inverse of the empirical distribution's polygon: the value at which the straight lines through ((i − 1)/(n − 1), x_i) have the share.</summary>
    private static double Slow(double[] figures, double share)
    {
        double[] sorted = [.. figures];
        for (int i = 0; i < sorted.Length; i++)
            for (int j = 0; j + 1 < sorted.Length; j++)
                if (sorted[j] > sorted[j + 1]) (sorted[j], sorted[j + 1]) = (sorted[j + 1], sorted[j]);
        if (sorted.Length == 1) return sorted[0];
        for (int i = 1; i < sorted.Length; i++)
        {
            double left = (i - 1.0) / (sorted.Length - 1), right = (double)i / (sorted.Length - 1);
            if (share <= right + 1e-12) return sorted[i - 1] + (sorted[i] - sorted[i - 1]) * (share - left) / (right - left);
        }
        return sorted[^1];
    }

    [Fact]
    public void Median_and_quartiles_are_those_of_the_slow_definition()
    {
        var random = new Random(1);
        for (int n = 1; n <= 23; n++)
        {
            double[] figures = [.. Enumerable.Range(0, n).Select(_ => Math.Round(random.NextDouble() * 10, random.Next(3)))];
            Spread spread = Spread.Of(figures);
            Assert.Equal(Slow(figures, 0.5), spread.Median, 1e-12);
            Assert.Equal(n < 5 ? figures.Min() : Slow(figures, 0.25), spread.Low, 1e-12);
            Assert.Equal(n < 5 ? figures.Max() : Slow(figures, 0.75), spread.High, 1e-12);
        }
    }

    [Fact]
    public void What_never_came_about_is_the_greatest()
    {
        double never = double.PositiveInfinity;
        Assert.Equal(new Spread(2, 1, never), Spread.Of([never, 1, 2]));
        Assert.Equal(new Spread(never, 1, never), Spread.Of([never, 1, 2, never]));
        Assert.Equal(new Spread(3, 2, 4), Spread.Of([never, 1, 2, 3, 4]));
        Assert.Equal(new Spread(3, 2, never), Spread.Of([never, never, 1, 2, 3]) with { Low = 2 });
        Assert.Equal(new Spread(never, never, never), Spread.Of([never, never]));
        Assert.True(double.IsNaN(Spread.Of([]).Median));
    }
}
