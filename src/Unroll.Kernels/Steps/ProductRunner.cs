using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>Runs the products of a stage: panel by panel over all rows and steps, the panel's part in the first-level cache.</summary>
internal static unsafe class ProductRunner
{
    /// <summary>Rows of a panel that one pass over the destination takes: 32 KB, so that they stay in the first-level cache from tile to tile.</summary>
    private const int Depth = 256;

    /// <summary>Runs a product over steps [first, end) and groups [firstGroup, endGroup) of a part.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<T>(ProductPass pass, StepFrame frame, int first, int end, StepRunner.Part part, int firstGroup, int endGroup)
        where T : struct, ILane<T>
    {
        if (firstGroup >= endGroup) return;
        var panels = frame.Panels[pass.Panels];
        if (panels.Format == PanelFormat.Int8)
        {
            Int8Runner.Run<T>(pass, frame, first, end, part, firstGroup, endGroup);
            return;
        }
        int width = 2 * T.Count, destinations = pass.Destinations.Length;
        int groups = (pass.Size + ProductTile.Block - 1) / ProductTile.Block;
        int columns = groups * destinations * ProductTile.Block;
        int endPanel = (endGroup * destinations * ProductTile.Block + width - 1) / width;
        nint panelFloats = 0;
        foreach (var source in pass.Sources) panelFloats += source.K * width;
        // A last panel may lack its second half: it goes nowhere.
        float* nowhere = stackalloc float[ProductTile.Block];
        int number = firstGroup * destinations * ProductTile.Block / width;
        if (end - first == 1 && StepRunner.Rows(frame, first, end, part, 0) is var (_, row0, thin) && thin <= ThinTile.MostRows)
            number = Thin<T>(pass, frame, first, row0, thin, number, Math.Min(endPanel, columns / width), panelFloats);
        for (; number < endPanel; number++)
        {
            float* panel = panels.Weights!.Pointer + number * panelFloats;
            float* bias = pass.Start == TileStart.Bias ? panels.Bias!.Pointer + number * width : null;
            int column0 = number * width, column1 = column0 + T.Count;
            var (c0, d0) = Destination(pass, frame, column0);
            var (c1, d1) = column1 < columns ? Destination(pass, frame, column1) : default;
            var start = pass.Start;
            foreach (var source in pass.Sources)
            {
                var matrix = frame.Matrices[source.From.Matrix];
                for (int k = 0; k < source.K; k += Depth)
                {
                    int depth = Math.Min(Depth, source.K - k);
                    nint block = source.From.Block + k / ProductTile.Block;
                    for (int step = first; step < end;)
                    {
                        var (steps, firstRow, rows) = StepRunner.Rows(frame, step, end, part, pass.Shift);
                        if (rows > 0)
                        {
                            float* y0 = c0!.At(step + pass.Destinations[d0.Index].Shift) + d0.Offset * c0.BlockStride + d0.Lane + c0.RowOffset(firstRow);
                            float* y1 = c1 is null ? nowhere : c1.At(step + pass.Destinations[d1.Index].Shift) + d1.Offset * c1.BlockStride + d1.Lane + c1.RowOffset(firstRow);
                            float* a = matrix.At(step + source.From.Shift) + block * matrix.BlockStride + matrix.RowOffset(firstRow);
                            if (c1 is null) RunHalf<T>(rows, a, matrix.BlockStride, depth, panel, y0, start, bias);
                            else ProductTile.RunRows<T>(rows, a, matrix.BlockStride, depth, panel, y0, y1, ProductTile.Block, start, bias, panel + (nint)depth * width);
                        }
                        step += steps;
                    }
                    panel += (nint)depth * width;
                    start = TileStart.Destination;
                }
            }
        }
    }

    /// <summary>Panels of a step of few rows, several at a time; returns the first panel that is left. Every other step goes from the last panel to the first: where the weights are more
    /// than the second-level cache holds, it still has those that the step before read last.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Thin<T>(ProductPass pass, StepFrame frame, int step, int firstRow, int rows, int firstPanel, int endPanel, nint panelFloats)
        where T : struct, ILane<T>
    {
        int width = 2 * T.Count;
        var panels = frame.Panels[pass.Panels];
        float** y = stackalloc float*[2 * ThinTile.Panels];
        int destinations = pass.Destinations.Length;
        float** begin = stackalloc float*[destinations];
        nint* stride = stackalloc nint[destinations];
        Destinations(pass, frame, step, firstRow, begin, stride);
        int all = rows > 0 ? Math.Max(0, endPanel - firstPanel) : 0, turns = (all + ThinTile.Panels - 1) / ThinTile.Panels;
        for (int turn = 0; turn < turns; turn++)
        {
            int place = step % 2 == 0 ? turn : turns - 1 - turn, number = firstPanel + Before(place, all), count = firstPanel + Before(place + 1, all) - number;
            for (int v = 0; v < 2 * count; v++)
            {
                int column = number * width + v * T.Count;
                var (offset, index) = Math.DivRem((uint)(column / ProductTile.Block), (uint)destinations);
                y[v] = begin[index] + (nint)offset * stride[index] + column % ProductTile.Block;
            }
            if (panels.Format == PanelFormat.BFloat16) Sources<T, BFloat16Weights>(pass, frame, step, firstRow, rows, number, count, panelFloats, (byte*)panels.Compact!.Pointer, y);
            else Sources<T, Float32Weights>(pass, frame, step, firstRow, rows, number, count, panelFloats, (byte*)panels.Weights!.Pointer, y);
        }
        return firstPanel + all;
    }

    // How many panels come before the n-th group of them. 5 = 3 + 2: a single panel has too few chains.
    private static int Before(int group, int panels) =>
        Math.Min(group * ThinTile.Panels, panels) - (group > 0 && panels - group * ThinTile.Panels == 1 ? 1 : 0);

    /// <summary>All sources of a few rows and panels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sources<T, W>(ProductPass pass, StepFrame frame, int step, int firstRow, int rows, int number, int count, nint panelFloats, byte* weights, float** y)
        where T : struct, ILane<T>
        where W : struct, IWeights
    {
        int width = 2 * T.Count;
        byte* panel = weights + number * panelFloats * W.Bytes;
        var start = pass.Start;
        foreach (var source in pass.Sources)
        {
            var matrix = frame.Matrices[source.From.Matrix];
            float* a = matrix.At(step + source.From.Shift) + source.From.Block * matrix.BlockStride + matrix.RowOffset(firstRow);
            ThinTile.Run<T, W>(rows, count, a, matrix.BlockStride, source.K, panel, panelFloats * W.Bytes, y, start,
                start == TileStart.Bias ? frame.Panels[pass.Panels].Bias!.Pointer + number * width : null);
            panel += (nint)source.K * width * W.Bytes;
            start = TileStart.Destination;
        }
    }

    // The second vector of the last panel has no destination: each row's goes to the same forgotten place.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RunHalf<T>(int rows, float* a, nint aBlockStride, int k, float* panel, float* y, TileStart start, float* bias)
        where T : struct, ILane<T>
    {
        float* nowhere = stackalloc float[ProductTile.Block * ProductTile.Block];
        new Span<float>(nowhere, ProductTile.Block * ProductTile.Block).Clear();
        for (int row = 0; row < rows; row += T.TileRows)
        {
            int count = Math.Min(T.TileRows, rows - row);
            nint offset = (nint)row * ProductTile.Block;
            ProductTile.RunRows<T>(count, a + offset, aBlockStride, k, panel, y + offset, nowhere, ProductTile.Block, start, bias);
        }
    }

    /// <summary>Where each destination begins at a step, and its distance from block to block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Destinations(ProductPass pass, StepFrame frame, int step, int firstRow, float** begin, nint* stride)
    {
        for (int i = 0; i < pass.Destinations.Length; i++)
        {
            var (number, block, shift) = pass.Destinations[i];
            var matrix = frame.Matrices[number];
            stride[i] = matrix.BlockStride;
            begin[i] = matrix.At(step + shift) + block * stride[i] + matrix.RowOffset(firstRow);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (StepMatrix Matrix, (int Index, int Offset, int Lane) Place) Destination(ProductPass pass, StepFrame frame, int column)
    {
        int block = column / ProductTile.Block, destinations = pass.Destinations.Length;
        int index = block % destinations;
        var destination = pass.Destinations[index];
        return (frame.Matrices[destination.Matrix], (index, destination.Block + block / destinations, column % ProductTile.Block));
    }
}
