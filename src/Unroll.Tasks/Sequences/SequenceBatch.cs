using Unroll.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Unroll.Tasks.Sequences;

/// <summary>A batch of sequences with their targets; its memory is used again for every batch. Each generated sequence is a function of a stream (a
/// seed and what it is for) and its number therein, each stored one of its number, whatever the batches.</summary>
internal sealed class SequenceBatch
{
    /// <summary>The error below which Hochreiter and Schmidhuber (1997) count a number as right.</summary>
    public const float Tolerance = 0.04f;

    private readonly SequenceFormat _format;
    private readonly RandomState _random = new(0);
    private readonly float[] _inputs, _values;
    private readonly int[] _lengths, _rows, _classes, _counted;
    private int _sequence, _slot;

    /// <summary>Room for sequences.</summary>
    /// <param name="format">What steps bring and what is asked for.</param>
    /// <param name="sequences">How many.</param>
    /// <param name="length">Steps of the longest.</param>
    /// <param name="judged">Most judged steps of one.</param>
    public SequenceBatch(SequenceFormat format, int sequences, int length, int judged)
    {
        (_format, Capacity, Steps, Judged) = (format, sequences, length, judged);
        int slots = checked(sequences * judged);
        _inputs = new float[checked(sequences * length * format.Inputs)];
        _lengths = new int[sequences];
        (_rows, _classes, _counted) = (new int[slots], new int[slots], new int[slots]);
        _values = new float[format.Target == TargetKind.Class ? 0 : checked(slots * format.Outputs)];
    }

    /// <summary>Room for sequences of a source.</summary>
    public SequenceBatch(SequenceSource source, int sequences)
        : this(source.Format, sequences, source.Length, source.Judged)
    {
    }

    /// <summary>The most sequences.</summary>
    public int Capacity { get; }

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>Time steps that there is room for in each sequence: those of the longest.</summary>
    public int Steps { get; private set; }

    /// <summary>Judged steps that there is room for in each sequence.</summary>
    public int Judged { get; private set; }

    /// <summary>[<see cref="Count"/>, <see cref="Steps"/>, features]</summary>
    public ReadOnlySpan<float> Inputs => _inputs.AsSpan(0, Count * Steps * _format.Inputs);

    /// <summary>Steps of each sequence.</summary>
    public ReadOnlySpan<int> Lengths => _lengths.AsSpan(0, Count);

    /// <summary>The judged steps as rows of [<see cref="Count"/> · <see cref="Steps"/>], <see cref="Judged"/> for each sequence.</summary>
    public ReadOnlySpan<int> Rows => _rows.AsSpan(0, Count * Judged);

    /// <summary>The class at each judged step; −1 where there is none.</summary>
    public ReadOnlySpan<int> Classes => _classes.AsSpan(0, Count * Judged);

    /// <summary>The numbers, or 1 for each member of the set, at each judged step.</summary>
    public ReadOnlySpan<float> Values => _values.AsSpan(0, Count * Judged * _format.Outputs);

    /// <summary>1 for each judged step that there is, 0 for the room of sequences that have fewer.</summary>
    public ReadOnlySpan<int> Counted => _counted.AsSpan(0, Count * Judged);

    /// <summary>The stream of a purpose: which sequences there are.</summary>
    public static ulong StreamOf(ulong seed, string purpose) => new RandomState(seed).Fork(purpose).NextUInt64();

    /// <summary>Generates sequences of a stream.</summary>
    /// <param name="source">What generates them.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="first">The number of the first.</param>
    /// <param name="count">How many.</param>
    public void Fill(SequenceSource source, ulong stream, long first, int count)
    {
        Clear(count, source.Length, source.Judged);
        for (int i = 0; i < count; i++)
        {
            Begin(i);
            _random.Seed(stream + (ulong)(first + i));
            source.Write(_random, this);
        }
    }

    /// <summary>Fetches stored sequences; there is room for as many steps as the longest of these has.</summary>
    /// <param name="sequences">Where from.</param>
    /// <param name="numbers">Which.</param>
    public void Fill(StoredSequences sequences, ReadOnlySpan<int> numbers)
    {
        int longest = 0, judged = 0;
        foreach (int number in numbers) (longest, judged) = (Math.Max(longest, sequences.LengthOf(number)), Math.Max(judged, sequences.JudgedOf(number)));
        Clear(numbers.Length, longest, judged);
        for (int i = 0; i < numbers.Length; i++)
        {
            Begin(i);
            sequences.Write(numbers[i], this);
        }
    }

    /// <summary>Sets a feature of the sequence at hand.</summary>
    public void Input(int step, int feature, float value = 1) => _inputs[(_sequence * Steps + step) * _format.Inputs + feature] = value;

    /// <summary>Says that the class is asked for after a step of the sequence at hand.</summary>
    public void AskClass(int step, int target) => _classes[Ask(step)] = target;

    /// <summary>Says that a number is asked for after a step of the sequence at hand.</summary>
    public void AskNumber(int step, float target) => _values[Ask(step)] = target;

    /// <summary>Says that a set is asked for after a step of the sequence at hand.</summary>
    /// <param name="step">The step.</param>
    /// <param name="members">Its members as bits.</param>
    public void AskSet(int step, int members)
    {
        int slot = Ask(step);
        for (int i = 0; i < _format.Outputs; i++) _values[slot * _format.Outputs + i] = (members >> i) & 1;
    }

    /// <summary>Says that a set is asked for after a step of the sequence at hand.</summary>
    /// <param name="step">The step.</param>
    /// <param name="members">Its members by number.</param>
    public void AskSet(int step, ReadOnlySpan<byte> members)
    {
        int slot = Ask(step);
        foreach (byte member in members) _values[slot * _format.Outputs + member] = 1;
    }

    /// <summary>Ends the sequence at hand.</summary>
    public void End(int length) => _lengths[_sequence] = length;

    /// <summary>Whether a network's answer at a judged step is right.</summary>
    /// <param name="slot">The judged step, 0 to those of the batch.</param>
    /// <param name="outputs">What the network puts out there.</param>
    public bool IsRight(int slot, ReadOnlySpan<float> outputs)
    {
        if (_format.Target == TargetKind.Class) return TensorPrimitives.IndexOfMax(outputs) == _classes[slot];
        for (int i = 0; i < outputs.Length; i++)
        {
            float target = _values[slot * outputs.Length + i];
            if (!(_format.Target == TargetKind.Number ? Math.Abs(outputs[i] - target) < Tolerance : outputs[i] > 0 == target > 0)) return false;
        }
        return true;
    }

    private void Clear(int count, int steps, int judged)
    {
        (Count, Steps, Judged) = (count, steps, judged);
        int slots = count * judged;
        Array.Clear(_inputs, 0, count * steps * _format.Inputs);
        Array.Clear(_rows, 0, slots);
        Array.Fill(_classes, -1, 0, slots);
        Array.Clear(_values, 0, _format.Target == TargetKind.Class ? 0 : slots * _format.Outputs);
        Array.Clear(_counted, 0, slots);
    }

    private void Begin(int sequence) => (_sequence, _slot) = (sequence, sequence * Judged);

    private int Ask(int step)
    {
        _rows[_slot] = _sequence * Steps + step;
        _counted[_slot] = 1;
        return _slot++;
    }
}
