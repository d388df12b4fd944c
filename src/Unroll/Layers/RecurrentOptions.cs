using Unroll.Tensors;

namespace Unroll.Layers;

/// <summary>How a recurrent layer is built around its cell.</summary>
public sealed record RecurrentOptions
{
    /// <summary>Layers on top of each other.</summary>
    public int Layers { get; init; } = 1;

    /// <summary>The hidden size of the last layer, where it is another than that of those below; null for the same.</summary>
    public int? LastHiddenSize { get; init; }

    /// <summary>Whether a second set of cells reads each sequence from its end; the output is then twice as wide.</summary>
    public bool Bidirectional { get; init; }

    /// <summary>Whether the only direction is the one that reads each sequence from its end. Other programs' files have such layers; a new network has no use for one.</summary>
    internal bool Reversed { get; init; }

    /// <summary>Probability that a feature is dropped between layers while training.</summary>
    public float Dropout { get; init; }

    /// <summary>Other noise while training: on inputs, outputs, states and recurrent matrices; none unless set.</summary>
    public RecurrentRegularization Regularization { get; init; } = new();

    /// <summary>Whether each layer's output is normalised over its features before the next layer, or the user, reads it (Ba, Kiros &amp; Hinton 2016). To normalise
    /// within the steps, choose a cell that does.</summary>
    public bool LayerNorm { get; init; }

    /// <summary>What leads past every layer but the first, which brings the input to the size of the others.</summary>
    public LayerConnection Connection { get; init; }

    /// <summary>How the matrices that multiply the input start; if null uniform in ±1/√hidden, as PyTorch.</summary>
    public Initializer? InputWeights { get; init; }

    /// <summary>How the matrices that multiply a state start, each gate's on its own; if null uniform in ±1/√hidden, as PyTorch.</summary>
    public Initializer? StateWeights { get; init; }

    /// <summary>Where the forget gate's bias starts: 1, so that a new network remembers (Józefowicz et al. 2015).</summary>
    public float ForgetBias { get; init; } = 1;

    /// <summary>Whether training keeps only the states at every ⌈√T⌉th step and computes the steps between again in the backward pass: memory
    /// grows with √T instead of T, for about a third more work (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost").</summary>
    public bool Recompute { get; init; }

    /// <summary>Whether all of a step is computed before the next begins, as in an engine that knows nothing of time: no product of the inputs of all steps together, and no
    /// scan (<see cref="Cells.Cell.IsScan"/>). The numbers are the same but for rounding; it is slower, and there to be compared with.</summary>
    public bool StepByStep { get; init; }
}
