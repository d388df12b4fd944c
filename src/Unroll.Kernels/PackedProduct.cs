using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>The product of operands that are packed already: a left operand in blocks of 16 columns and a right operand in panels. The core of
/// <see cref="MatrixProduct"/> and of every step of a recurrent layer, whose weights stay packed.</summary>
internal static unsafe class PackedProduct
{
    /// <summary>Rows of k in one pass: a panel of so many rows and the tile's part of the left operand fit the first-level cache together.</summary>
    public const int DepthOfPass = 256;

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
        float* scratch = stackalloc float[Math.Max(1, Math.Min(rows, T.TileRows)) * width];
        for (int depth = 0; depth < k || depth == 0; depth += DepthOfPass)
        {
            int pass = Math.Min(DepthOfPass, k - depth);
            float* aPass = a + depth / ProductTile.Block * aBlockStride;
            var startOfPass = depth == 0 ? start : TileStart.Destination;
            for (int column = 0; column < columns; column += width)
            {
                float* panel = panels + column / width * panelDistance + depth * panelStride;
                float* c0 = Column(c, column, cBlockStride);
                float* biasOfPanel = bias + column;
                if (column + width <= columns)
                    ProductTile.RunRows<T>(rows, aPass, aBlockStride, pass, panel, panelStride, c0, Column(c, column + T.Count, cBlockStride), cRowStride, startOfPass, biasOfPanel);
                else
                    RunEdge<T>(rows, columns - column, aPass, aBlockStride, pass, panel, panelStride, c, column, cBlockStride, cRowStride, startOfPass, biasOfPanel, scratch);
            }
        }
    }

    /// <summary>The last panel, where fewer than 2·lanes columns exist: computes into scratch and copies the columns that do.</summary>
    private static void RunEdge<T>(int rows, int count, float* a, nint aBlockStride, int k, float* panel, nint panelStride,
        float* c, int column, nint cBlockStride, nint cRowStride, TileStart start, float* bias, float* scratch) where T : struct, ILane<T>
    {
        int width = 2 * T.Count;
        for (int row = 0; row < rows; row += T.TileRows)
        {
            int some = Math.Min(T.TileRows, rows - row);
            if (start == TileStart.Destination) Copy(toScratch: true);
            ProductTile.RunRows<T>(some, a + (nint)row * ProductTile.Block, aBlockStride, k, panel, panelStride, scratch, scratch + T.Count, width, start, bias);
            Copy(toScratch: false);

            void Copy(bool toScratch)
            {
                for (int i = 0; i < width; i++)
                {
                    float* from = Column(c, column + i, cBlockStride) + row * cRowStride;
                    for (int r = 0; r < some; r++)
                    {
                        ref float inner = ref scratch[r * width + i];
                        if (!toScratch) { if (i < count) from[r * cRowStride] = inner; }
                        else inner = i < count ? from[r * cRowStride] : 0;
                    }
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float* Column(float* c, int column, nint blockStride) => c + column / ProductTile.Block * blockStride + column % ProductTile.Block;
}
