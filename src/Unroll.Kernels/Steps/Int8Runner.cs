using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Unroll.Kernels;

/// <summary>Runs a product with 8-bit weights. The rows of each source become whole numbers with a scale of their own; every element is an exact sum of whole numbers times both
/// scales, added to what is there: the same bits for any number of rows, threads and lanes.</summary>
internal static unsafe class Int8Runner
{
    /// <summary>Rows that are rounded at a time: they stay in the second-level cache.</summary>
    private const int MostRows = 64;

    // Each thread keeps what it rounds into.
    [ThreadStatic] private static Buffer<float>? rounded;

    /// <summary>Runs a product over steps [first, end) and groups [firstGroup, endGroup) of a part.</summary>
    public static void Run<T>(ProductPass pass, StepFrame frame, int first, int end, StepRunner.Part part, int firstGroup, int endGroup)
        where T : struct, ILane<T>
    {
        if (T.Count >= 8 && AvxVnni.IsSupported) Run<T, Int8SumsVnni>(pass, frame, first, end, part, firstGroup, endGroup);
        else if (T.Count >= 8 && Avx2.IsSupported) Run<T, Int8SumsAvx2>(pass, frame, first, end, part, firstGroup, endGroup);
        else Run<T, Int8SumsPortable>(pass, frame, first, end, part, firstGroup, endGroup);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<T, S>(ProductPass pass, StepFrame frame, int first, int end, StepRunner.Part part, int firstGroup, int endGroup)
        where T : struct, ILane<T>
        where S : struct, IInt8Sums<S>
    {
        for (int step = first; step < end;)
        {
            var (steps, firstRow, rows) = StepRunner.Rows(frame, step, end, part, pass.Shift);
            for (int row = 0; row < rows; row += MostRows)
                Rows<T, S>(pass, frame, step, firstRow + row, Math.Min(MostRows, rows - row), firstGroup * pass.Destinations.Length, endGroup * pass.Destinations.Length);
            step += steps;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows<T, S>(ProductPass pass, StepFrame frame, int step, int firstRow, int rows, int firstBlock, int endBlock)
        where T : struct, ILane<T>
        where S : struct, IInt8Sums<S>
    {
        var panels = frame.Panels[pass.Panels];
        int blockBytes = 0, tiles = (endBlock - firstBlock + Int8Tile.RowPanels - 1) / Int8Tile.RowPanels;
        foreach (var source in pass.Sources) blockBytes += Int8Panels.Bytes(source.K);
        float* rowScales = stackalloc float[MostRows];
        int* sums = stackalloc int[Math.Max(Int8Tile.RowPanels, Int8Tile.PanelRows) * ProductTile.Block];
        byte** panel = stackalloc byte*[Int8Tile.RowPanels];
        float** y = stackalloc float*[Int8Tile.RowPanels];
        int destinations = pass.Destinations.Length;
        float** begin = stackalloc float*[destinations];
        nint* distance = stackalloc nint[destinations];
        ProductRunner.Destinations(pass, frame, step, firstRow, begin, distance);
        byte* sourcePanels = (byte*)panels.Compact!.Pointer;
        var start = pass.Start;
        foreach (var source in pass.Sources)
        {
            var matrix = frame.Matrices[source.From.Matrix];
            int stride = (source.K + ProductTile.Block - 1) / ProductTile.Block * ProductTile.Block;
            byte* x = (byte*)BufferPool.AtLeast(ref rounded, (long)rows * stride / sizeof(float));
            Int8Panels.RoundRows<T>(rows, matrix.At(step + source.From.Shift) + source.From.Block * matrix.BlockStride + matrix.RowOffset(firstRow), matrix.BlockStride, source.K, x, stride, rowScales, S.ZeroPoint);
            for (int tile = 0; tile < tiles; tile++)
            {
                // As in ProductRunner, every other step begins with the panels that the step before read last.
                int block = firstBlock + Int8Tile.RowPanels * (step % 2 == 0 ? tile : tiles - 1 - tile), count = Math.Min(Int8Tile.RowPanels, endBlock - block);
                for (int i = 0; i < Int8Tile.RowPanels; i++)
                {
                    // A tile that is not whole does its last block more than once.
                    int number = block + Math.Min(i, count - 1);
                    panel[i] = sourcePanels + (nint)number * blockBytes;
                    var (offset, index) = Math.DivRem((uint)number, (uint)destinations);
                    y[i] = begin[index] + (nint)offset * distance[index];
                }
                float* bias = start == TileStart.Bias ? panels.Bias!.Pointer + (nint)block * ProductTile.Block : null;
                int whole = rows / Int8Tile.PanelRows * Int8Tile.PanelRows;
                for (int r = 0; r < whole; r += Int8Tile.PanelRows)
                    for (int i = 0; i < count; i++)
                    {
                        Int8Tile.Rows<S>(source.K, x + r * stride, stride, panel[i], sums);
                        for (int j = 0; j < Int8Tile.PanelRows; j++)
                            Finish<T>(sums + j * ProductTile.Block, rowScales[r + j], panel[i], y[i] + (r + j) * ProductTile.Block, start, bias + i * ProductTile.Block);
                    }
                for (int r = whole; r < rows; r++)
                {
                    Int8Tile.Row<S>(source.K, x + r * stride, panel, sums);
                    for (int i = 0; i < count; i++)
                        Finish<T>(sums + i * ProductTile.Block, rowScales[r], panel[i], y[i] + r * ProductTile.Block, start, bias + i * ProductTile.Block);
                }
            }
            sourcePanels += Int8Panels.Bytes(source.K);
            start = TileStart.Destination;
        }
    }

    /// <summary>Sixteen elements from their sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<T>(int* sums, float rowScale, byte* panel, float* y, TileStart start, float* bias)
        where T : struct, ILane<T>
    {
        float* scales = Int8Panels.Scales(panel);
        for (int i = 0; i < ProductTile.Block; i += T.Count)
        {
            T before = start == TileStart.Zero ? T.Zero : T.Load((start == TileStart.Bias ? bias : y) + i);
            T.Store(y + i, T.MultiplyAdd(T.LoadWhole(sums + i), T.Load(scales + i) * T.Splat(rowScale), before));
        }
    }
}
