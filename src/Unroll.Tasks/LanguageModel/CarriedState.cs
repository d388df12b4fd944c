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

    /// <summary>Row i takes the state of row <paramref name="parents"/>[i].</summary>
    public void Reorder(ReadOnlySpan<int> parents)
    {
        for (int i = 0; i < _state.Count; i++)
        {
            Span<float> values = _state.Values(i);
            float[] before = values.ToArray();
            int size = before.Length / rows;
            for (int row = 0; row < rows; row++) before.AsSpan(parents[row] * size, size).CopyTo(values[(row * size)..]);
        }
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
