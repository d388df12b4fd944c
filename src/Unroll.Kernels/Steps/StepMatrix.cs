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
}

/// <summary>A matrix [batch, features] for every time step, in blocks of 16 features: <c>[features/16][rows][16]</c>, one cache line a row.
/// Steps lie in chunks; within a chunk the rows of successive steps are adjacent, so that a small batch still gives products with many
/// rows: <c>[time/chunk][features/16][chunk·batch][16]</c>. Feature columns beyond the real ones hold zeros.</summary>
internal sealed unsafe class StepMatrix
{
    private Buffer<float>? buffer;
    private float* first;
    private int slotMask, chunk;
    private nint rowStep, chunkStride;

    /// <summary>Floats from a block to the next.</summary>
    public nint BlockStride { get; private set; }

    /// <summary>Blocks of 16 features.</summary>
    public int Blocks { get; private set; }

    /// <summary>Floats from a chunk of steps to the next.</summary>
    public nint ChunkStride => chunkStride;

    /// <summary>Floats needed by a matrix of this form.</summary>
    public static int Length(StepStorage storage, int blocks, int steps, int batch, int chunk)
    {
        int slots = Slots(storage, steps);
        if (storage is StepStorage.Step or StepStorage.Pair) chunk = 1;
        return checked((slots + chunk - 1) / chunk * blocks * PaddedRows(chunk * batch) * ProductTile.Block);
    }

    /// <summary>Places the matrix in a buffer of at least <see cref="Length"/> floats.</summary>
    public void Bind(Buffer<float> memory, StepStorage storage, int blocks, int steps, int batch, int chunkSteps)
    {
        int length = Length(storage, blocks, steps, batch, chunkSteps);
        if (memory.Length < length) throw new ArgumentException($"the buffer holds {memory.Length} floats, the matrix needs {length}.", nameof(memory));
        buffer = memory;
        first = memory.Pointer;
        chunk = storage is StepStorage.Step or StepStorage.Pair ? 1 : chunkSteps;
        slotMask = storage switch { StepStorage.Step => 0, StepStorage.Pair => 1, _ => -1 };
        Blocks = blocks;
        rowStep = (nint)batch * ProductTile.Block;
        BlockStride = (nint)PaddedRows(chunk * batch) * ProductTile.Block;
        chunkStride = BlockStride * blocks;
    }

    /// <summary>First row of the first block at a step.</summary>
    public float* At(int step)
    {
        step &= slotMask;
        return first + step / chunk * chunkStride + step % chunk * rowStep;
    }

    /// <summary>The 16 features of a block of one row at a step.</summary>
    public Span<float> Row(int step, int block, int row) => new(At(step) + block * BlockStride + row * ProductTile.Block, ProductTile.Block);

    /// <summary>Sets all of it to zero.</summary>
    public void Clear() => buffer!.Clear();

    private static int Slots(StepStorage storage, int steps) => storage switch
    {
        StepStorage.Step => 1,
        StepStorage.Pair => 2,
        StepStorage.Time => steps,
        _ => steps + 1,
    };

    // Blocks whose distance is a multiple of 2 KB would share too few sets of the L1 cache; two more rows spread them.
    private static int PaddedRows(int rows) => rows % 32 == 0 ? rows + 2 : rows;
}
