using Unroll.Tensors;

namespace Unroll.Tests.Tensors;

public sealed class InitializerTests
{
    [Fact]
    public void Uniform_values_fill_their_interval()
    {
        float[] values = Fill(Initializer.Uniform(0.25f), [200, 100]);
        Assert.All(values, value => Assert.InRange(value, -0.25f, 0.25f));
        Assert.Equal(0.25 * 0.25 / 3, Variance(values), 1e-3);
    }

    [Fact]
    public void Glorot_and_He_have_the_variance_of_their_papers()
    {
        Assert.Equal(2.0 / 300, Variance(Fill(Initializer.GlorotUniform, [200, 100])), 2e-4);
        Assert.Equal(2.0 / 300, Variance(Fill(Initializer.GlorotNormal, [200, 100])), 2e-4);
        Assert.Equal(2.0 / 100, Variance(Fill(Initializer.He, [200, 100])), 6e-4);
        Assert.Equal(0.04, Variance(Fill(Initializer.Normal(0.2f), [200, 100])), 2e-3);
        float bound = MathF.Sqrt(6f / 300);
        Assert.All(Fill(Initializer.GlorotUniform, [200, 100]), value => Assert.InRange(value, -bound, bound));
    }

    [Theory]
    [InlineData(30, 30)]
    [InlineData(20, 50)]
    [InlineData(50, 20)]
    public void An_orthogonal_matrix_has_orthonormal_rows_or_columns(int rows, int columns)
    {
        Tensor q = Tensor.From(Fill(Initializer.Orthogonal(2), [rows, columns]), [rows, columns]);
        Tensor product = rows <= columns ? q.MatMul(q, transposeRight: true) : q.MatMul(q, transposeLeft: true);
        int n = Math.Min(rows, columns);
        for (int i = 0; i < n * n; i++) Assert.Equal(i / n == i % n ? 4 : 0, product.Span[i], 1e-5f);
    }

    [Fact]
    public void The_identity_has_ones_on_the_diagonal()
    {
        Assert.Equal([1, 0, 0, 0, 1, 0], Fill(Initializer.Identity(), [2, 3]));
        Assert.Equal([3, 0, 0, 3, 0, 0], Fill(Initializer.Identity(3), [3, 2]));
    }

    [Fact]
    public void Constants_are_constant()
    {
        Assert.Equal([0.5f, 0.5f], Fill(Initializer.Constant(0.5f), [2]));
        Assert.Equal([0, 0], Fill(Initializer.Zeros, [2]));
        Assert.Equal([1, 1], Fill(Initializer.Ones, [2]));
    }

    [Fact]
    public void A_vector_has_no_fans() =>
        Assert.Contains("[5]", Assert.Throws<ShapeException>(() => Fill(Initializer.GlorotUniform, [5])).Message);

    [Fact]
    public void Senseless_arguments_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Initializer.Uniform(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Initializer.Normal(float.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => Initializer.Orthogonal(float.PositiveInfinity));
    }

    private static float[] Fill(Initializer initializer, Shape shape)
    {
        var values = new float[shape.Count];
        initializer.Fill(values, shape, new RandomState(4));
        return values;
    }

    private static double Variance(float[] values) => values.Average(value => (double)value * value);
}
