using Unroll.Cells;
using Unroll.Equations;
using Unroll.Exchange;
using Unroll.Layers;
using Unroll.Onnx.Messages;
using Unroll.Tensors;

namespace Unroll.Onnx;

/// <summary>Writes a recurrent layer: as ONNX's own operator where the cell's equations are that operator's, as a loop over the equations (Scan) where they are not.</summary>
internal static class RecurrentNodes
{
    /// <summary>Where ONNX has PyTorch's gates: i, f, g, o are i, o, f, c there, and r, z, n are z, r, h.</summary>
    private static readonly Dictionary<NativeKind, (string Operator, int[] Gates)> Operators = new()
    {
        [NativeKind.Rnn] = ("RNN", [0]),
        [NativeKind.Lstm] = ("LSTM", [0, 3, 1, 2]),
        [NativeKind.Gru] = ("GRU", [1, 0, 2]),
    };

    private static readonly string[] Biases = ["bias_ih", "bias_hh"], Peepholes = ["p_i", "p_o", "p_f"];

    private static readonly Dictionary<ElementwiseOperation, string> Elementwise = new()
    {
        [ElementwiseOperation.Add] = "Add",
        [ElementwiseOperation.Subtract] = "Sub",
        [ElementwiseOperation.Multiply] = "Mul",
        [ElementwiseOperation.Divide] = "Div",
        [ElementwiseOperation.Maximum] = "Max",
        [ElementwiseOperation.Sigmoid] = "Sigmoid",
        [ElementwiseOperation.Tanh] = "Tanh",
        [ElementwiseOperation.Relu] = "Relu",
        [ElementwiseOperation.Exp] = "Exp",
        [ElementwiseOperation.Log] = "Log",
        [ElementwiseOperation.Softplus] = "Softplus",
        [ElementwiseOperation.SquareRoot] = "Sqrt",
        [ElementwiseOperation.Sine] = "Sin",
        [ElementwiseOperation.Cosine] = "Cos",
        [ElementwiseOperation.Absolute] = "Abs",
    };

    /// <summary>Whether an operation of the equations can be written; those of derivatives need not be.</summary>
    public static bool Knows(ElementwiseOperation operation) => Elementwise.ContainsKey(operation) || operation == ElementwiseOperation.Positive;

    /// <summary>Writes a call of <see cref="RecurrentOperation"/>.</summary>
    public static void Write(PairedCall call)
    {
        var layers = (Recurrent)call.Context!;
        // The parameters of a layer in a direction come after x, then the initial states.
        int first = call.Integer(0), states = layers.States, parameters = 1 + layers.Directions * layers.Executor(first).Parameters.Length;
        string[]? initial = call.Integer(1) == 0 ? null : [.. Enumerable.Range(parameters, layers.Directions * states).Select(call.Input)];
        string? lengths = call.Whole([call.InputShape(0)[0]]);
        if (layers.Cell.Native is { IsOnnx: true } form && layers.Options.Regularization.Zoneout == 0)
            WriteNative(call, layers, first, Array.ConvertAll([.. Enumerable.Range(0, layers.Directions)], direction => new NativeLayer(form, layers, first + direction)), initial, lengths);
        else
            WriteScans(call, layers, first, initial, lengths);
    }

    private static void WriteNative(PairedCall call, Recurrent layers, int first, NativeLayer[] directions, string[]? initial, string? lengths)
    {
        GraphBuilder graph = call.Graph;
        NativeForm form = directions[0].Form;
        (string name, int[] order) = Operators[form.Kind];
        int count = directions.Length, states = layers.States, size = layers.Executor(first).HiddenSize, features = layers.Executor(first).InputSize;
        string Stored(string what, float[] values, params int[] shape) => graph.Initializer($"{directions[0].Prefix}{what}{directions[0].Suffix}", values, [count, .. shape]);

        var tensors = directions.Select(direction => direction.Values().ToDictionary(pair => pair.Tensor.Name, pair => pair.Values)).ToArray();
        float[] Blocks(string what, int block) => [.. tensors.SelectMany(of => order.SelectMany(gate => of[what].AsSpan(gate * block, block).ToArray()))];
        float[] biases = [.. tensors.SelectMany(of => Biases.SelectMany(what => order.SelectMany(gate => of[what].AsSpan(gate * size, size).ToArray())))];

        string[] inputs =
        [
            graph.Node("Transpose", [call.Input(0)], ("perm", (long[])[1, 0, 2])),
            Stored("W", Blocks("weight_ih", size * features), order.Length * size, features),
            Stored("R", Blocks("weight_hh", size * size), order.Length * size, size),
            Stored("B", biases, 2 * order.Length * size),
            lengths is null ? "" : graph.Node("Cast", [lengths], ("to", (long)TensorProto.Types.DataType.Int32)),
            .. Enumerable.Range(0, states).Select(Initial),
        ];
        if (form.HasPeepholes) inputs = [.. inputs, Stored("P", [.. directions.SelectMany(direction => Peepholes.SelectMany(direction.VectorOf))], 3 * size)];

        string[] outputs = graph.Nodes(name, inputs, 1 + states, [.. Attributes(form, count, layers.IsReversed(0), size)]);
        // [time, directions, batch, size]
        string y = graph.Node("Transpose", [outputs[0]], ("perm", (long[])[2, 0, 1, 3]));
        call.SetOutput(0, graph.Node("Reshape", [y, graph.Constant(0, 0, count * size)]));
        // Of a sequence of no steps the state stays as it was; ONNX says nothing of it, and ONNX Runtime gives zeros.
        string? any = lengths is null || initial is null ? null : graph.Node("Unsqueeze", [graph.Node("Greater", [lengths, graph.Constant(0L)]), graph.Constant(1L)]);
        for (int i = 0; i < count * states; i++)
        {
            string last = graph.Node("Gather", [outputs[1 + i % states], graph.Scalar(i / states)], ("axis", 0L));
            call.SetOutput(1 + i, any is null ? last : graph.Node("Where", [any, last, initial![i]]));
        }

        string Initial(int state)
        {
            if (initial is null) return "";
            string[] ofDirections = [.. Enumerable.Range(0, count).Select(direction => graph.Node("Unsqueeze", [initial[direction * states + state], graph.Constant(0L)]))];
            return ofDirections.Length == 1 ? ofDirections[0] : graph.Node("Concat", ofDirections, ("axis", 0L));
        }
    }

    private static IEnumerable<(string, object)> Attributes(NativeForm form, int directions, bool isReversed, int size)
    {
        yield return ("hidden_size", (long)size);
        if (directions == 2) yield return ("direction", "bidirectional");
        else if (isReversed) yield return ("direction", "reverse");
        if (form.Kind == NativeKind.Gru && !form.ResetsBefore) yield return ("linear_before_reset", 1L);
        if (form.IsCoupled) yield return ("input_forget", 1L);
        Activation[] activations = form.Kind == NativeKind.Rnn ? [form.Activation] : form.Kind == NativeKind.Lstm ? [Activation.Sigmoid, form.Squashing.Candidate, form.Squashing.Output] : [];
        if (activations.All(activation => activation is Activation.Tanh or Activation.Sigmoid) && form.Squashing == (Activation.Tanh, Activation.Tanh) && form.Activation == Activation.Tanh) yield break;
        yield return ("activations", Enumerable.Repeat(activations, directions).SelectMany(of => of).Select(activation => activation == Activation.Identity ? "Affine" : activation.ToString()).ToArray());
        // Affine is αx + β; what takes neither has no numbers in these lists.
        int affine = directions * activations.Count(activation => activation == Activation.Identity);
        if (affine == 0) yield break;
        yield return ("activation_alpha", Enumerable.Repeat(1f, affine).ToArray());
        yield return ("activation_beta", Enumerable.Repeat(0f, affine).ToArray());
    }

    private static void WriteScans(PairedCall call, Recurrent layers, int first, string[]? initial, string? lengths)
    {
        GraphBuilder graph = call.Graph;
        SizeExpression[] shape = call.InputShape(0);
        string? within = lengths is null ? null : graph.Node("Unsqueeze", [call.Writer.Mask(lengths, shape[1]), graph.Constant(2L)]);
        var outputs = new string[layers.Directions];
        for (int direction = 0; direction < layers.Directions; direction++)
        {
            CellEquations equations = layers.Executor(first + direction).Equations;
            string[] states = [.. equations.States.Select((state, i) => initial?[direction * layers.States + i]
                ?? graph.Node("Expand", [graph.Constant(0f), call.Writer.Shape([shape[0], new SizeExpression(state.Previous.Size, new int[shape[0].Powers.Length])])]))];
            var body = new CellBody(graph, equations, layers.Executor(first + direction).Parameters, hasMask: within is not null);
            string[] scans = within is null ? [call.Input(0)] : [call.Input(0), within];
            long backward = layers.IsReversed(direction) ? 1 : 0;
            string[] results = graph.Nodes("Scan", [.. states, .. scans], states.Length + 1, ("body", body.Write()), ("num_scan_inputs", (long)scans.Length),
                ("scan_input_axes", Filled(1)), ("scan_output_axes", (long[])[1]), ("scan_input_directions", Filled(backward)), ("scan_output_directions", (long[])[backward]));
            for (int i = 0; i < states.Length; i++) call.SetOutput(1 + direction * layers.States + i, results[i]);
            outputs[direction] = results[^1];

            long[] Filled(long value) => [.. scans.Select(_ => value)];
        }
        call.SetOutput(0, outputs.Length == 1 ? outputs[0] : graph.Node("Concat", outputs, ("axis", 2L)));
    }

    /// <summary>A cell's equations as the body of a loop: the states before a step and its input come in, the states after it and its output go out.</summary>
    private sealed class CellBody(GraphBuilder outer, CellEquations equations, Parameter[] parameters, bool hasMask)
    {
        private readonly GraphBuilder _graph = new("step", outer);
        private readonly Dictionary<Expression, string> _values = [];
        private string _x = "";

        public GraphProto Write()
        {
            string stem = _graph.NewName(parameters[0].Name + ".step") + ".";
            const TensorProto.Types.DataType real = TensorProto.Types.DataType.Float;
            foreach (StateEquation state in equations.States) _values[state.Previous] = _graph.Input(stem + state.Name, real, [("batch", 0), (null, state.Previous.Size)]);
            _values[equations.Input] = _x = _graph.Input(stem + "x", real, [("batch", 0), (null, equations.InputSize)]);
            string? within = hasMask ? _graph.Input(stem + "within", TensorProto.Types.DataType.Bool, [("batch", 0), (null, 1)]) : null;
            foreach (StateEquation state in equations.States)
            {
                string next = Whole(state.Next!);
                // Beyond a sequence's end its states stay.
                if (within is not null) next = _graph.Node("Where", [within, next, _values[state.Previous]]);
                _graph.Output($"{stem}{state.Name}_next", next, real, [("batch", 0), (null, state.Previous.Size)]);
            }
            string output = Whole(equations.OutputValue!);
            if (within is not null) output = _graph.Node("Where", [within, output, _graph.Constant(0f)]);
            _graph.Output(stem + "output", output, real, [("batch", 0), (null, equations.OutputValue!.Size)]);
            return _graph.Finish();
        }

        /// <summary>A value with a row for each sequence, also where all rows are the same.</summary>
        private string Whole(Expression e)
        {
            if (!e.IsFixed && !(e.IsCopy && e.A!.IsFixed)) return Value(e);
            return _graph.Node("Expand", [Value(e), _graph.Node("Concat", [_graph.Node("Shape", [_x], ("start", 0L), ("end", 1L)), _graph.Constant((long)e.Size)], ("axis", 0L))]);
        }

        private string Value(Expression e)
        {
            if (_values.TryGetValue(e, out string? known)) return known;
            return _values[e] = e.Kind switch
            {
                ExpressionKind.Constant => _graph.Constant((float)e.Value),
                ExpressionKind.Vector => Stored(e.Vector!),
                ExpressionKind.Mean => _graph.Node("Expand", [_graph.Node("ReduceMean", [Value(e.A!), _graph.Constant(-1L)]), _graph.Constant(1, e.Size)]),
                ExpressionKind.Affine => Affine(e),
                ExpressionKind.Elementwise when e.Operation == ElementwiseOperation.Positive =>
                    _graph.Node("Cast", [_graph.Node("Greater", [Value(e.A!), _graph.Constant(0f)])], ("to", (long)TensorProto.Types.DataType.Float)),
                ExpressionKind.Elementwise => _graph.Node(Elementwise[e.Operation!], e.B is null ? [Value(e.A!)] : [Value(e.A!), Value(e.B)]),
                _ => throw new InvalidOperationException($"{equations.CellName}: {e.Kind} has no place in a step."),
            };
        }

        private string Affine(Expression e)
        {
            string? sum = null;
            foreach (AffineTerm term in e.Terms)
            {
                MatrixParameter matrix = term.Matrix;
                string weights = outer.Initializer($"{parameters[matrix.Store.Index].Name}.{matrix.Name}", parameters[matrix.Store.Index].Values.Slice(matrix.FirstRow * matrix.Columns, matrix.Rows * matrix.Columns), [matrix.Rows, matrix.Columns]);
                Add(_graph.Node("MatMul", [Value(term.Vector), term.Transposed ? weights : outer.Node("Transpose", [weights], ("perm", (long[])[1, 0]))]));
            }
            if (e.Vector is not null) Add(Stored(e.Vector));
            if (e.A is not null) Add(Value(e.A));
            return sum!;

            void Add(string term) => sum = sum is null ? term : _graph.Node("Add", [sum, term]);
        }

        private string Stored(VectorParameter vector)
        {
            Parameter parameter = parameters[vector.Store.Index];
            return outer.Initializer($"{parameter.Name}.{vector.Name}", parameter.Values.Slice(vector.First, vector.Size), [vector.Size]);
        }
    }
}
