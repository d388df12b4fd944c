using Google.Protobuf;
using Unroll.Files;
using Unroll.Onnx.Messages;

namespace Unroll.Onnx.Import;

/// <summary>The weights of a graph's recurrent nodes. A layer owns its weights: nodes with all of them in common share the layer, and where other nodes read one of them too - exporters keep equal
/// numbers once, as the zeros of two biases - the layer gets a copy, which is part of the graph when it is saved.</summary>
internal sealed class RecurrentWeights
{
    private readonly string _file;
    private readonly GraphProto _graph;
    private readonly Dictionary<string, TensorProto> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<GraphNode, string> _keys;
    // Which set of weights a value belongs to; null for one that is read otherwise, or in several.
    private readonly Dictionary<string, string?> _sets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (RecurrentOperator Module, GraphNode Node)> _modules = new(StringComparer.Ordinal);
    private long _mayCopy;

    /// <exception cref="BadInputException">A name stands for two tensors.</exception>
    public RecurrentWeights(string file, GraphProto graph, GraphNode[] nodes)
    {
        (_file, _graph, _mayCopy) = (file, graph, 2L * graph.CalculateSize());
        foreach (TensorProto tensor in graph.Initializer)
            if (!_tensors.TryAdd(tensor.Name, tensor)) throw new BadInputException($"{file}: the graph has the initializer {OneLine.Quote(tensor.Name)} twice; names in a graph differ. Export it again.");
        foreach (NodeProto node in graph.Node)
            if (node is { OpType: "Constant", Output.Count: 1 } && node.Attribute.FirstOrDefault(attribute => attribute.Name == "value")?.T is { } value) _tensors.TryAdd(node.Output[0], value);
        _keys = nodes.Where(node => node.IsRecurrent).ToDictionary(node => node, KeyOf);
        foreach (GraphNode node in nodes)
            foreach (var (i, name) in node.Message.Input.Index())
            {
                string? set = RecurrentOperator.IsWeight(node, i) ? _keys[node] : null;
                if (!_sets.TryAdd(name, set) && _sets[name] != set) _sets[name] = null;
            }
        foreach (ValueInfoProto output in graph.Output) _sets[output.Name] = null;
    }

    /// <summary>The layer of a node.</summary>
    /// <exception cref="BadInputException">Its weights are no constants, or do not fit its attributes.</exception>
    public RecurrentOperator Of(GraphNode node)
    {
        if (_modules.TryGetValue(_keys[node], out var known))
        {
            node.TakeAsRead(known.Node);
            for (int i = 0; i < node.Message.Input.Count; i++)
                if (RecurrentOperator.IsWeight(node, i)) node.Message.Input[i] = known.Node.Message.Input[i];
            return known.Module;
        }
        TensorProto?[] own = [.. RecurrentOperator.WeightInputs.Select(input => node.Has(input) && RecurrentOperator.IsWeight(node, input) ? Own(node, input) : null)];
        var module = new RecurrentOperator(_file, node, own);
        _modules.Add(_keys[node], (module, node));
        return module;
    }

    /// <summary>The layers, named after their nodes: by names that no parameter's begins with.</summary>
    public IReadOnlyList<(string Name, RecurrentOperator Module)> Named()
    {
        // A module's name has no dot, and one ends it in its parameters' names.
        HashSet<string> taken = new(_tensors.Keys.Select(name => name.Split('.', 2)[0]), StringComparer.Ordinal);
        var named = new List<(string, RecurrentOperator)>();
        foreach (var (module, node) in _modules.Values)
        {
            string wanted = node.Message.Name.Replace('.', '/');
            string name = Free(string.IsNullOrWhiteSpace(wanted) ? $"{node.Operator}_{node.Number}" : wanted, taken);
            taken.Add(name);
            named.Add((name, module));
        }
        return named;
    }

    private TensorProto Own(GraphNode node, int input)
    {
        string name = node.Message.Input[input];
        if (!_tensors.TryGetValue(name, out TensorProto? tensor))
            throw node.Bad($"has weights {OneLine.Quote(name)} that the graph computes or is given; expected an initializer. Export the model with its constants folded");
        if (_sets[name] is not null) return tensor;
        // A small file may name large weights in many nodes.
        if ((_mayCopy -= tensor.CalculateSize()) < 0) throw node.Bad("shares its weights with others so often that the layers' own would take far more than the file; export the model with weights of its own for each");
        TensorProto copy = tensor.Clone();
        copy.Name = Free($"{name}_{node.Number}", _tensors.Keys);
        _tensors.Add(copy.Name, copy);
        _graph.Initializer.Add(copy);
        node.Message.Input[input] = copy.Name;
        return copy;
    }

    private static string Free(string name, ICollection<string> taken)
    {
        while (taken.Contains(name)) name += "'";
        return name;
    }

    /// <summary>What makes two nodes one layer: the operator, its attributes and its weights.</summary>
    private static string KeyOf(GraphNode node) => string.Join('\n',
        [node.Operator, .. node.Message.Input.Where((_, i) => RecurrentOperator.IsWeight(node, i)), .. node.Message.Attribute.Select(attribute => attribute.ToByteString().ToBase64()).Order(StringComparer.Ordinal)]);
}
