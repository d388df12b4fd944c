using Unroll.Files;
using Unroll.Onnx.Messages;
using Unroll.Tensors;

namespace Unroll.Onnx.Import;

/// <summary>An initializer that is trained.</summary>
/// <param name="Tensor">As the file has it.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Kind">What it does, by the node that reads it first.</param>
/// <param name="Slot">Its place among the graph's values.</param>
internal sealed record GraphParameter(TensorProto Tensor, Shape Shape, ParameterKind Kind, int Slot);

/// <summary>A graph made ready to run: its nodes in order, each reading and giving numbered values.</summary>
internal sealed class GraphSteps
{
    private static readonly string[] RecurrentOperators = ["RNN", "GRU", "LSTM"];

    private readonly string _file;
    private readonly List<Step> _steps = [];
    private readonly Dictionary<string, int> _slots = new(StringComparer.Ordinal);
    private readonly List<(int Slot, OnnxValue Value)> _constants = [];
    private readonly List<(int Slot, Parameter Parameter)> _parameters = [];
    private readonly Dictionary<string, int> _inputs = new(StringComparer.Ordinal);
    private readonly List<(string Name, int Slot)> _outputs = [];

    private sealed record Step(GraphNode Node, int[] Inputs, int[] Outputs, NodeFunction Function);

    /// <exception cref="BadInputException">The graph is not in order, or uses what is not known here.</exception>
    public GraphSteps(string file, GraphProto graph, long opset)
    {
        _file = file;
        GraphNode[] nodes = [.. graph.Node.Select((node, i) => new GraphNode(file, node, i, opset))];
        var weights = new RecurrentWeights(file, graph, nodes);
        Dictionary<string, (GraphNode Node, int Input)> readers = new(StringComparer.Ordinal);
        foreach (GraphNode node in nodes)
            for (int input = 0; input < node.Message.Input.Count; input++)
                if (!RecurrentOperator.IsWeight(node, input)) readers.TryAdd(node.Message.Input[input], (node, input));
        HashSet<string> read = [.. readers.Keys, .. graph.Output.Select(output => output.Name)];

        var parameters = new List<GraphParameter>();
        foreach (TensorProto tensor in graph.Initializer)
        {
            if (!read.Contains(tensor.Name)) continue;
            Shape shape = TensorMessage.ShapeOf(file, tensor);
            int slot = NewSlot(tensor.Name);
            // A number alone is a setting (an exponent, a small ε, a value for masked places) in the graphs of all exporters.
            if (TensorMessage.IsFloat(tensor) && shape.Rank > 0 && shape.Count > 0) parameters.Add(new GraphParameter(tensor, shape, KindOf(shape, readers.GetValueOrDefault(tensor.Name)), slot));
            else _constants.Add((slot, TensorMessage.Value(file, tensor)));
        }
        HashSet<string> initializers = [.. graph.Initializer.Select(tensor => tensor.Name)];
        // Files of the first versions list the initializers among the inputs.
        foreach (ValueInfoProto input in graph.Input.Where(input => !initializers.Contains(input.Name))) _inputs.Add(input.Name, NewSlot(input.Name));
        Inputs = [.. graph.Input.Where(input => !initializers.Contains(input.Name)).Select(OnnxInput.Of)];
        foreach (GraphNode node in nodes) Add(node, weights);
        foreach (ValueInfoProto output in graph.Output)
            _outputs.Add((output.Name, _slots.TryGetValue(output.Name, out int slot) ? slot : throw Bad($"has the output {OneLine.Quote(output.Name)}, which nothing computes")));
        if (_outputs.Count == 0) throw Bad("has no outputs");
        if (_outputs.Select(output => output.Name).Distinct().Count() < _outputs.Count) throw Bad("has an output twice");
        (Parameters, Recurrent) = (parameters, weights.Named());
    }

    public IReadOnlyList<OnnxInput> Inputs { get; }
    public IReadOnlyList<string> Outputs => [.. _outputs.Select(output => output.Name)];
    public IReadOnlyList<GraphParameter> Parameters { get; }

    /// <summary>The recurrent layers, each once, by names that no parameter's name begins with.</summary>
    public IReadOnlyList<(string Name, RecurrentOperator Module)> Recurrent { get; }

    /// <summary>Says which parameter an initializer has become.</summary>
    public void Bind(GraphParameter initializer, Parameter parameter) => _parameters.Add((initializer.Slot, parameter));

    public Dictionary<string, OnnxValue> Run(ReadOnlySpan<(string Name, OnnxValue Value)> inputs)
    {
        var values = new OnnxValue[_slots.Count];
        foreach (var (slot, value) in _constants) values[slot] = value;
        foreach (var (slot, parameter) in _parameters) values[slot] = parameter.Tensor;
        foreach (var (name, value) in inputs) Give(values, name, value);
        foreach (var (name, slot) in _inputs)
            if (values[slot].IsEmpty) throw new BadUsageException($"the network lacks a value for its input {OneLine.Quote(name)}; give one for each of {string.Join(", ", Inputs)}.");
        foreach (Step step in _steps)
        {
            var call = new NodeCall(step.Node, values, step.Inputs, step.Outputs);
            try
            {
                call.Set(0, step.Function(call));
            }
            catch (ShapeException exception)
            {
                throw new ShapeException($"{_file}: {step.Node.Title}: {exception.Message}");
            }
        }
        return _outputs.ToDictionary(output => output.Name, output => values[output.Slot], StringComparer.Ordinal);
    }

    private void Give(OnnxValue[] values, string name, OnnxValue value)
    {
        if (!_inputs.TryGetValue(name, out int slot)) throw new BadUsageException($"the network has no input {OneLine.Quote(name)}; it has {string.Join(", ", Inputs)}.");
        if (!values[slot].IsEmpty) throw new BadUsageException($"the input {OneLine.Quote(name)} is given twice; give it once.");
        if (value.IsEmpty) throw new BadUsageException($"the input {OneLine.Quote(name)} is no value; give a tensor or whole numbers.");
        bool wantsIntegers = Inputs.First(input => input.Name == name).IsInteger;
        if (value.IsInteger != wantsIntegers) throw new BadUsageException($"the input {OneLine.Quote(name)} is {(wantsIntegers ? "of whole numbers; give OnnxValue.Of(numbers, shape)" : "a tensor; give Tensor.From(numbers, shape)")}.");
        values[slot] = value;
    }

    private void Add(GraphNode node, RecurrentWeights weights)
    {
        if (!ModelReader.IsOnnx(node.Message.Domain)) throw node.Bad($"is of the domain {OneLine.Quote(node.Message.Domain)}; known are ONNX's own operators");
        Operator? known = node.IsRecurrent ? new Operator(3, node.Operator == "LSTM" ? 8 : 6, _ => weights.Of(node).Run) { Outputs = node.Operator == "LSTM" ? 3 : 2 }
            : Operator.TryGet(node.Operator, out Operator? found) ? found
            : throw node.Bad($"is not known here{(node.Operator is "Scan" or "Loop" or "If" ? ": loops and branches are not read, only RNN, GRU and LSTM nodes" : "")}; known operators are {string.Join(", ", Operator.Names.Concat(RecurrentOperators).Order(StringComparer.Ordinal))}");
        var (inputs, outputs) = (node.Message.Input, node.Message.Output);
        if (inputs.Count < known.Least || inputs.Count > known.Most || Enumerable.Range(0, known.Least).Any(i => !node.Has(i)))
            throw node.Bad($"has {inputs.Count(input => input.Length > 0)} inputs; expected {known.Least}{(known.Most == known.Least ? "" : known.Most == int.MaxValue ? " or more" : $" to {known.Most}")}");
        for (int i = known.Outputs; i < outputs.Count; i++)
            if (outputs[i].Length > 0) throw node.Bad($"gives a further output, {OneLine.Quote(outputs[i])}; {known.Outputs} are computed here");
        int[] slots = new int[inputs.Count];
        for (int i = 0; i < slots.Length; i++)
            slots[i] = !node.Has(i) || RecurrentOperator.IsWeight(node, i) ? -1
                : _slots.TryGetValue(inputs[i], out int slot) ? slot : throw node.Bad($"reads {OneLine.Quote(inputs[i])}, which nothing before it computes");
        NodeFunction function = known.Prepare(node);
        node.CheckAllRead();
        _steps.Add(new Step(node, slots, [.. outputs.Select(output => output.Length == 0 ? -1 : NewSlot(output))], function));
    }

    private static ParameterKind KindOf(Shape shape, (GraphNode? Node, int Input) reader) => (reader.Node?.Operator, reader.Input) switch
    {
        ("Gather", 0) => ParameterKind.Embedding,
        ("LayerNormalization", 1) => ParameterKind.Gain,
        _ => shape.Rank < 2 ? ParameterKind.Bias : ParameterKind.Weight,
    };

    private int NewSlot(string name)
    {
        if (name.Length == 0) throw Bad("has a value without a name");
        return _slots.TryAdd(name, _slots.Count) ? _slots.Count - 1 : throw Bad($"computes {OneLine.Quote(name)} twice; names in a graph differ");
    }

    private BadInputException Bad(string what) => new($"{_file}: the graph {what}. Export it again.");
}
