using Unroll.Analysis;

namespace Unroll.Tests.Analysis;

public sealed class SpectralNormTests
{
    /// <summary>By definition, slowly: thousands of steps of power iteration on AᵀA.</summary>
    internal static double Slow(double[] matrix, int rows, int columns)
    {
        double[] v = [.. Enumerable.Range(0, columns).Select(i => 1 + i * 0.37 % 1)];
        double norm = 0;
        for (int step = 0; step < 3000; step++)
        {
            double length = Math.Sqrt(v.Sum(x => x * x));
            double[] u = [.. Enumerable.Range(0, rows).Select(r => Enumerable.Range(0, columns).Sum(c => matrix[r * columns + c] * v[c] / length))];
            norm = Math.Sqrt(u.Sum(x => x * x));
            if (norm == 0) return 0;
            v = [.. Enumerable.Range(0, columns).Select(c => Enumerable.Range(0, rows).Sum(r => matrix[r * columns + c] * u[r]))];
        }
        return norm;
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(7, 7, 1)]
    [InlineData(3, 9, 1e30)]
    [InlineData(9, 3, 1e-30)]
    [InlineData(12, 12, 1e-200)]
    [InlineData(12, 12, 1e200)]
    public void A_random_matrix_has_the_norm_that_power_iteration_finds(int rows, int columns, double scale)
    {
        var random = new Random(rows * 100 + columns);
        double[] matrix = [.. Enumerable.Range(0, rows * columns).Select(_ => random.NextDouble() * 2 - 1)];
        double expected = Slow(matrix, rows, columns) * scale;
        Assert.Equal(1, SpectralNorm.Of([.. matrix.Select(x => x * scale)], rows, columns) / expected, 1e-10);
    }

    [Fact]
    public void Known_matrices_have_their_norms()
    {
        Assert.Equal(0, SpectralNorm.Of(new double[12], 3, 4));
        Assert.Equal(3, SpectralNorm.Of([3, 0, 0, -2], 2, 2), 1e-12);
        Assert.Equal(5, SpectralNorm.Of([3, 4, 0, 0], 2, 2), 1e-12);
        // A shear: the golden ratio.
        Assert.Equal((1 + Math.Sqrt(5)) / 2, SpectralNorm.Of([1, 1, 0, 1], 2, 2), 1e-12);
        Assert.Equal(double.PositiveInfinity, SpectralNorm.Of([1, 1, double.NegativeInfinity, 1], 2, 2));
        Assert.Equal(double.NaN, SpectralNorm.Of([1, double.NaN], 1, 2));
        // Rank one, and many equal singular values: no gap for an iteration to use.
        Assert.Equal(64, SpectralNorm.Of([.. Enumerable.Repeat(1.0, 64 * 64)], 64, 64), 1e-10);
        Assert.Equal(0.5, SpectralNorm.Of([.. Enumerable.Range(0, 64 * 64).Select(i => i % 65 == 0 ? 0.5 : 0)], 64, 64), 1e-12);
        // Singular values close together: 1, 0.999, 0.998 …
        Assert.Equal(1, SpectralNorm.Of([.. Enumerable.Range(0, 100 * 100).Select(i => i % 101 == 0 ? 1 - i / 101 * 0.001 : 0)], 100, 100), 1e-9);
    }
}
