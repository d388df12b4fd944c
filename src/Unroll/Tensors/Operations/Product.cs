namespace Unroll.Tensors.Operations;

/// <summary>The matrix product of dense row-major matrices.</summary>
internal static class Product
{
    /// <summary>C = op(A)·op(B), or C += with <paramref name="accumulate"/>; op(A) is m × k, op(B) is k × n.</summary>
    public static void Multiply(bool transposeA, bool transposeB, int m, int n, int k, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> c, bool accumulate)
    {
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++)
            {
                float sum = 0;
                for (int p = 0; p < k; p++) sum += a[transposeA ? p * m + i : i * k + p] * b[transposeB ? j * k + p : p * n + j];
                c[i * n + j] = accumulate ? c[i * n + j] + sum : sum;
            }
    }
}
