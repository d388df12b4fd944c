using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>Brings operands of a matrix product into the order in which <see cref="ProductTile"/> reads them.</summary>
internal static unsafe class Packing
{
    /// <summary>Floats that <see cref="PackRight"/> writes for a right operand [k, n]: whole panels of 2·lanes columns.</summary>
    public static long RightSize(int k, int n, int lanes) => (long)k * ((n + 2 * lanes - 1) / (2 * lanes) * (2 * lanes));

    /// <summary>Floats that <see cref="PackLeft"/> writes for a left operand [m, k]: whole blocks of 16 columns.</summary>
    public static long LeftSize(int m, int k) => (long)m * ((k + ProductTile.Block - 1) / ProductTile.Block * ProductTile.Block);

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
        int width = 2 * T.Count;
        for (int column = 0; column < n; column += width, panels += (nint)k * width)
        {
            int count = Math.Min(width, n - column);
            if (transposed)
            {
                if (count < width) new Span<float>(panels, k * width).Clear();
                Transposer.Transpose(count, k, b + column * ldb, ldb, panels, width);
            }
            else if (count == width)
            {
                float* from = b + column;
                float* to = panels;
                for (int row = 0; row < k; row++, from += ldb, to += width)
                {
                    T.Store(to, T.Load(from));
                    T.Store(to + T.Count, T.Load(from + T.Count));
                }
            }
            else
            {
                for (int row = 0; row < k; row++)
                {
                    float* from = b + row * ldb + column;
                    float* to = panels + (nint)row * width;
                    for (int i = 0; i < width; i++) to[i] = i < count ? from[i] : 0;
                }
            }
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
        for (int column = 0; column < k; column += Width, blocks += (nint)m * Width)
        {
            int count = Math.Min(Width, k - column);
            if (transposed)
            {
                if (count < Width) new Span<float>(blocks, m * Width).Clear();
                Transposer.Transpose(count, m, a + column * lda, lda, blocks, Width);
            }
            else if (count == Width)
            {
                float* from = a + column;
                float* to = blocks;
                for (int row = 0; row < m; row++, from += lda, to += Width)
                    for (int i = 0; i < Width; i += T.Count) T.Store(to + i, T.Load(from + i));
            }
            else
            {
                for (int row = 0; row < m; row++)
                {
                    float* from = a + row * lda + column;
                    float* to = blocks + (nint)row * Width;
                    for (int i = 0; i < Width; i++) to[i] = i < count ? from[i] : 0;
                }
            }
        }
    }
}
