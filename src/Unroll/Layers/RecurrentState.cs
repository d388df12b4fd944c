using Unroll.Tensors;

namespace Unroll.Layers;

/// <summary>The states of a recurrent layer between two calls: one tensor [batch, size] for every state of the cell, direction and layer.
/// A light handle; what <see cref="Recurrent.Forward"/> returns on a tape is valid until the tape's next step, and
/// <see cref="CopyTo"/> carries it over.</summary>
public readonly struct RecurrentState
{
    private readonly Tensor[]? tensors;
    private readonly Tape? tape;
    private readonly long step;
    private readonly int directions, states;

    internal RecurrentState(Tensor[] tensors, Tape? tape, int directions, int states)
    {
        (this.tensors, this.tape, this.directions, this.states) = (tensors, tape, directions, states);
        step = tape?.StepNumber ?? 0;
    }

    /// <summary>Whether this is the default value: all states zero.</summary>
    public bool IsEmpty => tensors is null;

    /// <summary>How many tensors there are: layers × directions × states.</summary>
    public int Count => tensors?.Length ?? 0;

    /// <summary>One state: [batch, size].</summary>
    /// <param name="layer">The layer, from 0.</param>
    /// <param name="state">The cell's state in the order of its equations: for an LSTM h, c.</param>
    /// <param name="direction">0 forward, 1 backward.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such state.</exception>
    /// <exception cref="InvalidOperationException">The step the state belonged to has ended.</exception>
    public Tensor this[int layer, int state = 0, int direction = 0]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(layer);
            ArgumentOutOfRangeException.ThrowIfNegative(state);
            ArgumentOutOfRangeException.ThrowIfNegative(direction);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(state, states);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(direction, directions);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(layer, Count / (directions * states));
            return Tensors[(layer * directions + direction) * states + state];
        }
    }

    /// <summary>All tensors: by layer, then direction, then state.</summary>
    internal Tensor[] Tensors => tensors is not null && (tape is null || tape.StepNumber == step) ? tensors
        : throw new InvalidOperationException("This recurrent state belonged to a training step that has ended; copy it with CopyTo before the step ends.");

    /// <summary>Asks for the gradients of every tensor of an initial state, as <see cref="Tape.Watch"/> does of one. Call it before the state is used.</summary>
    /// <param name="on">The tape whose step this is.</param>
    /// <returns>The state to compute with, whose tensors to give to <see cref="Tape.Gradient"/>.</returns>
    /// <exception cref="InvalidOperationException">No step of the tape is current, or it was begun without gradients.</exception>
    public RecurrentState Watch(Tape on)
    {
        ArgumentNullException.ThrowIfNull(on);
        if (IsEmpty) return this;
        Tensor[] watched = on.NextList(Count);
        for (int i = 0; i < watched.Length; i++) watched[i] = on.Watch(Tensors[i]);
        return new RecurrentState(watched, on, directions, states);
    }

    /// <summary>The states of one layer in one direction, tensors of the current step.</summary>
    internal static RecurrentState Of(params ReadOnlySpan<Tensor> states)
    {
        Tape? tape = Tape.Current;
        Tensor[] kept = tape is null ? new Tensor[states.Length] : tape.NextList(states.Length);
        states.CopyTo(kept);
        return new RecurrentState(kept, tape, 1, states.Length);
    }

    /// <summary>The states of both directions joined, as a layer of one direction and twice the size reads them.</summary>
    internal RecurrentState Join()
    {
        var joined = tape is null ? new Tensor[Count / 2] : tape.NextList(Count / 2);
        for (int i = 0; i < joined.Length; i++)
        {
            int forward = i / states * 2 * states + i % states;
            joined[i] = Tensor.Concat(1, Tensors[forward], Tensors[forward + states]);
        }
        return new RecurrentState(joined, tape, 1, states);
    }

    /// <summary>Copies the values into a state that outlives the step, as truncated backpropagation carries it: the values go on, the gradient
    /// is cut.</summary>
    /// <param name="carried">What <see cref="Recurrent.NewState"/> made, for the same batch.</param>
    /// <exception cref="ArgumentException">The other state is of another form.</exception>
    public void CopyTo(RecurrentState carried)
    {
        if (IsEmpty)
        {
            carried.Clear();
            return;
        }
        if (carried.Count != Count) throw new ArgumentException($"the state has {Count} tensors, the other {carried.Count}; make it with NewState of the same layer.", nameof(carried));
        for (int i = 0; i < Count; i++)
        {
            Tensor from = Tensors[i], to = carried.Tensors[i];
            if (from.Shape != to.Shape) throw new ArgumentException($"the state is {from.Shape}, the other {to.Shape}; make it with NewState for the same batch.", nameof(carried));
            from.Span.CopyTo(to.Node.Values);
        }
    }

    /// <summary>The values of one tensor, row-major [batch, size], to be read and written: to keep a carried state in a checkpoint, or to give its
    /// rows new places. For states made by <see cref="Recurrent.NewState"/>.</summary>
    /// <param name="index">Which tensor, from 0 to <see cref="Count"/> − 1: by layer, then direction, then state.</param>
    /// <exception cref="InvalidOperationException">The state is part of a step.</exception>
    public Span<float> Values(int index) => tape is null
        ? Tensors[index].Node.Values
        : throw new InvalidOperationException("A state that is part of a step cannot be written to; copy it with CopyTo into one that NewState made.");

    /// <summary>Sets every state to zero, as at the beginning of a text. For states made by <see cref="Recurrent.NewState"/>.</summary>
    public void Clear()
    {
        for (int i = 0; i < Count; i++) Tensors[i].Node.Values.Clear();
    }
}
