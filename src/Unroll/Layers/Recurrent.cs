using Unroll.Cells;
using Unroll.Equations;
using Unroll.Kernels;
using Unroll.Tensors;
using Unroll.Tensors.Operations;

namespace Unroll.Layers;

/// <summary>A recurrent network over any cell: stacked, in one or both directions, over sequences of any lengths.
/// <code>var (output, state) = rnn.Forward(x, state);</code>
/// Elman 1990; stacked: Graves, Mohamed &amp; Hinton 2013; bidirectional: Schuster &amp; Paliwal 1997.</summary>
public sealed class Recurrent : Module
{
    private readonly CellExecutor[] executors;
    private readonly Parameter[][] parameters;
    private readonly Stack<RecurrentWorkspaces>?[] idle;
    private readonly Dropout dropout, inputDropout, outputDropout;
    private readonly LayerJoin?[] joins;

    /// <summary>Makes the layer; <see cref="Module.Initialize"/> gives the weights their first values.</summary>
    /// <param name="cell">The cell of every layer and direction.</param>
    /// <param name="inputSize">Features of the input.</param>
    /// <param name="hiddenSize">The cell's hidden size; <see cref="RecurrentOptions.LastHiddenSize"/> may give the last layer another.</param>
    /// <param name="options">Layers, directions, dropout and first values.</param>
    /// <exception cref="BadUsageException">A size or option makes no sense.</exception>
    /// <exception cref="EquationException">The cell's equations are wrong.</exception>
    public Recurrent(Cell cell, int inputSize, int hiddenSize, RecurrentOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(cell);
        (Cell, InputSize, HiddenSize, Options) = (cell, inputSize, hiddenSize, options ?? new RecurrentOptions());
        if (Options.Layers < 1) throw new BadUsageException($"a recurrent layer has {Options.Layers} layers; it needs at least 1.");
        if (!(Options.Dropout >= 0 && Options.Dropout < 1)) throw new BadUsageException($"the dropout between layers is {Options.Dropout}; it must be at least 0 and below 1.");
        Directions = Options.Bidirectional ? 2 : 1;
        RecurrentRegularization regularization = Options.Regularization;
        regularization.Check();
        dropout = new Dropout(Options.Dropout, regularization.Variational);
        inputDropout = new Dropout(regularization.InputDropout, overTime: true);
        outputDropout = new Dropout(regularization.OutputDropout, overTime: true);
        if (!Enum.IsDefined(Options.Connection)) throw new BadUsageException($"the connection past layers is {Options.Connection}; use None, Residual or Highway.");
        if (Options.Connection != LayerConnection.None && Options.Layers == 1)
            throw new BadUsageException($"the connection {Options.Connection} leads past every layer but the first, and there is 1 layer; use 2 or more, or no connection.");
        int last = Options.LastHiddenSize ?? hiddenSize;
        if (last < 1) throw new BadUsageException($"the hidden size of the last layer is {last}; it must be 1 or more.");
        if (last != hiddenSize && Options.Connection != LayerConnection.None)
            throw new BadUsageException($"the connection {Options.Connection} leads past layers of one size, and the last has {last} units where the others have {hiddenSize}; use no connection, or one size.");
        joins = new LayerJoin?[Options.Layers];
        executors = new CellExecutor[Options.Layers * Directions];
        parameters = new Parameter[executors.Length][];
        idle = new Stack<RecurrentWorkspaces>?[executors.Length];
        int features = inputSize;
        for (int layer = 0; layer < Options.Layers; layer++)
        {
            int size = layer == Options.Layers - 1 ? last : hiddenSize;
            CellEquations equations = cell.Build(features, size);
            for (int direction = 0; direction < Directions; direction++)
            {
                int at = layer * Directions + direction;
                parameters[at] = [.. equations.Stores.Select(store => Add(
                    store.Name + SuffixOf(at),
                    store.Columns == 0 ? [store.Rows] : [store.Rows, store.Columns],
                    store.Role switch { ParameterRole.InputBias or ParameterRole.StateBias => ParameterKind.Bias, ParameterRole.Gain => ParameterKind.Gain, _ => ParameterKind.Weight },
                    new CellInitializer(equations, store, Options)))];
                executors[at] = new CellExecutor(cell, features, size, parameters[at], noise: regularization) { StepByStep = Options.StepByStep };
            }
            if (!executors[layer * Directions].IsRecurrent.Contains(true) && (regularization.StateDropout > 0 || regularization.WeightDrop > 0))
                throw new BadUsageException($"{(regularization.StateDropout > 0 ? "dropout on states" : "weight drop")} acts where a matrix multiplies a state, and the cell {cell.Name} has no such matrix; leave it out, or use zoneout or dropout on inputs and outputs.");
            States = equations.States.Count;
            features = equations.OutputValue!.Size * Directions;
            LayerConnection connection = layer == 0 ? LayerConnection.None : Options.Connection;
            if (Options.LayerNorm || connection != LayerConnection.None) joins[layer] = Add($"join_l{layer}", new LayerJoin(features, Options.LayerNorm, connection));
        }
        OutputSize = features;
    }

    /// <summary>The cell.</summary>
    public Cell Cell { get; }
    /// <summary>Features of the input.</summary>
    public int InputSize { get; }
    /// <summary>The cell's hidden size in all layers but perhaps the last (<see cref="RecurrentOptions.LastHiddenSize"/>).</summary>
    public int HiddenSize { get; }
    /// <summary>Features of the output: the cell's, times the directions.</summary>
    public int OutputSize { get; }
    /// <summary>Layers, directions, dropout and first values.</summary>
    public RecurrentOptions Options { get; }
    internal int Directions { get; }
    internal int States { get; }

    /// <summary>Multiply-adds of one step of one sequence, forward.</summary>
    public long MultiplyAddsPerStep => executors.Sum(e => e.Equations.MultiplyAdds) + joins.Sum(join => join?.MultiplyAddsPerStep ?? 0);

    /// <summary>Bytes of memory that the layers take while they run, beside inputs, outputs, parameters and optimizer: what every step keeps for
    /// the backward pass, or in inference what a window of steps needs, however long the sequences.</summary>
    /// <param name="batch">Sequences.</param>
    /// <param name="time">Steps of each.</param>
    /// <param name="training">Whether a backward pass follows.</param>
    /// <exception cref="ArgumentOutOfRangeException">batch or time is negative.</exception>
    public long WorkingBytes(int batch, int time, bool training)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(batch);
        ArgumentOutOfRangeException.ThrowIfNegative(time);
        // In training each layer waits for its backward pass; in inference one ends before the next begins.
        var bytes = executors.Select(executor => executor.WorkingBytes(batch, time, training, Options.Recompute));
        long between = joins.Sum(join => join?.FloatsPerStep ?? 0) * sizeof(float) * batch * time;
        return (training ? bytes.Sum() : bytes.Max()) + between;
    }

    /// <summary>Runs the network over a batch of sequences.</summary>
    /// <param name="x">[batch, time, <see cref="InputSize"/>].</param>
    /// <param name="initial">The states before the first step; zero if left out.</param>
    /// <param name="lengths">Steps of each sequence, in any order, zero allowed; all of x if left out. Output beyond a length is zero, and the
    /// final state is the one after a sequence's own last step.</param>
    /// <returns>The output of the last layer, [batch, time, <see cref="OutputSize"/>], and the final states.</returns>
    /// <exception cref="ShapeException">x, a state or the lengths do not fit.</exception>
    public (Tensor Output, RecurrentState State) Forward(Tensor x, RecurrentState initial = default, ReadOnlySpan<int> lengths = default)
    {
        Check(x, initial, lengths);
        int count = Options.Layers * Directions * States;
        Tape? tape = Tape.Current;
        Tensor[] final = tape is null ? new Tensor[count] : tape.NextList(count);
        Tensor[]? first = initial.IsEmpty ? null : initial.Tensors;
        bool noisy = tape is { Training: true } && Options.Regularization.IsWithinSteps;
        x = inputDropout.Forward(x);
        for (int layer = 0; layer < Options.Layers; layer++)
        {
            Tensor below = x;
            if (layer > 0) x = dropout.Forward(x);
            OperationCall call = OperationCall.Start(RecurrentOperation.Instance).With(x);
            for (int direction = 0; direction < Directions; direction++)
                AddParameters(call, layer * Directions + direction, noisy);
            if (first is not null)
                for (int i = 0; i < Directions * States; i++) call.With(first[layer * Directions * States + i]);
            ulong key = noisy ? tape!.Random.NextUInt64() : 0;
            call.WithInteger(layer * Directions).WithInteger(first is null ? 0 : 1).WithInteger(noisy ? 1 : 0).WithInteger((int)(uint)key).WithInteger((int)(uint)(key >> 32)).WithIntegers(lengths).WithContext(this);
            x = call.Run();
            for (int i = 0; i < Directions * States; i++) final[layer * Directions * States + i] = call.Result(1 + i);
            if (joins[layer] is { } join) x = join.Forward(below, x, lengths);
        }
        return (outputDropout.Forward(x), new RecurrentState(final, tape, Directions, States));
    }

    /// <summary>What the last layer puts out after each sequence's last step, of the backward direction after its first: for any cell, also where that is not a state.</summary>
    /// <param name="output">[batch, time, <see cref="OutputSize"/>], as <see cref="Forward"/> returned it.</param>
    /// <param name="lengths">Steps of each sequence; all of the output if left out.</param>
    /// <returns>[batch, <see cref="OutputSize"/>], zeros for a sequence of no steps.</returns>
    internal Tensor Last(Tensor output, ReadOnlySpan<int> lengths)
    {
        Tensor last = lengths.IsEmpty ? output.Select(1, output.Shape[1] - 1) : LastStep.Apply(output, lengths);
        if (!Options.Bidirectional) return last;
        int half = OutputSize / 2;
        return Tensor.Concat(1, last.Slice(1, 0, half), output.Select(1, 0).Slice(1, half, half));
    }

    /// <summary>A state of zeros that outlives the steps of a tape, to carry from one to the next with <see cref="RecurrentState.CopyTo"/>.</summary>
    /// <param name="batch">Sequences.</param>
    public RecurrentState NewState(int batch)
    {
        var tensors = new Tensor[Options.Layers * Directions * States];
        for (int i = 0; i < tensors.Length; i++)
        {
            var node = new TensorNode();
            int size = executors[i / States].Equations.States[i % States].Previous.Size;
            node.Hold(GC.AllocateArray<float>(batch * size, pinned: true), [batch, size]);
            tensors[i] = new Tensor(node);
        }
        return new RecurrentState(tensors, null, Directions, States);
    }

    /// <summary>The layer as something that is given one step at a time and keeps its state.</summary>
    /// <param name="batch">Sequences side by side.</param>
    /// <exception cref="BadUsageException">The layer is bidirectional.</exception>
    /// <exception cref="ArgumentOutOfRangeException">batch is below 1.</exception>
    public RecurrentSession NewSession(int batch = 1) => new(this, batch);

    /// <summary>How the matrices are kept for inference: <see cref="Forward"/> where no gradients are asked for, and sessions. Training is not touched. Set it while no other
    /// thread runs the layer. Every batch size computes with the same rounded weights; bfloat16 is faster for up to three sequences at a time, 8 bits for any number.
    /// A product of more than 133,144 features with 8-bit weights is refused when the layer is run (<see cref="BadUsageException"/>).</summary>
    /// <exception cref="ArgumentOutOfRangeException">No such format.</exception>
    public WeightFormat InferenceWeights
    {
        get => (WeightFormat)executors[0].Format;
        set
        {
            if (!Enum.IsDefined(value)) throw new ArgumentOutOfRangeException(nameof(value), value, "use Float32, BFloat16 or Int8.");
            foreach (CellExecutor executor in executors) executor.Format = (PanelFormat)value;
        }
    }

    /// <summary>What the tensors of a <see cref="RecurrentState"/> are called and how many features they have, in their order: h_l0, c_l0, h_l0_reverse ….</summary>
    internal IEnumerable<(string Name, int Size)> StateNames => executors.SelectMany((executor, at) => executor.Equations.States.Select(state =>
        (state.Name + SuffixOf(at), state.Previous.Size)));

    /// <summary>What the names of a layer and direction end with, as in PyTorch: _l0, _l0_reverse.</summary>
    /// <param name="at">The layer and direction: layer · directions + direction.</param>
    internal string SuffixOf(int at) => $"_l{at / Directions}{(at % Directions == 1 ? "_reverse" : "")}";

    /// <summary>Whether a direction reads each sequence from its end.</summary>
    internal bool IsReversed(int direction) => Options.Reversed || direction == 1;

    /// <summary>A state of tensors in the order of <see cref="StateNames"/>.</summary>
    internal RecurrentState StateOf(Tensor[] tensors) => new(tensors, Tape.Current, Directions, States);

    internal CellExecutor Executor(int index) => executors[index];

    internal LayerJoin? Join(int layer) => joins[layer];

    internal RecurrentWorkspaces RentWorkspaces(int first)
    {
        lock (idle)
            if (idle[first] is { Count: > 0 } stack) return stack.Pop();
        return new RecurrentWorkspaces(this, first);
    }

    internal void ReturnWorkspaces(int first, RecurrentWorkspaces workspaces)
    {
        lock (idle) (idle[first] ??= []).Push(workspaces);
    }

    private void AddParameters(OperationCall call, int index, bool noisy)
    {
        float drop = noisy ? Options.Regularization.WeightDrop : 0;
        for (int p = 0; p < parameters[index].Length; p++)
        {
            Tensor weights = parameters[index][p].Tensor;
            call.With(drop > 0 && executors[index].IsRecurrent[p] ? weights.Dropout(drop, Tape.Current!.Random) : weights);
        }
    }

    private void Check(Tensor x, RecurrentState initial, ReadOnlySpan<int> lengths)
    {
        Shape shape = x.Shape;
        if (shape.Rank != 3 || shape[2] != InputSize)
            throw new ShapeException($"Recurrent ({Cell.Name}): x is {shape}; it must be [batch, time, {InputSize}].");
        if (!lengths.IsEmpty && lengths.Length != shape[0])
            throw new ShapeException($"Recurrent ({Cell.Name}): {lengths.Length} lengths for a batch of {shape[0]}; give one for each sequence.");
        foreach (int length in lengths)
            if (length < 0 || length > shape[1])
                throw new ShapeException($"Recurrent ({Cell.Name}): a length is {length}; x {shape} has room for 0 to {shape[1]} steps.");
        if (initial.IsEmpty) return;
        if (initial.Count != Options.Layers * Directions * States)
            throw new ShapeException($"Recurrent ({Cell.Name}): the initial state has {initial.Count} tensors; {Options.Layers} layers × {Directions} directions × {States} states make {Options.Layers * Directions * States}.");
        for (int i = 0; i < initial.Count; i++)
        {
            Shape expected = [shape[0], executors[i / States].Equations.States[i % States].Previous.Size];
            if (initial.Tensors[i].Shape != expected)
                throw new ShapeException($"Recurrent ({Cell.Name}): an initial state is {initial.Tensors[i].Shape}; for this batch it must be {expected}.");
        }
    }
}
