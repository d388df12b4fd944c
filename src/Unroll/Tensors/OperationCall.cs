using System.Runtime.CompilerServices;

using Unroll.Kernels;

namespace Unroll.Tensors;

/// <summary>One use of an operation: any number of inputs and outputs, attributes, and what the forward pass saves for the backward
/// pass. A tape recycles its calls in order, so that a steady-state step allocates nothing. To apply an operation:
/// <c>OperationCall.Start(op).With(a).With(b).WithInteger(axis).Run()</c>.</summary>
internal sealed class OperationCall
{
    private Operation _operation = null!;
    private TensorNode[] _inputs = new TensorNode[4];
    private TensorNode[] _outputs = new TensorNode[2];
    private int _outputCount, _integerCount, _realCount, _savedCount, _savedIntegersCount;
    private Integers8 _integers;
    private Reals4 _reals;
    private Buffer<float>[] _saved = new Buffer<float>[2];
    private Buffer<int>[] _savedIntegers = new Buffer<int>[1];
    private readonly Tape? _tape;
    private IStepWorkspace? _workspace;
    private Parts? _parts;
    private bool _inBackward;

    [InlineArray(8)]
    private struct Integers8
    {
        private int _first;
    }

    [InlineArray(4)]
    private struct Reals4
    {
        private float _first;
    }

    /// <summary>Simple operations that outweigh waking a thread: some microseconds. Tests lower it, to see threads at work on small tensors.</summary>
    internal static int WorkPerPart { get; set; } = 1 << 15;

    internal OperationCall(Tape? tape) => _tape = tape;

    // ---- Building the call ----

    /// <summary>Starts a call on the current tape, or one that is not recorded when there is none.</summary>
    public static OperationCall Start(Operation operation)
    {
        OperationCall call = Tape.Current is { } tape ? tape.NextCall() : new OperationCall(null);
        call._operation = operation;
        return call;
    }

    /// <summary>Adds an input.</summary>
    /// <exception cref="InvalidOperationException">The tensor is empty, or its step has ended.</exception>
    public OperationCall With(Tensor input)
    {
        TensorNode node = input.Node;
        if (InputCount == _inputs.Length) Array.Resize(ref _inputs, 2 * InputCount);
        _inputs[InputCount++] = node;
        // A value from another tape is a constant here: this tape cannot differentiate what it has not recorded.
        NeedsGradient |= node.NeedsGradient && _tape is { Recording: true } && (node.Tape == _tape || node.Tape is null);
        return this;
    }

    /// <summary>Adds an integer attribute; the first is <c>Integer(0)</c>.</summary>
    public OperationCall WithInteger(int value)
    {
        _integers[_integerCount++] = value;
        return this;
    }

    /// <summary>Adds a real attribute; the first is <c>Real(0)</c>.</summary>
    public OperationCall WithReal(float value)
    {
        _reals[_realCount++] = value;
        return this;
    }

    /// <summary>Adds a list of integers, which is copied; the first is <c>Integers(0)</c>.</summary>
    public OperationCall WithIntegers(ReadOnlySpan<int> values)
    {
        values.CopyTo(SaveIntegers(values.Length));
        return this;
    }

    /// <summary>Sets <see cref="Context"/>.</summary>
    public OperationCall WithContext(object context)
    {
        Context = context;
        return this;
    }

    /// <summary>Applies the shape rule, computes the outputs and records the call if a gradient may be wanted.</summary>
    /// <returns>The first output.</returns>
    /// <exception cref="ShapeException">The inputs' shapes do not fit.</exception>
    public Tensor Run()
    {
        _operation.Shapes(this);
        _operation.Forward(this);
        _tape?.Listener?.Ran(this);
        if (NeedsGradient)
            _tape!.Record(this);
        else
            ReleaseSaved();
        return _outputCount > 0 ? Result(0) : default;
    }

    /// <summary>An output as a tensor, once the call has run.</summary>
    public Tensor Result(int output) => new(_outputs[output]);

    /// <summary>What is applied.</summary>
    public Operation Operation => _operation;

    // ---- What the operation sees ----

    /// <summary>Whatever the caller passed along, for instance the compiled plan of a recurrent layer. Dropped when the step ends.</summary>
    public object? Context { get; private set; }

    /// <summary>What the operation keeps for its backward pass; released when the step ends, or at once when nothing is recorded.</summary>
    public IStepWorkspace? Workspace
    {
        get => _workspace;
        set => _workspace = value;
    }

    /// <summary>Whether the call is recorded: then the forward pass must save what the backward pass reads.</summary>
    public bool NeedsGradient { get; private set; }

    public int InputCount { get; private set; }

    /// <summary>What an input is, for who watches.</summary>
    public TensorNode InputNode(int input) => _inputs[Check(input)];

    /// <summary>What an output is, for who watches.</summary>
    public TensorNode OutputNode(int output) => _outputs[output];

    /// <summary>The integer attributes.</summary>
    public ReadOnlySpan<int> AllIntegers => ((ReadOnlySpan<int>)_integers)[.._integerCount];

    /// <summary>The real attributes.</summary>
    public ReadOnlySpan<float> AllReals => ((ReadOnlySpan<float>)_reals)[.._realCount];

    /// <summary>Whether there is a list of integers.</summary>
    public bool HasIntegers => _savedIntegersCount > 0;

    public ReadOnlySpan<float> Input(int input) => _inputs[Check(input)].Values;

    public Shape InputShape(int input) => _inputs[Check(input)].Shape;

    /// <summary>The parameter an input is, or null; its <see cref="Parameter.Version"/> tells whether a packed copy is still good.</summary>
    public Parameter? InputParameter(int input) => _inputs[Check(input)].Parameter;

    /// <summary>Whether an input's gradient is wanted.</summary>
    public bool Needs(int input)
    {
        TensorNode node = _inputs[Check(input)];
        return NeedsGradient && node.NeedsGradient && (node.Tape == _tape || node.Tape is null);
    }

    /// <summary>An input's gradient to add to; zeroed at its first use in a step.</summary>
    public Span<float> InputGradient(int input) => _inputs[Check(input)].Gradient;

    /// <summary>An input's gradient for an operation that can write instead of adding: where <paramref name="isFirst"/>, the numbers are
    /// undefined and all of them must be written; otherwise add.</summary>
    public Span<float> InputGradient(int input, out bool isFirst) => _inputs[Check(input)].FirstGradient(out isFirst);

    public int Integer(int attribute) => _integers[attribute];

    public float Real(int attribute) => _reals[attribute];

    public ReadOnlySpan<int> Integers(int attribute) => _savedIntegers[attribute].Span;

    public int OutputCount => _outputCount;

    public Span<float> Output(int output) => _outputs[output].Values;

    public Shape OutputShape(int output) => _outputs[output].Shape;

    /// <summary>Whether anything that led to the loss used an output.</summary>
    public bool HasOutputGradient(int output) => _outputs[output].HasGradient;

    /// <summary>An output's gradient.</summary>
    /// <exception cref="InvalidOperationException">It has none; ask <see cref="HasOutputGradient"/> first.</exception>
    public ReadOnlySpan<float> OutputGradient(int output) => _outputs[output].HasGradient
        ? _outputs[output].Gradient
        : throw new InvalidOperationException($"{_operation.Name}: output {output} has no gradient; ask HasOutputGradient first.");

    /// <summary>Shape rule: the next output has this shape and memory of its own.</summary>
    public void AddOutput(Shape shape)
    {
        TensorNode node = NextOutput();
        if (_tape is null)
            node.Hold(GC.AllocateUninitializedArray<float>(shape.Count, pinned: true), shape);
        else
            node.Hold(BufferPool.Rent(shape.Count), shape);
    }

    /// <summary>Shape rule: the next output shows an input's numbers from an offset on, without copying them.</summary>
    public void AddView(Shape shape, int input, int offset) => NextOutput().View(_inputs[Check(input)], offset, shape);

    /// <summary>Rents numbers that live until the backward pass is over; read them with <see cref="Saved"/> in the order saved.</summary>
    public Buffer<float> Save(int length)
    {
        if (_savedCount == _saved.Length) Array.Resize(ref _saved, 2 * _savedCount);
        Buffer<float> buffer = BufferPool.Rent(length);
        return _saved[_savedCount++] = buffer;
    }

    /// <summary>Rents integers that live until the backward pass is over; read them with <see cref="Integers"/>, after those the caller passed.</summary>
    public Span<int> SaveIntegers(int length)
    {
        if (_savedIntegersCount == _savedIntegers.Length) Array.Resize(ref _savedIntegers, 2 * _savedIntegersCount);
        Buffer<int> buffer = BufferPool.RentInts(length);
        _savedIntegers[_savedIntegersCount++] = buffer;
        return buffer.Span;
    }

    /// <summary>What <see cref="Save"/> returned at the given place in the order of saving.</summary>
    public Span<float> Saved(int index) => _saved[index].Span;

    /// <summary>Runs a body in as many parts as the work is worth, on the team's threads. Parts write to disjoint outputs or gradients, and
    /// what they write does not depend on how many there are.</summary>
    /// <param name="work">About how many simple operations on numbers there are in all.</param>
    /// <param name="body">Gets the call, the part and the number of parts; a static lambda, so that nothing is allocated.</param>
    public void InParts(long work, Action<OperationCall, int, int> body)
    {
        // Gradients are rented here, by one thread.
        for (int i = 0; _inBackward && i < InputCount; i++)
            if (Needs(i)) _ = InputGradient(i);
        int parts = (int)Math.Clamp(work / WorkPerPart, 1, ThreadTeam.Available);
        if (parts == 1)
        {
            body(this, 0, 1);
            return;
        }
        _parts ??= new Parts(this);
        _parts.Body = body;
        ThreadTeam.Run(_parts, parts);
    }

    /// <summary>Where a part of <paramref name="count"/> items begins; the next part's beginning is its end. Parts begin on cache lines.</summary>
    public static int Boundary(int count, int part, int parts) =>
        part == parts ? count : Math.Min(count, (int)((long)((count + 15) / 16) * part / parts) * 16);

    // ---- What the tape does ----

    /// <summary>Carries the gradient from the outputs to the inputs, if any output has one.</summary>
    internal void Backward()
    {
        bool any = false;
        for (int i = 0; i < _outputCount; i++) any |= _outputs[i].HasGradient;
        if (!any) return;
        _inBackward = true;
        _operation.Backward(this);
        for (int i = 0; i < _outputCount; i++)
            if (!_outputs[i].Watched) _outputs[i].ReleaseGradient();
    }

    /// <summary>Gives back all the call holds, and makes it ready for another operation.</summary>
    internal void Recycle()
    {
        ReleaseSaved();
        Array.Clear(_inputs, 0, InputCount);
        Array.Clear(_outputs, 0, _outputCount);
        Context = null;
        _operation = null!;
        InputCount = _outputCount = _integerCount = _realCount = 0;
        NeedsGradient = _inBackward = false;
    }

    private TensorNode NextOutput()
    {
        if (_outputCount == _outputs.Length) Array.Resize(ref _outputs, 2 * _outputCount);
        TensorNode node = _tape is null ? new TensorNode() : _tape.NextNode();
        node.NeedsGradient = NeedsGradient;
        return _outputs[_outputCount++] = node;
    }

    private void ReleaseSaved()
    {
        for (int i = 0; i < _savedCount; i++) BufferPool.Return(_saved[i]);
        for (int i = 0; i < _savedIntegersCount; i++) BufferPool.Return(_savedIntegers[i]);
        Array.Clear(_saved, 0, _savedCount);
        Array.Clear(_savedIntegers, 0, _savedIntegersCount);
        _savedCount = _savedIntegersCount = 0;
        _workspace?.Release();
        _workspace = null;
    }

    private int Check(int input) => (uint)input < (uint)InputCount
        ? input
        : throw new ArgumentOutOfRangeException(nameof(input), input, $"{_operation.Name} has {InputCount} inputs.");

    /// <summary>What the thread team runs; one per call object, so that a run allocates nothing.</summary>
    private sealed class Parts(OperationCall call) : TeamWork
    {
        public Action<OperationCall, int, int>? Body { get; set; }

        public override void Run(int part, int parts) => Body!(call, part, parts);
    }
}
