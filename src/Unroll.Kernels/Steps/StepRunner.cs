using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>Which way time runs, and how often.</summary>
internal enum StepOrder
{
    /// <summary>Step after step, from the first to the last.</summary>
    Forward,
    /// <summary>Step after step, from the last to the first.</summary>
    Backward,
}

/// <summary>Executes step programs. A part of the work is a range of rows (no thread ever waits for another) or, where the batch is small, a
/// range of feature groups (a barrier before every product). Either way each number is computed by the same operations in the same order.</summary>
internal static unsafe class StepRunner
{
    /// <summary>Rows of a tile: some 512 lanes, so that a dozen operands fit the L1 cache.</summary>
    private const int TileRows = 32;
    /// <summary>Rows of a panel that one pass over the destination takes: 32 KB, so that they stay in the first-level cache from tile to tile.</summary>
    private const int Depth = 256;

    /// <summary>A part: rows and groups of 16 features. Groups are given as a fraction of each pass's own.</summary>
    /// <param name="Origin">The step of the sequences that the matrices begin with.</param>
    /// <param name="FirstRow">First row.</param>
    /// <param name="EndRow">End of the rows.</param>
    /// <param name="Number">Which fraction of the groups.</param>
    /// <param name="Count">Of how many.</param>
    public readonly record struct Part(int Origin, int FirstRow, int EndRow, int Number, int Count)
    {
        /// <summary>The groups of a pass that are this part's, in whole granules.</summary>
        public (int First, int End) Groups(int size, int granule)
        {
            int groups = (size + ProductTile.Block - 1) / ProductTile.Block;
            int granules = (groups + granule - 1) / granule;
            return (granules * Number / Count * granule, Math.Min(groups, granules * (Number + 1) / Count * granule));
        }
    }

    /// <summary>Runs a program over steps [first, end) of one part, stage by stage at each step in the given order.</summary>
    public static void Loop<T>(StepProgram program, StepFrame frame, int first, int end, StepOrder order, Part part, TeamBarrier? barrier)
        where T : struct, ILane<T>
    {
        int step = order == StepOrder.Forward ? first : end - 1, direction = order == StepOrder.Forward ? 1 : -1;
        for (int n = first; n < end; n++, step += direction)
            foreach (var stage in program.Stages)
            {
                if (stage.Barrier) barrier?.Wait();
                MeanRunner.Run<T>(stage, frame, step, step + 1, part, barrier);
                Stage<T>(stage, frame, step, step + 1, part);
            }
    }

    /// <summary>Runs a program over steps [first, end) of one part, each stage over all steps before the next: for work that does not depend on the
    /// step before, panels are read once and serve every step.</summary>
    public static void AllSteps<T>(StepProgram program, StepFrame frame, int first, int end, Part part, TeamBarrier? barrier)
        where T : struct, ILane<T>
    {
        foreach (var stage in program.Stages)
        {
            if (stage.Barrier) barrier?.Wait();
            MeanRunner.Run<T>(stage, frame, first, end, part, barrier);
            Stage<T>(stage, frame, first, end, part);
        }
    }

    private static void Stage<T>(StepStage stage, StepFrame frame, int first, int end, Part part)
        where T : struct, ILane<T>
    {
        if (stage.Size >= 0)
        {
            int granule = Granule<T>();
            var (firstGroup, endGroup) = part.Groups(stage.Size, granule);
            for (int group = firstGroup; group < endGroup; group += granule)
            {
                int last = Math.Min(group + granule, endGroup);
                foreach (var product in stage.Products) Product<T>(product, frame, first, end, part, group, last);
                foreach (var tile in stage.Tiles) Tile<T>(tile, frame, first, end, part, group, last);
            }
            return;
        }
        foreach (var product in stage.Products)
        {
            var (firstGroup, endGroup) = part.Groups(product.Size, Granule<T>());
            Product<T>(product, frame, first, end, part, firstGroup, endGroup);
        }
        foreach (var tile in stage.Tiles)
        {
            var (firstGroup, endGroup) = part.Groups(tile.Size, Granule<T>());
            Tile<T>(tile, frame, first, end, part, firstGroup, endGroup);
        }
    }

    // Panels of two blocks may span two groups; threads share out whole panels.
    private static int Granule<T>() where T : struct, ILane<T> => 2 * T.Count > ProductTile.Block ? 2 : 1;

    private static void Product<T>(ProductPass pass, StepFrame frame, int first, int end, Part part, int firstGroup, int endGroup)
        where T : struct, ILane<T>
    {
        if (firstGroup >= endGroup) return;
        int width = 2 * T.Count, destinations = pass.Destinations.Length;
        int groups = (pass.Size + ProductTile.Block - 1) / ProductTile.Block;
        int columns = groups * destinations * ProductTile.Block;
        int endPanel = (endGroup * destinations * ProductTile.Block + width - 1) / width;
        nint panelFloats = 0;
        foreach (var source in pass.Sources) panelFloats += source.K * width;
        var panels = frame.Panels[pass.Panels];
        // A last panel may lack its second half: it goes nowhere.
        float* nowhere = stackalloc float[ProductTile.Block];
        for (int number = firstGroup * destinations * ProductTile.Block / width; number < endPanel; number++)
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
                        var (steps, firstRow, rows) = Rows(frame, step, end, part);
                        if (rows > 0)
                        {
                            nint row = (nint)firstRow * ProductTile.Block;
                            float* y0 = c0!.At(step + pass.Destinations[d0.Index].Shift) + d0.Offset * c0.BlockStride + d0.Lane + row;
                            float* y1 = c1 is null ? nowhere : c1.At(step + pass.Destinations[d1.Index].Shift) + d1.Offset * c1.BlockStride + d1.Lane + row;
                            float* a = matrix.At(step + source.From.Shift) + block * matrix.BlockStride + row;
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

    // The second vector of the last panel has no destination: each row's goes to the same forgotten place.
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

    private static (StepMatrix Matrix, (int Index, int Offset, int Lane) Place) Destination(ProductPass pass, StepFrame frame, int column)
    {
        int block = column / ProductTile.Block, destinations = pass.Destinations.Length;
        int index = block % destinations;
        var destination = pass.Destinations[index];
        return (frame.Matrices[destination.Matrix], (index, destination.Block + block / destinations, column % ProductTile.Block));
    }

    /// <summary>The rows of a part at a step; successive steps of a chunk in one go where all rows of the batch take part.</summary>
    public static (int Steps, int FirstRow, int Rows) Rows(StepFrame frame, int step, int end, Part part)
    {
        int[] active = frame.Sequences.Active;
        int batch = frame.Extent.Batch, chunk = frame.Extent.Chunk;
        int endRow = Math.Min(part.EndRow, active[part.Origin + step]);
        if (chunk == 1 || part.FirstRow != 0 || endRow != batch) return (1, part.FirstRow, Math.Max(0, endRow - part.FirstRow));
        int steps = 1;
        int chunkEnd = Math.Min(end, (step / chunk + 1) * chunk);
        while (step + steps < chunkEnd && active[part.Origin + step + steps] == batch) steps++;
        return (steps, 0, steps * batch);
    }

    [SkipLocalsInit]
    public static void Tile<T>(TilePass pass, StepFrame frame, int first, int end, Part part, int firstGroup, int endGroup)
        where T : struct, ILane<T>
    {
        const int TileFloats = TileRows * ProductTile.Block;
        int memory = pass.Operands.Length, count = memory + pass.Scratch;
        byte* lines = stackalloc byte[pass.Scratch * TileFloats * sizeof(float) + 64];
        float* scratch = (float*)(((nint)lines + 63) & ~(nint)63);
        float** at = stackalloc float*[count];
        float** tile = stackalloc float*[count];
        nint* stride = stackalloc nint[count];
        nint* rowStep = stackalloc nint[count];
        for (int i = 0; i < count; i++)
        {
            rowStep[i] = ProductTile.Block;
            if (i >= memory) tile[i] = scratch + (i - memory) * TileFloats;
            else if (pass.Operands[i].IsRowVector) rowStep[i] = 0;
        }
        for (int step = first; step < end;)
        {
            var (steps, firstRow, rows) = Rows(frame, step, end, part);
            for (int i = 0; i < memory; i++)
            {
                var operand = pass.Operands[i];
                if (operand.IsRowVector)
                {
                    at[i] = frame.RowVectors[~operand.Matrix]!.Pointer;
                    stride[i] = ProductTile.Block;
                    continue;
                }
                var matrix = frame.Matrices[operand.Matrix];
                // A matrix of one block serves every group: its features are all equal.
                stride[i] = matrix.Blocks == 1 ? 0 : matrix.BlockStride;
                at[i] = matrix.At(step + operand.Shift) + operand.Block * matrix.BlockStride + (nint)firstRow * ProductTile.Block;
            }
            for (int group = firstGroup; group < endGroup; group++)
            {
                int chunks = (rows + TileRows - 1) / TileRows;
                for (int chunk = 0, row = 0; chunk < chunks; chunk++)
                {
                    int next = (int)((long)rows * (chunk + 1) / chunks);
                    for (int i = 0; i < memory; i++) tile[i] = at[i] + group * stride[i] + row * rowStep[i];
                    foreach (ref readonly var instruction in pass.Instructions.AsSpan())
                    {
                        int a = instruction.A, b = instruction.B, c = instruction.C;
                        TileLoops.Run<T>(instruction.Operation, next - row, tile[instruction.Y], tile[a], rowStep[a], tile[b], rowStep[b], tile[c], rowStep[c]);
                    }
                    int real = pass.Size - group * ProductTile.Block;
                    if (real < ProductTile.Block)
                        foreach (int stored in pass.Stored) ClearColumns(tile[stored], next - row, real);
                    row = next;
                }
            }
            step += steps;
        }
    }

    // Zeros beyond the real features, so that no product ever multiplies what an equation makes of padding.
    private static void ClearColumns(float* tile, int rows, int real)
    {
        for (int row = 0; row < rows; row++, tile += ProductTile.Block)
            for (int i = real; i < ProductTile.Block; i++) tile[i] = 0;
    }
}
