using Unroll.Tensors;

namespace Unroll.Tasks.Sequences;

/// <summary>Where a task's generated sequences come from: the task's definition as code.</summary>
/// <param name="inputs">Features of a step.</param>
/// <param name="outputs">Numbers, classes or possible members of a set.</param>
/// <param name="length">Steps of the longest sequence.</param>
/// <param name="judged">Most judged steps of a sequence.</param>
/// <param name="target">What is answered at a judged step.</param>
internal abstract class SequenceSource(int inputs, int outputs, int length, int judged, TargetKind target)
{
    /// <summary>What steps bring and what is asked for.</summary>
    public SequenceFormat Format { get; } = new(inputs, outputs, target);

    /// <summary>Steps of the longest sequence.</summary>
    public int Length { get; } = length;

    /// <summary>Most judged steps of a sequence.</summary>
    public int Judged { get; } = judged;

    /// <summary>Writes one sequence: inputs (those not written are 0), targets, and where it ends.</summary>
    /// <param name="random">All that it may depend on.</param>
    /// <param name="to">Where to write.</param>
    public abstract void Write(RandomState random, SequenceBatch to);
}
