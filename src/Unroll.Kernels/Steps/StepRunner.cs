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
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Loop<T>(StepProgram program, StepFrame frame, int first, int end, StepOrder order, Part part, TeamBarrier? barrier)
        where T : struct, ILane<T>
    {
        if (program.IsScan)
        {
            // Vectors of one size meet no others: each pass runs through all of its steps.
            foreach (var tile in program.Stages[0].Tiles)
            {
                var (firstGroup, endGroup) = part.Groups(tile.Size, Granule<T>());
                TileRunner.Run<T>(tile, frame, first, end, part, firstGroup, endGroup, order);
            }
            return;
        }
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
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Stage<T>(StepStage stage, StepFrame frame, int first, int end, Part part)
        where T : struct, ILane<T>
    {
        // A few rows are better served by all groups together, and so are rows that are rounded first: once for all groups.
        bool isThin = end - first == 1 && Rows(frame, first, end, part, 0).Rows < TileRunner.ThinRows;
        bool isRounded = stage.Products.Length > 0 && frame.Panels[stage.Products[0].Panels].Format == PanelFormat.Int8;
        if (stage.Size >= 0 && !isThin && !isRounded)
        {
            int granule = Granule<T>();
            var (firstGroup, endGroup) = part.Groups(stage.Size, granule);
            for (int group = firstGroup; group < endGroup; group += granule)
            {
                int last = Math.Min(group + granule, endGroup);
                foreach (var product in stage.Products) ProductRunner.Run<T>(product, frame, first, end, part, group, last);
                foreach (var tile in stage.Tiles) TileRunner.Run<T>(tile, frame, first, end, part, group, last);
            }
            return;
        }
        foreach (var product in stage.Products)
        {
            var (firstGroup, endGroup) = part.Groups(product.Size, Granule<T>());
            ProductRunner.Run<T>(product, frame, first, end, part, firstGroup, endGroup);
        }
        foreach (var tile in stage.Tiles)
        {
            var (firstGroup, endGroup) = part.Groups(tile.Size, Granule<T>());
            TileRunner.Run<T>(tile, frame, first, end, part, firstGroup, endGroup);
        }
    }

    // Panels of two blocks may span two groups; threads share out whole panels.
    private static int Granule<T>() where T : struct, ILane<T> => 2 * T.Count > ProductTile.Block ? 2 : 1;

    /// <summary>The rows of a part at a step; successive steps of a chunk in one go where all rows of the batch take part.</summary>
    /// <param name="frame">The matrices.</param>
    /// <param name="step">First step.</param>
    /// <param name="end">End of the steps.</param>
    /// <param name="part">The part.</param>
    /// <param name="shift">How many steps further some operand lies: there a chunk ends so much earlier.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static (int Steps, int FirstRow, int Rows) Rows(StepFrame frame, int step, int end, Part part, int shift)
    {
        int[] active = frame.Sequences.Active;
        int batch = frame.Extent.Batch, chunk = frame.Extent.Chunk;
        int endRow = Math.Min(part.EndRow, active[part.Origin + step]);
        if (chunk == 1 || part.FirstRow != 0 || endRow != batch) return (1, part.FirstRow, Math.Max(0, endRow - part.FirstRow));
        int steps = 1;
        int chunkEnd = Math.Min(end, (step / chunk + 1) * chunk);
        if (shift > 0) chunkEnd = Math.Min(chunkEnd, ((step + shift) / chunk + 1) * chunk - shift);
        while (step + steps < chunkEnd && active[part.Origin + step + steps] == batch) steps++;
        return (steps, 0, steps * batch);
    }
}
