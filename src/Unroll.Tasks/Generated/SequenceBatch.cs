using Unroll.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Unroll.Tasks.Generated;

/// <summary>A batch of generated sequences with their targets; its memory is used again for every batch. Each sequence is a function of a stream (a
/// seed and what it is for) and its number therein, whatever the batches.</summary>
internal sealed class SequenceBatch
{
    private readonly SequenceSource _source;
    private readonly RandomState _random = new(0);
    private readonly float[] _inputs, _values;
    private readonly int[] _lengths, _rows, _classes, _counted;
    private int _sequence, _slot;

    /// <summary>Room for sequences.</summary>
    public SequenceBatch(SequenceSource source, int sequences)
    {
        (_source, Capacity) = (source, sequences);
        int slots = sequences * source.Judged;
        _inputs = new float[sequences * source.Length * source.Inputs];
        _lengths = new int[sequences];
        (_rows, _classes, _counted) = (new int[slots], new int[slots], new int[slots]);
        _values = new float[source.Target == TargetKind.Class ? 0 : slots * source.Outputs];
    }

    /// <summary>The most sequences.</summary>
    public int Capacity { get; }

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>[<see cref="Count"/>, time, features]</summary>
    public ReadOnlySpan<float> Inputs => _inputs.AsSpan(0, Count * _source.Length * _source.Inputs);

    /// <summary>Steps of each sequence.</summary>
    public ReadOnlySpan<int> Lengths => _lengths.AsSpan(0, Count);

    /// <summary>The judged steps as rows of [<see cref="Count"/> · time], as many for each sequence as the source has at most.</summary>
    public ReadOnlySpan<int> Rows => _rows.AsSpan(0, Count * _source.Judged);

    /// <summary>The class at each judged step; −1 where there is none.</summary>
    public ReadOnlySpan<int> Classes => _classes.AsSpan(0, Count * _source.Judged);

    /// <summary>The numbers, or 1 for each member of the set, at each judged step.</summary>
    public ReadOnlySpan<float> Values => _values.AsSpan(0, Count * _source.Judged * _source.Outputs);

    /// <summary>1 for each judged step that there is, 0 for the room of sequences that have fewer.</summary>
    public ReadOnlySpan<int> Counted => _counted.AsSpan(0, Count * _source.Judged);

    /// <summary>The stream of a purpose: which sequences there are.</summary>
    public static ulong StreamOf(ulong seed, string purpose) => new RandomState(seed).Fork(purpose).NextUInt64();

    /// <summary>Writes sequences of a stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="first">The number of the first.</param>
    /// <param name="count">How many.</param>
    public void Fill(ulong stream, long first, int count)
    {
        Count = count;
        Array.Clear(_inputs);
        Array.Clear(_rows);
        Array.Fill(_classes, -1);
        Array.Clear(_values);
        Array.Clear(_counted);
        for (int i = 0; i < count; i++)
        {
            (_sequence, _slot) = (i, i * _source.Judged);
            _random.Seed(stream + (ulong)(first + i));
            _source.Write(_random, this);
        }
    }

    /// <summary>Sets a feature of the sequence at hand.</summary>
    public void Input(int step, int feature, float value = 1) => _inputs[(_sequence * _source.Length + step) * _source.Inputs + feature] = value;

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
        for (int i = 0; i < _source.Outputs; i++) _values[slot * _source.Outputs + i] = (members >> i) & 1;
    }

    /// <summary>Ends the sequence at hand.</summary>
    public void End(int length) => _lengths[_sequence] = length;

    /// <summary>Whether a network's answer at a judged step is right.</summary>
    /// <param name="slot">The judged step, 0 to those of the batch.</param>
    /// <param name="outputs">What the network puts out there.</param>
    public bool IsRight(int slot, ReadOnlySpan<float> outputs)
    {
        if (_source.Target == TargetKind.Class) return TensorPrimitives.IndexOfMax(outputs) == _classes[slot];
        for (int i = 0; i < outputs.Length; i++)
        {
            float target = _values[slot * outputs.Length + i];
            if (!(_source.Target == TargetKind.Number ? Math.Abs(outputs[i] - target) < SequenceSource.Tolerance : outputs[i] > 0 == target > 0)) return false;
        }
        return true;
    }

    private int Ask(int step)
    {
        _rows[_slot] = _sequence * _source.Length + step;
        _counted[_slot] = 1;
        return _slot++;
    }
}
