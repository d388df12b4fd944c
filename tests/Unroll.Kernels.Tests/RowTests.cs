namespace Unroll.Kernels.Tests;

[Collection(OneAfterAnother.Name)]
public sealed class RowTests
{
    public static TheoryData<int, int> Shapes => new() { { 1, 1 }, { 3, 2 }, { 5, 15 }, { 4, 16 }, { 7, 65 }, { 2, 129 }, { 300, 65 } };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Softmax_and_its_logarithm_match_double_precision(int rows, int columns)
    {
        float[] x = Numbers.Random(rows * columns, columns, 8), y = new float[x.Length], z = new float[x.Length], sums = new float[rows];
        VectorMath.Softmax(x, y, rows, columns);
        VectorMath.LogSoftmax(x, z, rows, columns);
        VectorMath.LogSumExp(x, sums, rows, columns);
        for (int r = 0; r < rows; r++)
        {
            var row = x.Skip(r * columns).Take(columns).Select(v => (double)v).ToArray();
            double logSum = Math.Log(row.Sum(Math.Exp));
            // The argument of exp has an error of half an ulp of 16, 2⁻²⁰ relative in the result.
            Assert.True(Math.Abs(sums[r] - logSum) < 3e-6);
            for (int c = 0; c < columns; c++)
            {
                double exact = row[c] - logSum;
                Assert.True(Math.Abs(z[r * columns + c] - exact) < 3e-6);
                Assert.True(Math.Abs(y[r * columns + c] - Math.Exp(exact)) < 3e-6 * Math.Exp(exact));
            }
        }
    }

    [Fact]
    public void Softmax_bears_extreme_rows()
    {
        float inf = float.PositiveInfinity;
        float[] x = [1000, 1000, -1000, -inf, 0, -inf, -inf, -inf, -inf, inf, 1, 2, float.NaN, 1, 2];
        float[] y = new float[15], z = new float[15], sums = new float[5];
        VectorMath.Softmax(x, y, 5, 3);
        VectorMath.LogSoftmax(x, z, 5, 3);
        VectorMath.LogSumExp(x, sums, 5, 3);
        Assert.Equal([0.5f, 0.5f, 0, 0, 1, 0], y[..6]);
        Assert.Equal([-MathF.Log(2), -MathF.Log(2), -2000 - MathF.Log(2), -inf, 0, -inf], z[..6]);
        Assert.Equal([1000 + MathF.Log(2), 0, -inf, inf, float.NaN], sums);
        Assert.DoesNotContain(y[6..9], v => !float.IsNaN(v));
        Assert.DoesNotContain(y[12..], v => !float.IsNaN(v));
    }

    [Fact]
    public void Gradients_through_softmax_match_their_definitions()
    {
        const int Rows = 6, Columns = 77;
        float[] x = Numbers.Random(Rows * Columns, 1, 3), g = Numbers.Random(Rows * Columns, 2), dx = Numbers.Random(Rows * Columns, 3);
        float[] y = new float[x.Length], a = [.. dx], b = [.. dx];
        VectorMath.Softmax(x, y, Rows, Columns);
        VectorMath.AddSoftmaxGradient(g, y, a, Rows, Columns);
        float[] z = new float[x.Length];
        VectorMath.LogSoftmax(x, z, Rows, Columns);
        VectorMath.AddLogSoftmaxGradient(g, z, b, Rows, Columns);
        for (int r = 0; r < Rows; r++)
        {
            var row = Enumerable.Range(r * Columns, Columns);
            double dot = row.Sum(i => (double)g[i] * y[i]), sum = row.Sum(i => (double)g[i]);
            foreach (int i in row)
            {
                Assert.True(Math.Abs(a[i] - (dx[i] + y[i] * (g[i] - dot))) < 1e-6);
                Assert.True(Math.Abs(b[i] - (dx[i] + g[i] - Math.Exp(z[i]) * sum)) < 4e-6);
            }
        }
    }

    [Fact]
    public void Rows_and_columns_are_summed_and_broadcast()
    {
        const int Rows = 37, Columns = 83;
        float[] x = Numbers.Random(Rows * Columns), row = Numbers.Random(Columns, 2), column = Numbers.Random(Rows, 3);
        float[] rowSums = new float[Rows], dots = new float[Rows], columnSums = new float[Columns], withRow = new float[x.Length], withColumn = new float[x.Length];
        VectorMath.RowSums(x, rowSums, Rows, Columns);
        VectorMath.RowDots(x, x, dots, Rows, Columns);
        VectorMath.ColumnSums(x, columnSums, Rows, Columns);
        VectorMath.ColumnSums(x, columnSums, Rows, Columns, accumulate: true);
        VectorMath.BinaryWithRow<AddOperator>(x, row, withRow, Rows, Columns);
        VectorMath.BinaryWithColumn<MultiplyOperator>(x, column, withColumn, Rows, Columns);
        for (int r = 0; r < Rows; r++)
        {
            var numbers = x.Skip(r * Columns).Take(Columns).Select(v => (double)v).ToArray();
            Assert.Equal(numbers.Sum(), rowSums[r], 1e-5);
            Assert.Equal(numbers.Sum(v => v * v), dots[r], 1e-5);
            for (int c = 0; c < Columns; c++)
            {
                Assert.Equal(x[r * Columns + c] + row[c], withRow[r * Columns + c]);
                Assert.Equal(x[r * Columns + c] * column[r], withColumn[r * Columns + c]);
            }
        }
        for (int c = 0; c < Columns; c++)
        {
            float sum = 0;
            for (int pass = 0; pass < 2; pass++)
                for (int r = 0; r < Rows; r++) sum += x[r * Columns + c];
            Assert.Equal(sum, columnSums[c]);
        }
    }

    [Fact]
    public void Rows_give_the_same_bits_for_any_number_of_threads()
    {
        const int Rows = 403, Columns = 131;
        var x = Numbers.Random(Rows * Columns, 1, 5);
        float[]? first = null;
        foreach (int threads in (int[])[1, 2, 3, 5])
        {
            using var _ = new WithThreads(threads);
            float[] y = new float[x.Length], dx = new float[x.Length], sums = new float[Columns];
            VectorMath.LogSoftmax(x, y, Rows, Columns);
            VectorMath.AddLogSoftmaxGradient(x, y, dx, Rows, Columns);
            VectorMath.ColumnSums(y, sums, Rows, Columns);
            float[] all = [.. y, .. dx, .. sums];
            Numbers.SameBits(first ??= all, all);
        }
    }

    private sealed class SameBitsAsScalar : ILaneTest
    {
        private readonly float[] expected = Apply<Lane1>();

        private static unsafe float[] Apply<T>() where T : struct, ILane<T>
        {
            const int Columns = 133, Rows = 5;
            float[] x = Numbers.Random(Columns * Rows, 1, 6), y = Numbers.Random(Columns * Rows, 2), z = new float[Columns], u = new float[Columns], v = new float[Columns], sums = new float[Columns + 1];
            fixed (float* px = x, py = y, pz = z, pu = u, pv = v, ps = sums)
            {
                SoftmaxRow.Invoke<T>(px, null, pz, Columns);
                AddSoftmaxGradientRow.Invoke<T>(py, pz, pu, Columns);
                LogSoftmaxRow.Invoke<T>(px, null, pv, Columns);
                AddLogSoftmaxGradientRow.Invoke<T>(py, pv, pu, Columns);
                LogSumExpRow.Invoke<T>(px, null, ps, Columns);
                ColumnSumWork.Run<T>(Rows, 3, Columns - 3, px, Columns, ps + 1, true);
            }
            return [.. z, .. u, .. v, .. sums];
        }

        public void Run<T>() where T : struct, ILane<T> => Numbers.SameBits(expected, Apply<T>());
    }

    [Fact]
    public void Every_width_gives_the_bits_of_the_scalar_path() => Lanes.ForEach(new SameBitsAsScalar());

    [Fact]
    public void Short_spans_are_refused()
    {
        Assert.Contains("need 12", Assert.Throws<ArgumentException>(() => VectorMath.Softmax(new float[11], new float[12], 3, 4)).Message);
        Assert.Contains("need 3", Assert.Throws<ArgumentException>(() => VectorMath.RowSums(new float[12], new float[2], 3, 4)).Message);
        Assert.Throws<ArgumentException>(() => VectorMath.ColumnSums(new float[12], new float[3], 3, 4));
        VectorMath.Softmax([], [], 0, 4);
    }
}
