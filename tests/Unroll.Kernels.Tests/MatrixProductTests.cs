namespace Unroll.Kernels.Tests;

[Collection(OneAfterAnother.Name)]
public sealed class MatrixProductTests
{
    private sealed record Case(bool TransposeA, bool TransposeB, int M, int N, int K, int PadA, int PadB, int PadC, bool Accumulate)
    {
        public int Lda => (TransposeA ? M : K) + PadA;
        public int Ldb => (TransposeB ? K : N) + PadB;
        public int Ldc => N + PadC;
        public float[] A() => Numbers.Random(Math.Max(1, (TransposeA ? K : M) * Lda), M + 7 * K);
        public float[] B() => Numbers.Random(Math.Max(1, (TransposeB ? N : K) * Ldb), N + 5 * K);
        public float[] C() => Numbers.Random(M * Ldc + 3, M + 3 * N);

        public float[] Multiply<T>(float[] a, float[] b) where T : struct, ILane<T>
        {
            var c = C();
            MatrixProduct.Multiply<T>(TransposeA, TransposeB, M, N, K, a, Lda, b, Ldb, c, Ldc, Accumulate);
            return c;
        }

        /// <summary>The definition, a chain of single-precision multiply-adds: what every path must give to the last bit.</summary>
        public float[] Chain(float[] a, float[] b)
        {
            var c = C();
            for (int i = 0; i < M; i++)
                for (int j = 0; j < N; j++)
                {
                    float sum = Accumulate ? c[i * Ldc + j] : 0;
                    for (int p = 0; p < K; p++) sum = MathF.FusedMultiplyAdd(TransposeA ? a[p * Lda + i] : a[i * Lda + p], TransposeB ? b[j * Ldb + p] : b[p * Ldb + j], sum);
                    c[i * Ldc + j] = sum;
                }
            return c;
        }
    }

    private sealed class BitForBit(Case shape) : ILaneTest
    {
        public void Run<T>() where T : struct, ILane<T>
        {
            var (a, b) = (shape.A(), shape.B());
            var expected = shape.Chain(a, b);
            BufferPool.Poison = true;       // a read of what was never packed would give NaN
            var actual = shape.Multiply<T>(a, b);
            BufferPool.Poison = false;
            Numbers.SameBits(expected, actual);
        }
    }

    [Fact]
    public void Every_size_around_the_vector_boundaries_is_the_chain_of_multiply_adds()
    {
        foreach (int m in (int[])[1, 2, 3, 5, 6, 7, 13, 14, 15, 29])
            foreach (int n in (int[])[1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 65])
                foreach (int k in (int[])[1, 3, 15, 16, 17, 33])
                    for (int flags = 0; flags < 8; flags++)
                        Lanes.ForEach(new BitForBit(new((flags & 1) != 0, (flags & 2) != 0, m, n, k, 0, 0, 0, (flags & 4) != 0)));
    }

    [Fact]
    public void Random_shapes_strides_and_threads_are_the_chain_of_multiply_adds()
    {
        var random = new Random(5);
        foreach (int threads in (int[])[1, 2, 3, 5])
        {
            using var _ = new WithThreads(threads);
            for (int trial = 0; trial < 12; trial++)
                Lanes.ForEach(new BitForBit(new(random.Next(2) == 1, random.Next(2) == 1, random.Next(1, 200), random.Next(1, 200), random.Next(1, 600),
                    random.Next(5), random.Next(5), random.Next(5), random.Next(2) == 1)));
        }
    }

    [Theory]
    [InlineData(1, 1700, 300)]
    [InlineData(3, 900, 520)]
    [InlineData(400, 800, 64)]
    [InlineData(64, 48, 2500)]
    public void Shapes_beyond_one_cache_block_are_the_chain_of_multiply_adds(int m, int n, int k)
    {
        using var _ = new WithThreads(2);
        for (int flags = 0; flags < 4; flags++)
            Lanes.ForEach(new BitForBit(new((flags & 1) != 0, (flags & 2) != 0, m, n, k, 1, 2, 3, flags == 2)));
    }

    [Fact]
    public void The_chain_is_within_k_roundings_of_double_precision()
    {
        var shape = new Case(false, true, 37, 41, 700, 0, 0, 0, false);
        var (a, b) = (shape.A(), shape.B());
        var c = new float[shape.M * shape.N];
        MatrixProduct.Multiply(false, true, shape.M, shape.N, shape.K, a, shape.Lda, b, shape.Ldb, c, shape.N, false);
        for (int i = 0; i < shape.M; i++)
            for (int j = 0; j < shape.N; j++)
            {
                double sum = 0, magnitude = 0;
                for (int p = 0; p < shape.K; p++)
                {
                    double term = (double)a[i * shape.Lda + p] * b[j * shape.Ldb + p];
                    sum += term;
                    magnitude += Math.Abs(term);
                }
                Assert.True(Math.Abs(c[i * shape.N + j] - sum) <= shape.K * Math.Pow(2, -24) * magnitude);
            }
    }

    [Fact]
    public void An_inner_size_of_zero_gives_zeros_or_leaves_the_sum()
    {
        float[] c = [1, 2, 9, 3, 4, 9];
        MatrixProduct.Multiply(false, false, 2, 2, 0, [], 0, [], 2, c, 3, true);
        Assert.Equal([1, 2, 9, 3, 4, 9], c);
        MatrixProduct.Multiply(false, false, 2, 2, 0, [], 0, [], 2, c, 3, false);
        Assert.Equal([0, 0, 9, 0, 0, 9], c);
        MatrixProduct.Multiply(false, false, 0, 2, 3, [], 3, new float[6], 2, [], 2, false);
        MatrixProduct.Multiply(false, false, 2, 0, 3, new float[6], 3, [], 0, [], 0, false);
    }

    [Fact]
    public void Infinities_and_NaN_reach_their_own_elements_only()
    {
        float[] a = [1, float.PositiveInfinity, 1, 1], b = [1, 1, 1, float.NaN, 2, 1], c = new float[6];
        MatrixProduct.Multiply(false, false, 2, 3, 2, a, 2, b, 3, c, 3, false);
        Assert.Equal([float.NaN, float.PositiveInfinity, float.PositiveInfinity, float.NaN, 3, 2], c);
    }

    [Fact]
    public void Bad_arguments_are_named()
    {
        var x = new float[12];
        Assert.Contains("at least its 4 columns", Assert.Throws<ArgumentOutOfRangeException>(() => MatrixProduct.Multiply(false, false, 3, 4, 3, x, 3, x, 3, new float[12], 4, false)).Message);
        Assert.Contains("needs 15", Assert.Throws<ArgumentException>(() => MatrixProduct.Multiply(false, false, 5, 4, 3, x, 3, x, 4, new float[20], 4, false)).Message);
        Assert.Contains("overlap", Assert.Throws<ArgumentException>(() => MatrixProduct.Multiply(false, false, 3, 4, 3, x, 3, x, 4, x, 4, false)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => MatrixProduct.Multiply(false, false, -1, 4, 3, x, 3, x, 4, x, 4, false));
    }

    [Fact]
    public void A_product_allocates_nothing_once_warm()
    {
        using var _ = new WithThreads(2);
        float[] a = Numbers.Random(300 * 300), b = Numbers.Random(300 * 300), c = new float[300 * 300];
        for (int i = 0; i < 3; i++) MatrixProduct.Multiply(false, true, 300, 300, 300, a, 300, b, 300, c, 300, false);
        long ofAllThreads = Allocation.Least(() =>
        {
            long before = GC.GetTotalAllocatedBytes(true);
            for (int i = 0; i < 10; i++) MatrixProduct.Multiply(false, true, 300, 300, 300, a, 300, b, 300, c, 300, false);
            return GC.GetTotalAllocatedBytes(true) - before;
        });
        Assert.True(ofAllThreads < 10_000, "other test threads may allocate a little; ten products may not allocate buffers");
        Assert.Equal(0, Allocation.Of(() =>
        {
            for (int i = 0; i < 10; i++) MatrixProduct.Multiply(true, false, 300, 300, 300, a, 300, b, 300, c, 300, true);
        }));
    }
}
