using System.Numerics;
using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>How often a <see cref="StepMatrix"/> has a place of its own.</summary>
internal enum StepStorage
{
    /// <summary>One place, used again at every step.</summary>
    Step,
    /// <summary>Two places, taken in turn: what a step writes, the next one reads.</summary>
    Pair,
    /// <summary>One place for every step.</summary>
    Time,
    /// <summary>One place for every step and one more: a state before each step and after the last.</summary>
    State,
    /// <summary>One place for every step of a window, used again in the next window.</summary>
    Window,
}

/// <summary>How many steps and rows the matrices of a program have.</summary>
/// <param name="Steps">Steps kept.</param>
/// <param name="Batch">Rows of a step.</param>
/// <param name="Chunk">Steps whose rows are adjacent.</param>
/// <param name="Window">Steps worked on together, a multiple of the chunk.</param>
/// <param name="Bounds">The first row of each range of rows that has a place of its own, and the end of the last: threads that work on different ranges then
/// share no cache lines, and what the processor fetches ahead for one is not what another writes. Null if all rows lie together, as those of a chunk do.</param>
internal readonly record struct StepExtent(int Steps, int Batch, int Chunk, int Window, int[]? Bounds = null)
{
    /// <summary>Ranges of rows.</summary>
    public int Ranges => Bounds is null ? 1 : Bounds.Length - 1;

    /// <summary>Rows that a range has a place for.</summary>
    public int RangeRows
    {
        get
        {
            int most = Bounds is null ? Batch : 0;
            for (int i = 0; i < Bounds?.Length - 1; i++) most = Math.Max(most, Bounds![i + 1] - Bounds[i]);
            return most;
        }
    }
}

/// <summary>A matrix [batch, features] for every time step, in blocks of 16 features: <c>[features/16][rows][16]</c>, one cache line a row.
/// Steps lie in chunks; within a chunk the rows of successive steps are adjacent, so that a small batch still gives products with many
/// rows: <c>[time/chunk][features/16][chunk·batch][16]</c>. Ranges of rows that different threads work on lie apart:
/// <c>[time][range][features/16][rows][16]</c>. Feature columns beyond the real ones hold zeros.</summary>
internal sealed unsafe class StepMatrix
{
    private Buffer<float>? buffer;
    private float* first;
    private int slotMask, chunk, window, chunkShift;
    private int[]? bounds;
    private ulong chunkReciprocal;
    private nint rowStep, chunkStride;

    /// <summary>Floats from a block to the next.</summary>
    public nint BlockStride { get; private set; }

    /// <summary>Blocks of 16 features.</summary>
    public int Blocks { get; private set; }

    /// <summary>Floats from a run of adjacent rows to the next: a range of rows of a step, or a chunk of steps.</summary>
    public nint RunStride { get; private set; }

    /// <summary>Floats needed by a matrix of this form.</summary>
    /// <exception cref="OverflowException">The matrix is larger than any buffer.</exception>
    public static int Length(StepStorage storage, int blocks, StepExtent extent) => checked((int)Floats(storage, blocks, extent));

    /// <summary>Floats needed by a matrix of this form, however many.</summary>
    public static long Floats(StepStorage storage, int blocks, StepExtent extent)
    {
        int slots = Slots(storage, extent), chunk = ChunkOf(storage, extent);
        return (slots + chunk - 1L) / chunk * blocks * extent.Ranges * PaddedRows(chunk * extent.RangeRows) * ProductTile.Block;
    }

    /// <summary>Places the matrix in a buffer of at least <see cref="Length"/> floats.</summary>
    public void Bind(Buffer<float> memory, StepStorage storage, int blocks, StepExtent extent)
    {
        int length = Length(storage, blocks, extent);
        if (memory.Length < length) throw new ArgumentException($"the buffer holds {memory.Length} floats, the matrix needs {length}.", nameof(memory));
        buffer = memory;
        first = memory.Pointer;
        chunk = ChunkOf(storage, extent);
        window = storage == StepStorage.Window ? extent.Window : 0;
        // step / chunk = step·⌈2ˢ / chunk⌉ / 2ˢ for every step that an int holds: a division takes as long as all else that finding a place does.
        chunkShift = 31 + BitOperations.Log2((uint)chunk) + 1;
        chunkReciprocal = ((1UL << chunkShift) + (uint)chunk - 1) / (uint)chunk;
        slotMask = storage switch { StepStorage.Step => 0, StepStorage.Pair => 1, _ => -1 };
        Blocks = blocks;
        rowStep = (nint)extent.Batch * ProductTile.Block;
        bounds = extent.Bounds;
        BlockStride = (nint)PaddedRows(chunk * extent.RangeRows) * ProductTile.Block;
        RunStride = BlockStride * blocks;
        chunkStride = RunStride * extent.Ranges;
    }

    /// <summary>First row of the first block at a step.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* At(int step)
    {
        step &= slotMask;
        if (window > 0 && step >= window) step %= window;
        if (chunk == 1) return first + step * chunkStride;
        int number = (int)((uint)step * chunkReciprocal >> chunkShift);
        return first + number * chunkStride + (step - number * chunk) * rowStep;
    }

    /// <summary>Floats from a step's first row to another of its rows, which those of its range follow.</summary>
    public nint RowOffset(int row)
    {
        if (bounds is null) return (nint)row * ProductTile.Block;
        int range = 0;
        while (range + 2 < bounds.Length && row >= bounds[range + 1]) range++;
        return range * RunStride + (nint)(row - bounds[range]) * ProductTile.Block;
    }

    /// <summary>The 16 features of a block of one row at a step.</summary>
    public Span<float> Row(int step, int block, int row) => new(At(step) + block * BlockStride + RowOffset(row), ProductTile.Block);

    private static int Slots(StepStorage storage, StepExtent extent) => storage switch
    {
        StepStorage.Step => 1,
        StepStorage.Pair => 2,
        StepStorage.Time => extent.Steps,
        StepStorage.Window => Math.Min(extent.Window, extent.Steps),
        _ => extent.Steps + 1,
    };

    private static int ChunkOf(StepStorage storage, StepExtent extent) => storage is StepStorage.Step or StepStorage.Pair ? 1 : extent.Chunk;

    // Blocks whose distance is a multiple of 2 KB would share too few sets of the L1 cache; two more rows spread them.
    private static int PaddedRows(int rows) => rows % 32 == 0 ? rows + 2 : rows;
}
