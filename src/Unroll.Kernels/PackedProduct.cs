using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>The product of operands that are packed already: a left operand in blocks of 16 columns and a right operand in panels. The core of
/// <see cref="MatrixProduct"/> and of every step of a recurrent layer, whose weights stay packed.</summary>
internal static unsafe class PackedProduct
{
    /// <summary>Rows of k in one pass: a panel of so many rows stays in the first-level cache while the left operand streams by.</summary>
    public const int DepthOfPass = 320;

    /// <summary>Computes c = start + a·b, each element as one chain of multiply-adds in the order of k.</summary>
    /// <param name="rows">Rows of a and c.</param>
    /// <param name="columns">Columns of b and c.</param>
    /// <param name="k">Columns of a, rows of b.</param>
    /// <param name="a">The left operand, <c>[k/16][…][16]</c>.</param>
    /// <param name="aBlockStride">Floats from one block of the left operand to the next: 16 × its rows.</param>
    /// <param name="panels">The right operand in panels <c>[k][2·lanes]</c>.</param>
    /// <param name="panelDistance">Floats from one panel to the next: k·2·lanes where whole panels are used.</param>
    /// <param name="panelStride">Floats from one row of a panel to the next: 2·lanes where it is packed.</param>
    /// <param name="c">The destination.</param>
    /// <param name="cBlockStride">Floats from one group of 16 columns of the destination to the next: 16 for a row-major one, 16 × its rows for a blocked one.</param>
    /// <param name="cRowStride">Floats from one row of the destination to the next: 16 for a blocked one.</param>
    /// <param name="start">What every element starts from.</param>
    /// <param name="bias">One number per column, padded to whole panels, where <paramref name="start"/> is <see cref="TileStart.Bias"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<T>(int rows, int columns, int k, float* a, nint aBlockStride, float* panels, nint panelDistance, nint panelStride,
        float* c, nint cBlockStride, nint cRowStride, TileStart start, float* bias) where T : struct, ILane<T>
    {
        int width = 2 * T.Count;
        for (int depth = 0; depth < k || depth == 0; depth += DepthOfPass)
        {
            int pass = Math.Min(DepthOfPass, k - depth);
            float* aPass = a + depth / ProductTile.Block * aBlockStride;
            var startOfPass = depth == 0 ? start : TileStart.Destination;
            for (int column = 0; column < columns; column += width)
            {
                float* panel = panels + column / width * panelDistance + depth * panelStride;
                float* c0 = Column(c, column, cBlockStride), c1 = Column(c, column + T.Count, cBlockStride);
                int count = columns - column;
                if (count >= width) ProductTile.RunRows<T, Rows2>(rows, aPass, aBlockStride, pass, panel, panelStride, c0, c1, cRowStride, startOfPass, bias + column);
                else if (count > T.Count) RunEdge<T, Rows2>(rows, count, aPass, aBlockStride, pass, panel, panelStride, c0, c1, cRowStride, startOfPass, bias + column);
                else if (count == T.Count) ProductTile.RunRows<T, Rows1>(rows, aPass, aBlockStride, pass, panel, panelStride, c0, c1, cRowStride, startOfPass, bias + column);
                else RunEdge<T, Rows1>(rows, count, aPass, aBlockStride, pass, panel, panelStride, c0, c1, cRowStride, startOfPass, bias + column);
            }
        }
    }

    /// <summary>The last panel, where fewer columns exist than vectors hold: computes into scratch and copies the columns that do.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RunEdge<T, V>(int rows, int count, float* a, nint aBlockStride, int k, float* panel, nint panelStride,
        float* c0, float* c1, nint cRowStride, TileStart start, float* bias) where T : struct, ILane<T> where V : struct, IRows
    {
        float* scratch = stackalloc float[T.TileRows * 2 * T.Count];
        int width = V.Count * T.Count, inFirst = Math.Min(count, T.Count), inSecond = count - inFirst;
        for (int row = 0; row < rows; row += T.TileRows, c0 += T.TileRows * cRowStride, c1 += T.TileRows * cRowStride)
        {
            int some = Math.Min(T.TileRows, rows - row);
            for (int r = 0; r < some && start == TileStart.Destination; r++)
            {
                Elementwise.Copy(c0 + r * cRowStride, scratch + r * width, inFirst);
                Elementwise.Copy(c1 + r * cRowStride, scratch + r * width + T.Count, inSecond);
            }
            ProductTile.RunRows<T, V>(some, a + (nint)row * ProductTile.Block, aBlockStride, k, panel, panelStride, scratch, scratch + T.Count, width, start, bias);
            for (int r = 0; r < some; r++)
            {
                Elementwise.Copy(scratch + r * width, c0 + r * cRowStride, inFirst);
                Elementwise.Copy(scratch + r * width + T.Count, c1 + r * cRowStride, inSecond);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float* Column(float* c, int column, nint blockStride) => c + column / ProductTile.Block * blockStride + column % ProductTile.Block;
}
