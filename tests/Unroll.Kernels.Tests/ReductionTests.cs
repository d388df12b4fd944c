namespace Unroll.Kernels.Tests;

[Collection(OneAfterAnother.Name)]
public sealed unsafe class ReductionTests
{
    private sealed class EveryLength : ILaneTest
    {
        public void Run<T>() where T : struct, ILane<T>
        {
            float[] x = Numbers.Random(300, 1), y = Numbers.Random(300, 2);
            fixed (float* px = x, py = y)
                for (int count = 0; count <= 300; count++)
                {
                    // 2 roundings per term of a partial sum, 6 levels above.
                    double bound = (2 * (count / 64 + 1) + 6) * Math.Pow(2, -24);
                    Near(x.Take(count).Sum(v => (double)v), x.Take(count).Sum(v => Math.Abs((double)v)), Reduction.Sum<T, SumReduction>(px, px, count));
                    Near(x.Take(count).Sum(v => Math.Abs((double)v)), x.Take(count).Sum(v => Math.Abs((double)v)), Reduction.Sum<T, AbsReduction>(px, px, count));
                    double[] products = [.. x.Zip(y, (a, b) => (double)a * b).Take(count)];
                    Near(products.Sum(), products.Sum(Math.Abs), Reduction.Sum<T, DotReduction>(px, py, count));
                    double[] squares = [.. x.Zip(y, (a, b) => ((double)a - b) * ((double)a - b)).Take(count)];
                    Near(squares.Sum(), 2 * squares.Sum(), Reduction.Sum<T, SquaredDifferenceReduction>(px, py, count));
                    double exponentials = x.Take(count).Sum(v => Math.Exp((double)v - 0.5f));
                    Near(exponentials, 3 * exponentials, Reduction.SumScalar<T, ExpDifferenceReduction>(px, 0.5f, count));
                    Assert.Equal(count == 0 ? float.NegativeInfinity : x.Take(count).Max(), Reduction.Max<T>(px, count));

                    void Near(double exact, double magnitude, float value) => Assert.True(Math.Abs(value - exact) <= bound * magnitude, $"{typeof(T).Name}, {count}: {value} for {exact}");
                }
        }
    }

    [Fact]
    public void Every_length_is_summed_to_its_rounding_bound() => Lanes.ForEach(new EveryLength());

    private sealed class SameBitsAsScalar : ILaneTest
    {
        public void Run<T>() where T : struct, ILane<T>
        {
            float[] x = Numbers.Random(5000, 3), y = Numbers.Random(5000, 4);
            fixed (float* px = x, py = y)
                foreach (int count in (int[])[1, 15, 16, 63, 64, 65, 200, 4999, 5000])
                {
                    Assert.Equal(Reduction.Sum<Lane1, DotReduction>(px, py, count), Reduction.Sum<T, DotReduction>(px, py, count));
                    Assert.Equal(Reduction.SumScalar<Lane1, ExpDifferenceReduction>(px, 1, count), Reduction.SumScalar<T, ExpDifferenceReduction>(px, 1, count));
                }
        }
    }

    [Fact]
    public void Every_width_gives_the_bits_of_the_scalar_path() => Lanes.ForEach(new SameBitsAsScalar());

    [Fact]
    public void NaN_is_summed_and_left_out_of_the_maximum()
    {
        float[] x = [1, float.NaN, 3];
        Assert.True(double.IsNaN(VectorMath.Sum(x)));
        var max = new float[1];
        VectorMath.RowMaxima(x, max, 1, 3);
        Assert.Equal(3, max[0]);
    }

    [Fact]
    public void Long_sums_are_accurate_and_the_same_for_any_number_of_threads()
    {
        float[] x = Numbers.Random(300_007, 5), y = Numbers.Random(300_007, 6);
        double[]? first = null;
        foreach (int threads in (int[])[1, 2, 3, 5])
        {
            using var _ = new WithThreads(threads);
            double[] sums = [VectorMath.Sum(x), VectorMath.SumOfMagnitudes(x), VectorMath.SumOfSquares(x), VectorMath.Dot(x, y), VectorMath.SumOfSquaredDifferences(x, y)];
            first ??= sums;
            Assert.Equal(first, sums);
        }
        double bound = (2 * 129 + 6) * Math.Pow(2, -24);
        Assert.True(Math.Abs(first![2] - x.Sum(v => (double)v * v)) <= bound * first[2]);
        Assert.True(Math.Abs(first[3] - x.Zip(y, (a, b) => (double)a * b).Sum()) <= bound * x.Zip(y, (a, b) => Math.Abs((double)a * b)).Sum());
        Assert.Equal(0, VectorMath.Sum([]));
        Assert.Throws<ArgumentException>(() => VectorMath.Dot(new float[2], new float[3]));
    }

    [Fact]
    public void Sums_allocate_nothing_once_warm()
    {
        var x = Numbers.Random(300_007);
        VectorMath.SumOfSquares(x);
        Assert.Equal(0, Allocation.Of(() =>
        {
            for (int i = 0; i < 20; i++) VectorMath.SumOfSquares(x);
        }));
    }
}
