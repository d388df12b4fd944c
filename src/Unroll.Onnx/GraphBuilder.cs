using System.Runtime.InteropServices;
using Google.Protobuf;
using Unroll.Onnx.Messages;
using Unroll.Tensors;

namespace Unroll.Onnx;

/// <summary>Builds a graph of ONNX nodes. Values are their names; equal constants are one.</summary>
internal sealed class GraphBuilder
{
    /// <summary>As the end of a slice: to the end of the dimension.</summary>
    public const long ToTheEnd = long.MaxValue;

    private readonly GraphBuilder? _outer;
    private readonly Dictionary<string, string> _constants = new(StringComparer.Ordinal);
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly GraphProto _graph;

    /// <param name="name">The graph's name.</param>
    /// <param name="outer">Of the body of a loop the graph that it is in, whose values it reads by their names.</param>
    public GraphBuilder(string name, GraphBuilder? outer = null)
    {
        (_graph, _outer) = (new GraphProto { Name = name }, outer);
        if (outer is not null) _names = outer._names;
    }

    /// <summary>Adds an input.</summary>
    public string Input(string name, TensorProto.Types.DataType type, IEnumerable<(string? Name, long Value)> sizes)
    {
        _names.Add(name);
        _graph.Input.Add(Info(name, type, sizes));
        return name;
    }

    /// <summary>Makes a value an output, under a name of its own.</summary>
    public void Output(string name, string value, TensorProto.Types.DataType type, IEnumerable<(string? Name, long Value)> sizes)
    {
        if (!_names.Add(name)) throw new BadUsageException($"The graph has two values called '{name}'; give outputs names that no input and no parameter has.");
        _graph.Node.Add(new NodeProto { OpType = "Identity", Name = name, Input = { value }, Output = { name } });
        _graph.Output.Add(Info(name, type, sizes));
    }

    /// <summary>Adds a node of one output.</summary>
    /// <param name="operation">The operator.</param>
    /// <param name="inputs">Its inputs; empty for one that is left out.</param>
    /// <param name="attributes">Its attributes: long, long[], float, float[], string, string[] or <see cref="GraphProto"/>.</param>
    /// <returns>The output.</returns>
    public string Node(string operation, string[] inputs, params (string Name, object Value)[] attributes) => Nodes(operation, inputs, 1, attributes)[0];

    /// <summary>Adds a node of several outputs.</summary>
    public string[] Nodes(string operation, string[] inputs, int outputs, params (string Name, object Value)[] attributes)
    {
        string[] names = [.. Enumerable.Range(0, outputs).Select(_ => NewName(operation))];
        var node = new NodeProto { OpType = operation, Name = names[0], Input = { inputs }, Output = { names } };
        foreach ((string name, object value) in attributes) node.Attribute.Add(Attribute(name, value));
        _graph.Node.Add(node);
        return names;
    }

    /// <summary>Numbers under a name of their own, such as a parameter's.</summary>
    public string Initializer(string name, ReadOnlySpan<float> values, ReadOnlySpan<int> shape)
    {
        if (_outer is not null) return _outer.Initializer(name, values, shape);
        if (_names.Add(name)) Add(name, TensorProto.Types.DataType.Float, MemoryMarshal.AsBytes(values), shape);
        return name;
    }

    /// <summary>A parameter.</summary>
    public string Initializer(Parameter parameter) => Initializer(parameter.Name, parameter.Values, parameter.Shape.ToArray());

    /// <summary>Whole numbers.</summary>
    public string Constant(params ReadOnlySpan<long> values) => Constant(values, [values.Length]);

    /// <summary>A whole number without dimensions.</summary>
    public string Scalar(long value) => Constant([value], []);

    /// <summary>Real numbers.</summary>
    public string Constant(ReadOnlySpan<float> values, ReadOnlySpan<int> shape) => Constant(TensorProto.Types.DataType.Float, MemoryMarshal.AsBytes(values), shape);

    /// <summary>A real number without dimensions.</summary>
    public string Constant(float value) => Constant([value], []);

    /// <summary>A name that no value has.</summary>
    public string NewName(string stem)
    {
        for (int i = _names.Count; ; i++)
            if (_names.Add($"{stem}_{i}")) return $"{stem}_{i}";
    }

    /// <summary>The graph, without what nothing reads.</summary>
    public GraphProto Finish()
    {
        var needed = _graph.Output.Select(output => output.Name).ToHashSet(StringComparer.Ordinal);
        for (int i = _graph.Node.Count - 1; i >= 0; i--)
        {
            NodeProto node = _graph.Node[i];
            if (!node.Output.Any(needed.Contains))
            {
                _graph.Node.RemoveAt(i);
                continue;
            }
            // A loop's states come out of it whether they are read or not.
            for (int output = 0; output < node.Output.Count && node.OpType != "Scan"; output++)
                if (!needed.Contains(node.Output[output])) node.Output[output] = "";
            while (node.Output[^1].Length == 0) node.Output.RemoveAt(node.Output.Count - 1);
            needed.UnionWith(Read(node));
        }
        if (_outer is null)
            for (int i = _graph.Initializer.Count - 1; i >= 0; i--)
                if (!needed.Contains(_graph.Initializer[i].Name)) _graph.Initializer.RemoveAt(i);
        return _graph;

        static IEnumerable<string> Read(NodeProto node) => node.Input.Concat(node.Attribute.Where(attribute => attribute.G is not null).SelectMany(attribute => attribute.G.Node.SelectMany(Read).Concat(attribute.G.Output.Select(output => output.Name))));
    }

    private string Constant(ReadOnlySpan<long> values, ReadOnlySpan<int> shape) => Constant(TensorProto.Types.DataType.Int64, MemoryMarshal.AsBytes(values), shape);

    private string Constant(TensorProto.Types.DataType type, ReadOnlySpan<byte> bytes, ReadOnlySpan<int> shape)
    {
        if (_outer is not null) return _outer.Constant(type, bytes, shape);
        string key = $"{type} {string.Join(' ', shape.ToArray())}: {Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(bytes))}";
        if (_constants.TryGetValue(key, out string? known)) return known;
        string name = NewName("constant");
        Add(name, type, bytes, shape);
        return _constants[key] = name;
    }

    private void Add(string name, TensorProto.Types.DataType type, ReadOnlySpan<byte> bytes, ReadOnlySpan<int> shape)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)type, RawData = ByteString.CopyFrom(bytes) };
        foreach (int size in shape) tensor.Dims.Add(size);
        _graph.Initializer.Add(tensor);
    }

    private static ValueInfoProto Info(string name, TensorProto.Types.DataType type, IEnumerable<(string? Name, long Value)> sizes)
    {
        var shape = new TensorShapeProto();
        foreach ((string? size, long value) in sizes) shape.Dim.Add(size is null ? new TensorShapeProto.Types.Dimension { DimValue = value } : new TensorShapeProto.Types.Dimension { DimParam = size });
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = shape } } };
    }

    private static AttributeProto Attribute(string name, object value)
    {
        var attribute = new AttributeProto { Name = name };
        switch (value)
        {
            case long whole:
                (attribute.Type, attribute.I) = (AttributeProto.Types.AttributeType.Int, whole);
                break;
            case float real:
                (attribute.Type, attribute.F) = (AttributeProto.Types.AttributeType.Float, real);
                break;
            case string text:
                (attribute.Type, attribute.S) = (AttributeProto.Types.AttributeType.String, ByteString.CopyFromUtf8(text));
                break;
            case GraphProto graph:
                (attribute.Type, attribute.G) = (AttributeProto.Types.AttributeType.Graph, graph);
                break;
            case long[] numbers:
                attribute.Type = AttributeProto.Types.AttributeType.Ints;
                attribute.Ints.Add(numbers);
                break;
            case float[] numbers:
                attribute.Type = AttributeProto.Types.AttributeType.Floats;
                attribute.Floats.Add(numbers);
                break;
            case string[] texts:
                attribute.Type = AttributeProto.Types.AttributeType.Strings;
                attribute.Strings.Add(texts.Select(ByteString.CopyFromUtf8));
                break;
            default:
                throw new ArgumentException($"An attribute cannot be a {value.GetType().Name}.", nameof(value));
        }
        return attribute;
    }
}
