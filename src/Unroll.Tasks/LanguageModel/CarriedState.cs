using Unroll.Layers;
using Unroll.Training;

namespace Unroll.Tasks.LanguageModel;

/// <summary>The state of recurrent layers between steps: the values go on from step to step, the gradient is cut.</summary>
internal sealed class CarriedState(Recurrent layers, int rows)
{
    private readonly RecurrentState _state = layers.NewState(rows);

    /// <summary>The state before the next step.</summary>
    public RecurrentState Value => _state;

    /// <summary>Begins again with zeros.</summary>
    public void Clear() => _state.Clear();

    /// <summary>Keeps the state that a step ended with. Call it before the tape's next step.</summary>
    public void Keep(RecurrentState state) => state.CopyTo(_state);

    /// <summary>The state whose row i is row <paramref name="parents"/>[i] of this one, of as many rows as there are parents.</summary>
    public CarriedState Reordered(ReadOnlySpan<int> parents)
    {
        var next = new CarriedState(layers, parents.Length);
        for (int i = 0; i < _state.Count; i++)
        {
            Span<float> from = _state.Values(i), to = next._state.Values(i);
            int size = from.Length / rows;
            for (int row = 0; row < parents.Length; row++) from.Slice(parents[row] * size, size).CopyTo(to[(row * size)..]);
        }
        return next;
    }

    /// <summary>Writes the state to a checkpoint.</summary>
    public void Save(CheckpointWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        for (int i = 0; i < _state.Count; i++) writer.Add($"state{i}", _state.Values(i));
    }

    /// <summary>Restores what <see cref="Save"/> wrote.</summary>
    /// <exception cref="BadInputException">It was written by another job.</exception>
    public void Load(CheckpointReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        for (int i = 0; i < _state.Count; i++) reader.Read($"state{i}", _state.Values(i));
    }
}
