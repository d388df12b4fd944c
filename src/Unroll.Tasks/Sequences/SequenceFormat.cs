namespace Unroll.Tasks.Sequences;

/// <summary>What a network is to answer at a judged step.</summary>
internal enum TargetKind
{
    /// <summary>A number: squared error; right within <see cref="SequenceBatch.Tolerance"/>.</summary>
    Number,

    /// <summary>One of several classes: cross entropy; right when the most probable one is it.</summary>
    Class,

    /// <summary>A set: the cross entropy of each member by itself; right when just its members are more probable than not.</summary>
    Set,
}

/// <summary>What a sequence's steps bring and what is asked for: all that a network must know of a task.</summary>
/// <param name="Inputs">Features of a step.</param>
/// <param name="Outputs">Numbers, classes or possible members of a set.</param>
/// <param name="Target">What is answered at a judged step.</param>
internal sealed record SequenceFormat(int Inputs, int Outputs, TargetKind Target);
