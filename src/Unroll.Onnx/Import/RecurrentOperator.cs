using Unroll.Cells;
using Unroll.Equations;
using Unroll.Files;
using Unroll.Layers;
using Unroll.Onnx.Messages;
using Unroll.Tensors;

namespace Unroll.Onnx.Import;

/// <summary>An RNN, GRU or LSTM node as layers, one for each direction over the operator's equations. Its weights come from the node's W, R, B and P, and go back there.</summary>
internal sealed class RecurrentOperator : Module
{
    // Inputs of the three operators; initial_c and P are the LSTM's.
    private const int X = 0, SequenceLengths = 4, InitialH = 5, InitialC = 6;

    /// <summary>The inputs that are weights: W, R, B and P.</summary>
    public static IReadOnlyList<int> WeightInputs { get; } = [1, 2, 3, 7];

    /// <summary>Whether an input of a node is one of a recurrent layer's weights.</summary>
    public static bool IsWeight(GraphNode node, int input) => node.IsRecurrent && WeightInputs.Contains(input);

    private readonly NativeKind _kind;
    private readonly Recurrent[] _directions;
    private readonly TensorProto?[] _weights;
    private readonly bool _batchFirst;

    /// <param name="file">The file's name, for errors.</param>
    /// <param name="node">The node.</param>
    /// <param name="weights">Its W, R, B and P; null for one left out.</param>
    /// <exception cref="BadInputException">An attribute or the shape of a weight does not make sense.</exception>
    public RecurrentOperator(string file, GraphNode node, TensorProto?[] weights)
    {
        _weights = weights;
        _kind = node.Operator switch { "LSTM" => NativeKind.Lstm, "GRU" => NativeKind.Gru, _ => NativeKind.Rnn };
        int gates = OnnxCell.GatesOf(_kind).Length;
        string direction = node.Text("direction", "forward");
        int count = direction switch { "forward" or "reverse" => 1, "bidirectional" => 2, _ => throw node.Bad($"has the direction {OneLine.Quote(direction)}; expected forward, reverse or bidirectional") };
        _batchFirst = node.Flag("layout");

        Shape w = ShapeOf(0, "W", 3)!.Value, r = ShapeOf(1, "R", 3)!.Value;
        int size = r[2], features = w[2];
        Expect("W", w, [count, gates * size, features]);
        Expect("R", r, [count, gates * size, size]);
        if (size == 0 || features == 0) throw node.Bad($"has W {w} and R {r}; every size must be 1 or more");
        if (node.Integer("hidden_size", size) is var said && said != size) throw node.Bad($"has the hidden size {said}, and R {r} is one of {size}");
        if (ShapeOf(2, "B", 2) is { } b) Expect("B", b, [count, 2 * gates * size]);
        if (ShapeOf(3, "P", 2) is { } p) Expect("P", p, [count, OnnxCell.PeepholeGates.Length * size]);

        Activation[] activations = ReadActivations(node, count);
        float clip = node.Real("clip", float.PositiveInfinity);
        if (!(clip >= 0)) throw node.Bad($"has the clip {clip}; expected 0 or more");
        bool before = _kind == NativeKind.Gru && node.Flag("linear_before_reset"), coupled = _kind == NativeKind.Lstm && node.Flag("input_forget");
        _directions = new Recurrent[count];
        for (int d = 0; d < count; d++)
        {
            var cell = new OnnxCell(_kind, activations[(d * activations.Length / count)..((d + 1) * activations.Length / count)])
            {
                Clip = clip,
                Biases = weights[2] is not null,
                Peepholes = weights[3] is not null,
                LinearBeforeReset = before,
                InputForget = coupled,
            };
            bool reversed = d == 1 || direction == "reverse";
            _directions[d] = Add(reversed ? "reverse" : "forward", new Recurrent(cell, features, size, new RecurrentOptions { Reversed = reversed }));
        }
        Load();

        Shape? ShapeOf(int weight, string name, int rank)
        {
            if (weights[weight] is not { } tensor) return weight < 2 ? throw node.Bad($"lacks its {name}") : null;
            Shape shape = TensorMessage.ShapeOf(file, tensor);
            return !TensorMessage.IsFloat(tensor) ? throw node.Bad($"has whole numbers as {name}; expected single precision")
                : shape.Rank == rank ? shape : throw node.Bad($"has {name} {shape}; expected {rank} dimensions");
        }

        void Expect(string name, Shape found, Shape expected)
        {
            if (found != expected) throw node.Bad($"has {name} {found}; with the direction {direction} and the other weights it must be {expected}");
        }
    }

    /// <summary>Runs the node.</summary>
    /// <returns>Y; Y_h and Y_c are set.</returns>
    public OnnxValue Run(NodeCall call)
    {
        Tensor x = call.Tensor(X);
        if (x.Shape.Rank != 3 || x.Shape[2] != _directions[0].InputSize)
            throw call.Node.Bad($"has X {x.Shape}; expected {(_batchFirst ? "[batch, time, " : "[time, batch, ")}{_directions[0].InputSize}]");
        int batchAxis = _batchFirst ? 0 : 1, directionAxis = _batchFirst ? 1 : 0, batch = x.Shape[batchAxis];
        if (!_batchFirst) x = x.Permute(1, 0, 2);
        int[] lengths = call.Has(SequenceLengths) ? ReadLengths(call, batch, x.Shape[1]) : [];
        Tensor? initialH = Initial(call, InitialH, batch), initialC = _kind == NativeKind.Lstm ? Initial(call, InitialC, batch) : null;

        var (y, h, c) = (new Tensor[_directions.Length], new Tensor[_directions.Length], new Tensor[_directions.Length]);
        for (int d = 0; d < _directions.Length; d++)
        {
            var (output, state) = _directions[d].Forward(x, First(d), lengths);
            (y[d], h[d]) = (output, state[0]);
            if (_kind == NativeKind.Lstm) c[d] = state[0, 1];
        }
        if (call.Gives(1)) call.Set(1, Tensor.Stack(directionAxis, h));
        if (call.Gives(2)) call.Set(2, Tensor.Stack(directionAxis, c));
        // Y has the directions before the features, or before the batch: [batch, time, directions, features] or [time, directions, batch, features].
        return !call.Gives(0) ? default : _batchFirst ? Tensor.Stack(2, y) : Tensor.Stack(1, Array.ConvertAll(y, of => of.Permute(1, 0, 2)));

        RecurrentState First(int direction)
        {
            if (initialH is null && initialC is null) return default;
            Tensor Of(Tensor? states) => states is { } given ? given.Select(directionAxis, direction) : Tensor.Zeros([batch, _directions[0].HiddenSize]);
            return _kind == NativeKind.Lstm ? RecurrentState.Of(Of(initialH), Of(initialC)) : RecurrentState.Of(Of(initialH));
        }
    }

    /// <summary>Writes the parameters back to W, R, B and P. What of these the equations do not read stays as it was.</summary>
    public void Store()
    {
        foreach (var (weight, values) in Values())
        {
            foreach (Place place in Places())
            {
                if (place.Weight != weight) continue;
                Span<float> at = values.AsSpan(place.At, place.Count);
                if (place.OtherAt < 0) place.Numbers.CopyTo(at);
                else StoreSum(place.Numbers, at, values.AsSpan(place.OtherAt, place.Count));
            }
            TensorMessage.Store(_weights[weight]!, values);
        }
    }

    private void Load()
    {
        foreach (var (weight, values) in Values())
            foreach (Place place in Places())
            {
                if (place.Weight != weight) continue;
                values.AsSpan(place.At, place.Count).CopyTo(place.Numbers);
                for (int i = 0; i < place.Count && place.OtherAt >= 0; i++) place.Numbers[i] += values[place.OtherAt + i];
                place.Parameter.Changed();
            }
    }

    // Of two biases that are only added, one is kept. Where training has not changed their sum both go back as they were.
    private static void StoreSum(ReadOnlySpan<float> sum, Span<float> one, Span<float> other)
    {
        for (int i = 0; i < sum.Length; i++)
            if (one[i] + other[i] != sum[i]) (one[i], other[i]) = (sum[i], 0);
    }

    private IEnumerable<(int Weight, float[] Values)> Values()
    {
        for (int weight = 0; weight < _weights.Length; weight++)
            if (_weights[weight] is { } tensor) yield return (weight, TensorMessage.Floats(tensor));
    }

    /// <summary>Where numbers of a weight of ONNX's lie in a parameter; those at the second place, if there is one, are added to them.</summary>
    private readonly record struct Place(int Weight, int At, int OtherAt, Parameter Parameter, int First, int Count)
    {
        public Span<float> Numbers => Parameter.Values.Slice(First, Count);
    }

    private IEnumerable<Place> Places()
    {
        string gates = OnnxCell.GatesOf(_kind);
        for (int d = 0; d < _directions.Length; d++)
        {
            CellExecutor executor = _directions[d].Executor(0);
            CellEquations equations = executor.Equations;
            int size = _directions[d].HiddenSize;
            foreach (MatrixParameter matrix in equations.Matrices)
            {
                int count = size * matrix.Columns;
                yield return new Place(matrix.Name[0] == 'W' ? 0 : 1, (d * gates.Length + gates.IndexOf(matrix.Name[^1], StringComparison.Ordinal)) * count, -1,
                    executor.Parameters[matrix.Store.Index], matrix.FirstRow * matrix.Columns, count);
            }
            foreach (VectorParameter vector in equations.Vectors)
            {
                char gate = vector.Name[^1];
                Parameter parameter = executor.Parameters[vector.Store.Index];
                int place = gates.IndexOf(gate, StringComparison.Ordinal), ofInput = (2 * d * gates.Length + place) * size, ofState = ofInput + gates.Length * size;
                if (vector.Name[0] == 'p') yield return new Place(3, (d * OnnxCell.PeepholeGates.Length + OnnxCell.PeepholeGates.IndexOf(gate, StringComparison.Ordinal)) * size, -1, parameter, vector.First, size);
                else if (vector.Name == $"b′_{gate}") yield return new Place(2, ofState, -1, parameter, vector.First, size);
                else yield return new Place(2, ofInput, equations.Vectors.Exists(other => other.Name == $"b′_{gate}") ? -1 : ofState, parameter, vector.First, size);
            }
        }
    }

    private Activation[] ReadActivations(GraphNode node, int directions)
    {
        string[] standard = _kind switch { NativeKind.Lstm => ["Sigmoid", "Tanh", "Tanh"], NativeKind.Gru => ["Sigmoid", "Tanh"], _ => ["Tanh"] };
        string[] names = node.Texts("activations") ?? [.. Enumerable.Repeat(standard, directions).SelectMany(all => all)];
        float[] alphas = node.Reals("activation_alpha") ?? [], betas = node.Reals("activation_beta") ?? [];
        return names.Length == standard.Length * directions ? Activation.Read(node, names, alphas, betas)
            : throw node.Bad($"has {names.Length} activations; expected {standard.Length} for each of {directions} directions");
    }

    private static int[] ReadLengths(NodeCall call, int batch, int time)
    {
        IntegerTensor lengths = call.Integers(SequenceLengths);
        if (lengths.Shape != [batch]) throw call.Node.Bad($"has sequence_lens {lengths.Shape}; expected [{batch}]");
        return Array.ConvertAll(lengths.Values, length => length >= 0 && length <= time ? (int)length : throw call.Node.Bad($"has the sequence length {length}; expected one from 0 to {time}"));
    }

    private Tensor? Initial(NodeCall call, int input, int batch)
    {
        if (!call.Has(input)) return null;
        Tensor states = call.Tensor(input);
        int size = _directions[0].HiddenSize;
        Shape expected = _batchFirst ? [batch, _directions.Length, size] : [_directions.Length, batch, size];
        return states.Shape == expected ? states : throw call.Node.Bad($"has the initial state {states.Shape}; expected {expected}");
    }
}
