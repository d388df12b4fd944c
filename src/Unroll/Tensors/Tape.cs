namespace Unroll.Tensors;

/// <summary>The gradient tape, and the memory, of one training step after another:
/// <code>
/// tape.Begin();
/// Tensor loss = …;
/// tape.Backward(loss);     // adds to the gradients of the parameters
/// tape.End();
/// </code>
/// Tensors made between <see cref="Begin"/> and <see cref="End"/> live in the tape's memory until the next <see cref="Begin"/>, which takes
/// it all back: nothing is ever disposed of, and a step like the one before allocates nothing. Used by one thread at a time.</summary>
public sealed class Tape
{
    [ThreadStatic] private static Tape? s_current;

    private readonly List<TensorNode> _nodes = [];
    private readonly List<OperationCall> _calls = [];
    private readonly List<OperationCall> _record = [];
    private readonly List<Tensor[]> _lists = [];
    private int _nodeCount, _callCount, _listCount;
    private bool _begun, _backwardDone;
    private Tape? _outer;

    /// <summary>Creates a tape.</summary>
    /// <param name="random">Where dropout and other random operations draw from; seed 0 when left out.</param>
    public Tape(RandomState? random = null) => Random = random ?? new RandomState(0);

    /// <summary>The tape this thread's operations are recorded on, or null.</summary>
    public static Tape? Current => s_current;

    /// <summary>Whether dropout and the like act, as in training (the default), or not, as in evaluation.</summary>
    public bool Training { get; set; } = true;

    /// <summary>Where dropout and other random operations draw from.</summary>
    public RandomState Random { get; set; }

    /// <summary>Whether gradients can be asked for in this step.</summary>
    internal bool Recording { get; private set; }

    /// <summary>Starts a step: takes back all memory of the step before, whose tensors become stale, and makes this the current tape. A step
    /// that was not ended, for instance because of an exception, is given up. Steps of different tapes may be nested.</summary>
    /// <param name="gradients">False in evaluation: then nothing is kept for a backward pass.</param>
    public void Begin(bool gradients = true)
    {
        if (!_begun)
            (_begun, _outer, s_current) = (true, s_current, this);
        else if (s_current != this)
            throw new InvalidOperationException("Begin: a step of this tape is running on another thread, or around the step of an inner tape; end that one first.");
        for (int i = 0; i < _callCount; i++) _calls[i].Recycle();
        for (int i = 0; i < _nodeCount; i++) _nodes[i].Recycle();
        _record.Clear();
        _nodeCount = _callCount = _listCount = 0;
        StepNumber++;
        _backwardDone = false;
        Recording = gradients;
    }

    /// <summary>Ends the step: operations are no longer recorded here. Values and watched gradients stay readable until the next
    /// <see cref="Begin"/>.</summary>
    /// <exception cref="InvalidOperationException">No step of this tape is current.</exception>
    public void End()
    {
        if (s_current != this)
            throw new InvalidOperationException("End: no step of this tape is current; call Begin first, and end inner tapes before outer ones.");
        (_begun, s_current, _outer) = (false, _outer, null);
    }

    /// <summary>Computes the gradient of a scalar with respect to everything it was computed from. Gradients of parameters are added to
    /// <see cref="Parameter.Gradient"/>; those of watched tensors are read with <see cref="Gradient"/>.</summary>
    /// <param name="loss">One number, computed in this step from a parameter or a watched tensor.</param>
    /// <exception cref="InvalidOperationException">The loss is not one number, is not from this step or depends on nothing that has a
    /// gradient; or the step has had its backward pass.</exception>
    public void Backward(Tensor loss)
    {
        if (!_backwardDone && loss.Shape.Count != 1)
            throw new InvalidOperationException($"Backward starts from one number, but the loss has shape {loss.Shape}; reduce it first, for instance with Mean() or Sum(), or give the gradient to start from.");
        Backward(loss, [1]);
    }

    /// <summary>Goes back from any tensor, given the gradient of the loss with respect to it: for a loss computed elsewhere. The rest as
    /// <see cref="Backward(Tensor)"/>.</summary>
    /// <param name="output">Any shape, computed in this step from a parameter or a watched tensor.</param>
    /// <param name="gradient">A number for every number of the output, row-major.</param>
    /// <exception cref="InvalidOperationException">The gradient is of another size, the output is not from this step or depends on nothing that
    /// has a gradient; or the step has had its backward pass.</exception>
    public void Backward(Tensor output, ReadOnlySpan<float> gradient)
    {
        TensorNode node = output.Node;
        if (_backwardDone)
            throw new InvalidOperationException("Backward was already called in this step, and what it needs is used up; add the losses and call it once.");
        if (node.Tape != this)
            throw new InvalidOperationException("Backward: the loss was not computed on this tape; compute it between Begin and End.");
        if (!node.NeedsGradient)
            throw new InvalidOperationException(Recording
                ? "Backward: the loss depends on no parameter and no watched tensor, so there is nothing to differentiate."
                : "Backward: this step was begun with gradients: false; call Begin() to record.");
        if (gradient.Length != node.Shape.Count)
            throw new InvalidOperationException($"Backward: {gradient.Length} numbers of gradient for an output {node.Shape}, which has {node.Shape.Count}; give one for each.");
        _backwardDone = true;
        gradient.CopyTo(node.FirstGradient(out _));
        for (int i = _record.Count - 1; i >= 0; i--) _record[i].Backward();
    }

    /// <summary>Asks for the gradient of a tensor: of an input, an initial state, or anything computed in this step. Call it before the tensor
    /// is used, and use the tensor it returns.</summary>
    /// <param name="tensor">Any tensor; one from outside the step becomes a leaf of it.</param>
    /// <returns>The tensor to compute with, and to give to <see cref="Gradient"/>.</returns>
    /// <exception cref="InvalidOperationException">No step of this tape is current, or it was begun without gradients.</exception>
    public Tensor Watch(Tensor tensor)
    {
        if (s_current != this || !Recording)
            throw new InvalidOperationException("Watch: no step that records gradients is current on this tape; call Begin() first.");
        TensorNode node = tensor.Node;
        if (node.Tape == this)
        {
            node.Watched = node.NeedsGradient = true;
            return tensor;
        }
        TensorNode leaf = NextNode();
        leaf.View(node, 0, node.Shape);
        leaf.Watched = leaf.NeedsGradient = true;
        return new Tensor(leaf);
    }

    /// <summary>The gradient of a watched tensor after <see cref="Backward(Tensor)"/>; zeros when the loss does not depend on it. Readable until
    /// the next <see cref="Begin"/>.</summary>
    /// <exception cref="InvalidOperationException">The tensor is not watched on this tape, or there was no backward pass yet.</exception>
    public ReadOnlySpan<float> Gradient(Tensor tensor)
    {
        TensorNode node = tensor.Node;
        if (node.Tape != this || !node.Watched)
            throw new InvalidOperationException("Gradient: the tensor is not watched; use the tensor that Watch returned. A parameter's gradient is in Parameter.Gradient.");
        if (!_backwardDone)
            throw new InvalidOperationException("Gradient: there was no backward pass in this step yet; call Backward first.");
        return node.Gradient;
    }

    /// <summary>Told of every operation that has run, while its call is whole; null when nobody listens.</summary>
    internal ITapeListener? Listener { get; set; }

    /// <summary>Counts the steps begun, so that what belongs to one can tell when it has ended.</summary>
    internal long StepNumber { get; private set; }

    /// <summary>The step's calls in the order they ran; theirs is what they read until the next <see cref="Begin"/>.</summary>
    internal ReadOnlySpan<OperationCall> Calls => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_calls)[.._callCount];

    /// <summary>A list of tensors that lives as long as the step.</summary>
    internal Tensor[] NextList(int count)
    {
        // Those of other lengths stay for steps that want them.
        int at = _listCount;
        while (at < _lists.Count && _lists[at].Length != count) at++;
        if (at == _lists.Count) _lists.Add(new Tensor[count]);
        (_lists[_listCount], _lists[at]) = (_lists[at], _lists[_listCount]);
        return _lists[_listCount++];
    }

    internal OperationCall NextCall()
    {
        if (_callCount == _calls.Count) _calls.Add(new OperationCall(this));
        return _calls[_callCount++];
    }

    internal TensorNode NextNode()
    {
        if (_nodeCount == _nodes.Count) _nodes.Add(new TensorNode { Tape = this });
        return _nodes[_nodeCount++];
    }

    internal void Record(OperationCall call)
    {
        if (_backwardDone)
            throw new InvalidOperationException("This step has had its backward pass; compute what has a gradient before Backward, or begin another step.");
        _record.Add(call);
    }
}

/// <summary>Hears of the operations of a tape.</summary>
internal interface ITapeListener
{
    /// <summary>An operation has run; what the call holds is valid during this call alone.</summary>
    void Ran(OperationCall call);
}
