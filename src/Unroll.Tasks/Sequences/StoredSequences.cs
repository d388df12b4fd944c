using Unroll.Tasks.Examples;

namespace Unroll.Tasks.Sequences;

/// <summary>A finite number of sequences that are all there: out of files, or generated beforehand.</summary>
/// <param name="format">What steps bring and what is asked for.</param>
internal abstract class StoredSequences(SequenceFormat format) : ExampleSet
{
    /// <summary>What steps bring and what is asked for.</summary>
    public SequenceFormat Format { get; } = format;

    /// <summary>Writes a sequence: inputs (those not written are 0), targets, and where it ends.</summary>
    /// <param name="number">Which, 0 to those that there are.</param>
    /// <param name="to">Where to write.</param>
    public abstract void Write(int number, SequenceBatch to);

    /// <summary>Room for any so many of them.</summary>
    public SequenceBatch NewBatch(int sequences)
    {
        int longest = 0, judged = 0;
        for (int i = 0; i < Count; i++) (longest, judged) = (Math.Max(longest, LengthOf(i)), Math.Max(judged, JudgedOf(i)));
        return new SequenceBatch(Format, sequences, longest, judged);
    }
}
