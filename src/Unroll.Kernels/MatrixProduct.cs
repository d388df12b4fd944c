using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>Single-precision matrix product c = op(a)·op(b) or c += op(a)·op(b), where op may transpose. Every element of c is one chain of multiply-adds
/// in the order of k, and threads share out tiles of c only: the bits depend neither on the path taken nor on the number of threads.</summary>
internal static unsafe class MatrixProduct
{
    /// <summary>Multiply-adds that are worth a thread of their own (a few microseconds).</summary>
    private const long WorkPerThread = 1 << 17;

    [ThreadStatic] private static ProductWork? cached;

    /// <summary>Computes c = op(a)·op(b), or c += op(a)·op(b).</summary>
    /// <param name="transposeA">False: a is [m, k]. True: a is [k, m] and its transpose is used.</param>
    /// <param name="transposeB">False: b is [k, n]. True: b is [n, k] and its transpose is used.</param>
    /// <param name="m">Rows of c.</param>
    /// <param name="n">Columns of c.</param>
    /// <param name="k">The inner size; 0 gives zeros, or leaves c as it is when accumulating.</param>
    /// <param name="a">The left matrix, row-major.</param>
    /// <param name="lda">Floats from one row of a to the next.</param>
    /// <param name="b">The right matrix, row-major.</param>
    /// <param name="ldb">Floats from one row of b to the next.</param>
    /// <param name="c">The destination [m, n], row-major; must not overlap a or b.</param>
    /// <param name="ldc">Floats from one row of c to the next.</param>
    /// <param name="accumulate">Whether to add to what c holds.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is negative, or a row is longer than its stride.</exception>
    /// <exception cref="ArgumentException">A span is shorter than its matrix, or c overlaps an operand.</exception>
    public static void Multiply(bool transposeA, bool transposeB, int m, int n, int k, ReadOnlySpan<float> a, int lda, ReadOnlySpan<float> b, int ldb,
        Span<float> c, int ldc, bool accumulate)
    {
        switch (Simd.Lanes)
        {
            case 16: Multiply<Lane512>(transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc, accumulate); break;
            case 8: Multiply<Lane256>(transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc, accumulate); break;
            case 4: Multiply<Lane128>(transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc, accumulate); break;
            default: Multiply<Lane1>(transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc, accumulate); break;
        }
    }

    /// <inheritdoc cref="Multiply"/>
    /// <typeparam name="T">The vector to compute with.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply<T>(bool transposeA, bool transposeB, int m, int n, int k, ReadOnlySpan<float> a, int lda, ReadOnlySpan<float> b, int ldb,
        Span<float> c, int ldc, bool accumulate) where T : struct, ILane<T>
    {
        ArgumentOutOfRangeException.ThrowIfNegative(m);
        ArgumentOutOfRangeException.ThrowIfNegative(n);
        ArgumentOutOfRangeException.ThrowIfNegative(k);
        if (m == 0 || n == 0) return;
        Check(c, m, n, ldc, nameof(c));
        if (k == 0)
        {
            if (!accumulate)
                for (int row = 0; row < m; row++) c.Slice(row * ldc, n).Clear();
            return;
        }
        Check(a, transposeA ? k : m, transposeA ? m : k, lda, nameof(a));
        Check(b, transposeB ? n : k, transposeB ? k : n, ldb, nameof(b));
        if (c.Overlaps(a) || c.Overlaps(b)) throw new ArgumentException("the destination of a matrix product must not overlap an operand.", nameof(c));

        var work = cached as ProductWork<T>;
        if (work == null) cached = work = new ProductWork<T>();
        fixed (float* pa = a, pb = b, pc = c)
            work.Multiply(transposeA, transposeB, m, n, k, pa, lda, pb, ldb, pc, ldc, accumulate);
    }

    private static void Check(ReadOnlySpan<float> matrix, int rows, int columns, int stride, string name)
    {
        if (stride < columns) throw new ArgumentOutOfRangeException(name, stride, $"the row stride of {name} must be at least its {columns} columns.");
        if (matrix.Length < (long)(rows - 1) * stride + columns)
            throw new ArgumentException($"{name} holds {matrix.Length} numbers; {rows} × {columns} with row stride {stride} needs {(long)(rows - 1) * stride + columns}.", name);
    }

    /// <summary>How many threads a product of this size is worth.</summary>
    internal static int PartsFor(int m, int n, int k, int available) =>
        (int)Math.Clamp((long)m * n * k / WorkPerThread, 1, available);

    /// <summary>Splits c into a grid of rows × columns of equal parts with the least work (and packing) in the largest part.</summary>
    internal static (int Rows, int Columns) Grid(int m, int n, int parts, int panelWidth)
    {
        int panels = (n + panelWidth - 1) / panelWidth;
        (int, int) best = (1, 1);
        double least = double.PositiveInfinity;
        for (int rows = 1; rows <= Math.Min(parts, m); rows++)
        {
            int columns = Math.Min(parts / rows, panels);
            double height = (m + rows - 1) / rows, width = (double)((panels + columns - 1) / columns) * panelWidth;
            double cost = height * width + 8 * (height + width);
            if (cost < least) (least, best) = (cost, (rows, columns));
        }
        return best;
    }
}
