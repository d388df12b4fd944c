using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Unroll.Kernels;

/// <summary>Brings operands of a matrix product into the order in which <see cref="ProductTile"/> reads them.</summary>
internal static unsafe class Packing
{
    /// <summary>Floats that <see cref="PackRight"/> writes for a right operand [k, n]: whole panels of 2·lanes columns.</summary>
    public static long RightSize(int k, int n, int lanes) => (long)k * ((n + 2 * lanes - 1) / (2 * lanes) * (2 * lanes));

    /// <summary>Floats that <see cref="PackLeft"/> writes for a left operand [m, k]: whole blocks of 16 columns.</summary>
    public static long LeftSize(int m, int k) => (long)m * ((k + ProductTile.Block - 1) / ProductTile.Block * ProductTile.Block);

    /// <summary>Rows copied at a time: few enough streams to read, long enough runs to write.</summary>
    private const int Group = 8;

    /// <summary>Packs a right operand [k, n] into panels <c>[n/(2·lanes)][k][2·lanes]</c>; columns beyond n are zero.</summary>
    /// <param name="transposed">Whether <paramref name="b"/> holds the operand's transpose, [n, k].</param>
    /// <param name="k">Rows of the operand.</param>
    /// <param name="n">Columns of the operand.</param>
    /// <param name="b">The matrix, row-major.</param>
    /// <param name="ldb">Floats from one row of <paramref name="b"/> to the next.</param>
    /// <param name="panels">Receives <see cref="RightSize"/> floats.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackRight<T>(bool transposed, int k, int n, float* b, nint ldb, float* panels) where T : struct, ILane<T>
    {
        int width = 2 * T.Count, whole = n / width * width;
        nint distance = (nint)k * width;
        if (whole < n) new Span<float>(panels + whole / width * distance, k * width).Clear();
        if (transposed)
        {
            for (int column = 0; column < n; column += width, panels += distance)
                Transposer.Transpose(Math.Min(width, n - column), k, b + column * ldb, ldb, panels, width);
            return;
        }
        for (int row = 0; row < k; row += Group)
        {
            int rows = Math.Min(Group, k - row);
            float* panel = panels + (nint)row * width;
            for (int column = 0; column < whole; column += width, panel += distance)
            {
                float* from = b + row * ldb + column;
                float* to = panel;
                for (int i = 0; i < rows; i++, from += ldb, to += width)
                {
                    if (Sse.IsSupported)
                    {
                        Sse.Prefetch0(from + Group * ldb);
                        if (width > ProductTile.Block) Sse.Prefetch0(from + Group * ldb + T.Count);
                    }
                    T.Store(to, T.Load(from));
                    T.Store(to + T.Count, T.Load(from + T.Count));
                }
            }
            for (int i = 0; i < rows && whole < n; i++) Elementwise.Copy(b + (row + i) * ldb + whole, panel + i * width, n - whole);
        }
    }

    /// <summary>Packs a left operand [m, k] into blocks <c>[k/16][m][16]</c>; columns beyond k are zero.</summary>
    /// <param name="transposed">Whether <paramref name="a"/> holds the operand's transpose, [k, m].</param>
    /// <param name="m">Rows of the operand.</param>
    /// <param name="k">Columns of the operand.</param>
    /// <param name="a">The matrix, row-major.</param>
    /// <param name="lda">Floats from one row of <paramref name="a"/> to the next.</param>
    /// <param name="blocks">Receives <see cref="LeftSize"/> floats.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackLeft<T>(bool transposed, int m, int k, float* a, nint lda, float* blocks) where T : struct, ILane<T>
    {
        const int Width = ProductTile.Block;
        int whole = k / Width * Width;
        nint distance = (nint)m * Width;
        if (whole < k) new Span<float>(blocks + whole / Width * distance, m * Width).Clear();
        if (transposed)
        {
            for (int column = 0; column < k; column += Width, blocks += distance)
                Transposer.Transpose(Math.Min(Width, k - column), m, a + column * lda, lda, blocks, Width);
            return;
        }
        for (int row = 0; row < m; row += Group)
        {
            int rows = Math.Min(Group, m - row);
            float* block = blocks + (nint)row * Width;
            for (int column = 0; column < whole; column += Width, block += distance)
            {
                float* from = a + row * lda + column;
                float* to = block;
                for (int i = 0; i < rows; i++, from += lda, to += Width)
                {
                    if (Sse.IsSupported) Sse.Prefetch0(from + Group * lda);
                    for (int lane = 0; lane < Width; lane += T.Count) T.Store(to + lane, T.Load(from + lane));
                }
            }
            for (int i = 0; i < rows && whole < k; i++) Elementwise.Copy(a + (row + i) * lda + whole, block + i * Width, k - whole);
        }
    }

    /// <summary>Copies some columns of a matrix into a panel: panel[row, i] = matrix[row, first + i], or of its transpose, panel[column, i] =
    /// matrix[first + i, column].</summary>
    /// <param name="transposed">Whether the panel's rows are the matrix's columns.</param>
    /// <param name="matrix">[rows, <paramref name="columns"/>].</param>
    /// <param name="columns">Columns of the matrix.</param>
    /// <param name="k">Rows of the panel.</param>
    /// <param name="first">First column of the matrix, or row if transposed, that is wanted.</param>
    /// <param name="count">How many.</param>
    /// <param name="panel">Receives k rows.</param>
    /// <param name="width">Floats from a row of the panel to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Columns(bool transposed, ReadOnlySpan<float> matrix, int columns, int k, int first, int count, Span<float> panel, int width)
    {
        fixed (float* source = matrix, target = panel)
        {
            if (transposed)
            {
                Transposer.Transpose(count, k, source + (nint)first * columns, columns, target, width);
                return;
            }
            float* from = source + first, to = target;
            for (int row = 0; row < k; row++, from += columns, to += width)
            {
                int i = 0;
                for (; i + Lane128.Count <= count; i += Lane128.Count) Lane128.Store(to + i, Lane128.Load(from + i));
                for (; i < count; i++) to[i] = from[i];
            }
        }
    }
}
