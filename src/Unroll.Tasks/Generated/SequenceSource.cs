using Unroll.Tensors;

namespace Unroll.Tasks.Generated;

/// <summary>What a network is to answer at a judged step.</summary>
internal enum TargetKind
{
    /// <summary>A number: squared error; right within <see cref="SequenceSource.Tolerance"/>.</summary>
    Number,

    /// <summary>One of several classes: cross entropy; right when the most probable one is it.</summary>
    Class,

    /// <summary>A set: the cross entropy of each member by itself; right when just its members are more probable than not.</summary>
    Set,
}

/// <summary>Where a task's sequences come from: the task's definition as code.</summary>
/// <param name="inputs">Features of a step.</param>
/// <param name="outputs">Numbers, classes or possible members of a set.</param>
/// <param name="length">Steps of the longest sequence.</param>
/// <param name="judged">Most judged steps of a sequence.</param>
/// <param name="target">What is answered at a judged step.</param>
internal abstract class SequenceSource(int inputs, int outputs, int length, int judged, TargetKind target)
{
    /// <summary>The error below which Hochreiter and Schmidhuber (1997) count a number as right.</summary>
    public const float Tolerance = 0.04f;

    /// <summary>Features of a step.</summary>
    public int Inputs { get; } = inputs;

    /// <summary>Numbers, classes or possible members of a set.</summary>
    public int Outputs { get; } = outputs;

    /// <summary>Steps of the longest sequence.</summary>
    public int Length { get; } = length;

    /// <summary>Most judged steps of a sequence.</summary>
    public int Judged { get; } = judged;

    /// <summary>What is answered at a judged step.</summary>
    public TargetKind Target { get; } = target;

    /// <summary>Writes one sequence: inputs (those not written are 0), targets, and where it ends.</summary>
    /// <param name="random">All that it may depend on.</param>
    /// <param name="to">Where to write.</param>
    public abstract void Write(RandomState random, SequenceBatch to);
}
