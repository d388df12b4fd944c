using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>One row times a matrix read in place, c = start + a·b: bound by reading b, so b is read row by row, eight rows at a time, as it lies. Every element is the same chain
/// of multiply-adds in the order of k as in <see cref="ProductTile"/>.</summary>
internal static unsafe class SingleRow
{
    private const int Depth = 8;

    /// <summary>Computes c[j] = (accumulate ? c[j] : 0) + Σ a[p]·b[p, j].</summary>
    /// <param name="k">Rows of b.</param>
    /// <param name="n">Columns of b.</param>
    /// <param name="a">The row.</param>
    /// <param name="aStride">Floats from one number of the row to the next.</param>
    /// <param name="b">The matrix [k, n].</param>
    /// <param name="ldb">Floats from one row of b to the next.</param>
    /// <param name="c">The destination [n].</param>
    /// <param name="accumulate">Whether the sums start from what c holds.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<T>(int k, int n, float* a, nint aStride, float* b, nint ldb, float* c, bool accumulate) where T : struct, ILane<T>
    {
        if (!accumulate) new Span<float>(c, n).Clear();
        int vectors = n / T.Count * T.Count, p = 0;
        for (; p + Depth <= k; p += Depth, a += Depth * aStride, b += Depth * ldb)
        {
            T s0 = T.Splat(a[0]), s1 = T.Splat(a[aStride]), s2 = T.Splat(a[2 * aStride]), s3 = T.Splat(a[3 * aStride]);
            T s4 = T.Splat(a[4 * aStride]), s5 = T.Splat(a[5 * aStride]), s6 = T.Splat(a[6 * aStride]), s7 = T.Splat(a[7 * aStride]);
            float* lower = b + 4 * ldb;
            for (int j = 0; j < vectors; j += T.Count)
            {
                float* upper = b + j;
                T sum = T.Load(c + j);
                sum = T.MultiplyAdd(s0, T.Load(upper), sum);
                sum = T.MultiplyAdd(s1, T.Load(upper + ldb), sum);
                sum = T.MultiplyAdd(s2, T.Load(upper + 2 * ldb), sum);
                sum = T.MultiplyAdd(s3, T.Load(upper + 3 * ldb), sum);
                upper = lower + j;
                sum = T.MultiplyAdd(s4, T.Load(upper), sum);
                sum = T.MultiplyAdd(s5, T.Load(upper + ldb), sum);
                sum = T.MultiplyAdd(s6, T.Load(upper + 2 * ldb), sum);
                sum = T.MultiplyAdd(s7, T.Load(upper + 3 * ldb), sum);
                T.Store(c + j, sum);
            }
            for (int j = vectors; j < n; j++)
            {
                float sum = c[j];
                for (int i = 0; i < Depth; i++) sum = MathF.FusedMultiplyAdd(a[i * aStride], b[i * ldb + j], sum);
                c[j] = sum;
            }
        }
        for (; p < k; p++, a += aStride, b += ldb)
        {
            T s = T.Splat(*a);
            for (int j = 0; j < vectors; j += T.Count) T.Store(c + j, T.MultiplyAdd(s, T.Load(b + j), T.Load(c + j)));
            for (int j = vectors; j < n; j++) c[j] = MathF.FusedMultiplyAdd(*a, b[j], c[j]);
        }
    }
}
