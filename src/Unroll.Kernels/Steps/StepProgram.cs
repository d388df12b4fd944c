namespace Unroll.Kernels;

/// <summary>Where a vector of features lies: in a <see cref="StepMatrix"/>, from a block on, at the current step plus a shift; or, when
/// <see cref="Matrix"/> is negative, in a row vector (a parameter or a constant) that serves all rows: number ~Matrix.</summary>
internal readonly record struct StepOperand(int Matrix, int Block, int Shift)
{
    public static StepOperand RowVector(int number) => new(~number, 0, 0);
    public bool IsRowVector => Matrix < 0;
}

/// <summary>One elementwise operation of a tile program. Operands are numbered: first those in memory, then scratch tiles.</summary>
internal readonly record struct TileInstruction(TileOperation Operation, int Y, int A, int B, int C);

/// <summary>Elementwise work on vectors of one size: for each group of 16 features and a few rows at a time, the instructions in order,
/// their intermediate tiles staying in the L1 cache.</summary>
/// <param name="Size">Features.</param>
/// <param name="Operands">Operands in memory.</param>
/// <param name="Scratch">Scratch tiles.</param>
/// <param name="Instructions">What to do, in order.</param>
/// <param name="Stored">The operands written, whose columns beyond the size are set to zero.</param>
internal sealed record TilePass(int Size, StepOperand[] Operands, int Scratch, TileInstruction[] Instructions, int[] Stored)
{
    /// <summary>How many steps further some operand lies.</summary>
    public int Shift { get; } = Operands.Select(operand => operand.Shift).DefaultIfEmpty().Max();
}

/// <summary>A run of adjacent blocks that a product reads: k columns, padded ones between included.</summary>
internal readonly record struct ProductSource(StepOperand From, int K);

/// <summary>Matrix products that read the same vectors and give vectors of one size: the columns of all destinations, in groups of 16
/// features (destination by destination within a group), make panels of two lanes each.</summary>
/// <param name="Size">Features of each destination.</param>
/// <param name="Destinations">Where the results go.</param>
/// <param name="Sources">What is multiplied, in order.</param>
/// <param name="Start">What the sums start from.</param>
/// <param name="Panels">Number of the packed panels.</param>
internal sealed record ProductPass(int Size, StepOperand[] Destinations, ProductSource[] Sources, TileStart Start, int Panels)
{
    /// <summary>How many steps further some operand lies.</summary>
    public int Shift { get; } = Destinations.Concat(Sources.Select(source => source.From)).Max(operand => operand.Shift);
}

/// <summary>The mean over features of each row, written to all 16 features of the one block of another matrix: tile programs read that for every group
/// of features.</summary>
/// <param name="Size">Features of what is averaged.</param>
/// <param name="From">What is averaged, its columns beyond the size zero.</param>
/// <param name="To">A matrix of one block.</param>
internal sealed record MeanPass(int Size, StepOperand From, StepOperand To)
{
    /// <summary>How many steps further an operand lies.</summary>
    public int Shift { get; } = Math.Max(From.Shift, To.Shift);
}

/// <summary>Products, then the elementwise work that follows them, interleaved group by group where all are of one size.</summary>
/// <param name="Products">The products.</param>
/// <param name="Tiles">The elementwise work.</param>
/// <param name="Barrier">Whether another thread may have written what the products and means read.</param>
internal sealed record StepStage(ProductPass[] Products, TilePass[] Tiles, bool Barrier)
{
    /// <summary>Means, taken before all else; threads that share feature groups share out their rows.</summary>
    public MeanPass[] Means { get; init; } = [];

    /// <summary>Elementwise work on matrices of one block, whose features are all equal: after the means, shared out like them.</summary>
    public TilePass[] Uniform { get; init; } = [];

    /// <summary>The one size of all products and tiles, or −1.</summary>
    public int Size { get; } = Products.Select(p => p.Size).Concat(Tiles.Select(t => t.Size)).Distinct().Take(2).ToArray() is [var size] ? size : -1;
}

/// <summary>What is done at every time step.</summary>
internal sealed record StepProgram(StepStage[] Stages)
{
    /// <summary>Whether there is elementwise work alone: a feature never waits for another.</summary>
    public bool IsScan { get; } = Stages is [{ Products: [], Means: [], Uniform: [] }];
}

/// <summary>The packed weights of one <see cref="ProductPass"/>: for each panel, k × 2·lanes numbers for each source after the other;
/// and the bias, 2·lanes numbers a panel.</summary>
internal sealed class ProductPanels
{
    public Buffer<float>? Weights { get; set; }
    public Buffer<float>? Bias { get; set; }
    /// <summary>How <see cref="Compact"/> stores the weights; if as floats, there are none.</summary>
    public PanelFormat Format { get; set; }
    /// <summary>The weights again, in fewer bytes: panel by panel like <see cref="Weights"/>, or as <see cref="Int8Panels"/>.</summary>
    public Buffer<float>? Compact { get; set; }
}

/// <summary>A program's data: what its numbers stand for.</summary>
internal sealed class StepFrame
{
    public required StepMatrix[] Matrices { get; init; }
    public required Buffer<float>?[] RowVectors { get; init; }
    public required ProductPanels[] Panels { get; init; }
    /// <summary>Rows that take part in each step.</summary>
    public SequenceOrder Sequences { get; set; } = new();
    public StepExtent Extent { get; set; }
}
