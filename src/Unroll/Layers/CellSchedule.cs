using Unroll.Equations;
using Unroll.Kernels;

namespace Unroll.Layers;

/// <summary>How the work on a batch is cut up: into segments of steps, whose values are in memory at the same time; each into windows, worked on
/// by one product after the other while they are in the cache; and into parts for the threads.</summary>
/// <param name="Chunk">Steps of a small batch whose rows are adjacent, so that one product serves them together.</param>
/// <param name="Window">Steps worked on together.</param>
/// <param name="Segment">Steps kept.</param>
/// <param name="Segments">Segments in all.</param>
/// <param name="RowParts">Ranges of rows, which never wait for each other.</param>
/// <param name="GroupParts">Ranges of feature groups for each range of rows; these meet before every product.</param>
internal readonly record struct CellSchedule(int Chunk, int Window, int Segment, int Segments, int RowParts, int GroupParts)
{
    /// <summary>Below this many multiply-adds in all one thread is faster than two that are called together.</summary>
    private const long WorthSharing = 400_000;
    /// <summary>Below this many multiply-adds a step one thread is faster than two that meet at every step.</summary>
    private const long WorthMeeting = 64_000;
    /// <summary>Rows that a range should have: a full tile of the widest registers.</summary>
    private const int FullRows = 14;
    /// <summary>Rows that a range has at least, where feature groups are too few for all threads.</summary>
    private const int ThinRows = 8;
    /// <summary>Rows that a chunk of steps should make together.</summary>
    private const int ChunkRows = 56;
    /// <summary>Floats of a window's sums: with what is read beside them they stay in the second-level cache.</summary>
    public const int CachedFloats = 192 * 1024;

    /// <summary>Chooses.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="sequences">The batch.</param>
    /// <param name="training">Whether every step is kept for a backward pass; otherwise a window at a time is.</param>
    /// <param name="recompute">Whether the backward pass computes the steps again, about √T at a time.</param>
    /// <param name="threads">Threads there are.</param>
    /// <param name="cachedFloats">Floats of a window's sums.</param>
    public static CellSchedule Choose(CellPlan plan, SequenceOrder sequences, bool training, bool recompute, int threads, int cachedFloats = CachedFloats)
    {
        int batch = sequences.Batch, steps = sequences.Steps;
        long weights = plan.Cell.MultiplyAdds;
        if (sequences.Tokens * weights < WorthSharing) threads = 1;
        int rowParts = Math.Clamp(batch / FullRows, 1, threads);
        int groupParts = Math.Clamp(CellPlan.BlocksOf(plan.Cell.HiddenSize) / 2, 1, threads / rowParts);
        // The threads that share a scan meet a few times in a window of steps, not at every step.
        if (!plan.IsScan && batch / rowParts * weights < WorthMeeting) groupParts = 1;
        if (2 * rowParts * groupParts <= threads) rowParts = Math.Clamp(batch / ThinRows, rowParts, threads / groupParts);

        int chunk = sequences.IsRagged || batch >= ChunkRows / 2 || batch == 0 ? 1 : Math.Clamp(ChunkRows / batch, 1, Math.Max(steps, 1));
        int gates = 0;
        foreach (var stage in plan.Prelude.Stages)
            foreach (var product in stage.Products) gates += product.Destinations.Length * CellPlan.BlocksOf(product.Size) * ProductTile.Block;
        int WindowOf(int rows) => RoundUp(Math.Max(1, cachedFloats / Math.Max(1, gates * rows) / chunk) * chunk, chunk);
        int window = WindowOf((batch + rowParts - 1) / rowParts), segment = window;
        // The gradients are summed segment by segment, in an order that the number of threads may not change: rows of all threads count.
        if (training) segment = recompute ? Math.Max(WindowOf(batch), (int)Math.Ceiling(Math.Sqrt(steps))) : Math.Max(1, steps);
        // Segments after the first begin where the two places of a state's gradient are in the same turn again.
        if (segment < steps) segment = RoundUp(segment, 2 * chunk);
        segment = Math.Min(segment, Math.Max(1, steps));
        return new CellSchedule(chunk, Math.Min(window, RoundUp(segment, chunk)), segment, Math.Max(1, (steps + segment - 1) / segment), rowParts, groupParts);
    }

    /// <summary>Parts of the work, those of a range of rows next to each other.</summary>
    public int Parts => RowParts * GroupParts;

    /// <summary>What the plan's matrices hold of a batch.</summary>
    /// <param name="batch">Sequences.</param>
    /// <param name="bounds">The first row of each range of rows, and the end of the last.</param>
    public StepExtent Extent(int batch, int[] bounds) => new(Segment, batch, Chunk, Window, BoundsOf(batch, bounds));

    /// <summary>Bytes of memory that a pass over a batch takes, beside input, output and weights.</summary>
    public long Bytes(CellPlan plan, SequenceOrder sequences)
    {
        long floats = 0;
        int batch = sequences.Batch;
        int[] bounds = new int[RowParts + 1];
        sequences.Split(bounds);
        var extent = Extent(batch, bounds);
        foreach (var matrix in plan.Matrices) floats += StepMatrix.Floats(matrix.Storage, matrix.Blocks, extent);
        if (Segments > 1 && plan.Gradients.Length > 0)
            foreach (int state in plan.StateMatrices) floats += StepMatrix.Floats(StepStorage.Time, plan.Matrices[state].Blocks, Checkpoints(batch, bounds));
        floats += plan.GradientSumFloats;
        return floats * sizeof(float);
    }

    /// <summary>What the states kept at the beginning of each segment hold.</summary>
    public StepExtent Checkpoints(int batch, int[] bounds) => new(Segments, batch, 1, 1, BoundsOf(batch, bounds));

    // Rows of a chunk lie together; and ranges of very different numbers of rows, each with a place for the most of any, would take too much memory.
    private int[]? BoundsOf(int batch, int[] bounds)
    {
        var apart = new StepExtent(Segment, batch, Chunk, Window, bounds);
        return Chunk > 1 || RowParts == 1 || 2L * apart.Ranges * apart.RangeRows > 3L * batch ? null : bounds;
    }

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;
}
