using Unroll.Files;
using Unroll.Onnx.Messages;

namespace Unroll.Onnx.Import;

/// <summary>A node of a graph: its attributes, checked as they are read, and errors that name it.</summary>
internal sealed class GraphNode
{
    private readonly string _file;
    private readonly Dictionary<string, AttributeProto> _attributes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    /// <param name="file">The file's name, for errors.</param>
    /// <param name="message">The node as the file has it.</param>
    /// <param name="number">Its place in the graph.</param>
    /// <param name="opset">The version of the operators.</param>
    /// <exception cref="BadInputException">An attribute stands there twice.</exception>
    public GraphNode(string file, NodeProto message, int number, long opset)
    {
        (_file, Message, Number, Opset) = (file, message, number, opset);
        foreach (AttributeProto attribute in message.Attribute)
            if (!_attributes.TryAdd(attribute.Name, attribute)) throw Bad($"has the attribute {OneLine.Quote(attribute.Name)} twice");
    }

    public NodeProto Message { get; }

    /// <summary>The node's place in the graph.</summary>
    public int Number { get; }

    /// <summary>The version of the operators.</summary>
    public long Opset { get; }

    /// <summary>The operator's name.</summary>
    public string Operator => Message.OpType;

    /// <summary>Whether the node is a recurrent layer.</summary>
    public bool IsRecurrent => Operator is "RNN" or "GRU" or "LSTM" && ModelReader.IsOnnx(Message.Domain);

    /// <summary>How errors name the node.</summary>
    public string Title => $"the node {(Message.Name.Length > 0 ? OneLine.Quote(Message.Name) : $"number {Number + 1}")} ({OneLine.Quote(Operator)[1..^1]})";

    /// <summary>The error that the node cannot be used.</summary>
    /// <param name="what">What is wrong, after the node's name: "has …; expected …".</param>
    public BadInputException Bad(string what) => new($"{_file}: {Title} {what}.");

    /// <summary>Whether an input is given.</summary>
    public bool Has(int input) => input < Message.Input.Count && Message.Input[input].Length > 0;

    public bool HasAttribute(string name) => _attributes.ContainsKey(name);

    public long Integer(string name, long otherwise) => Find(name, AttributeProto.Types.AttributeType.Int)?.I ?? otherwise;

    public bool Flag(string name) => Integer(name, 0) != 0;

    public float Real(string name, float otherwise) => Find(name, AttributeProto.Types.AttributeType.Float)?.F ?? otherwise;

    public string Text(string name, string otherwise) => Find(name, AttributeProto.Types.AttributeType.String)?.S.ToStringUtf8() ?? otherwise;

    public long[]? Integers(string name) => Find(name, AttributeProto.Types.AttributeType.Ints) is { } found ? [.. found.Ints] : null;

    public float[]? Reals(string name) => Find(name, AttributeProto.Types.AttributeType.Floats) is { } found ? [.. found.Floats] : null;

    public string[]? Texts(string name) => Find(name, AttributeProto.Types.AttributeType.Strings) is { } found ? [.. found.Strings.Select(text => text.ToStringUtf8())] : null;

    public TensorProto? Tensor(string name) => Find(name, AttributeProto.Types.AttributeType.Tensor) is not { } found ? null : found.T ?? throw Bad($"has an empty attribute {name}; expected a tensor");

    /// <summary>Refuses attributes that nobody has asked for: what they mean would be left out.</summary>
    public void CheckAllRead()
    {
        foreach (string name in _attributes.Keys)
            if (!_read.Contains(name)) throw Bad($"has the attribute {OneLine.Quote(name)}, which is not known of this operator in opset {Opset}; known are {(_read.Count == 0 ? "none" : string.Join(", ", _read.Order(StringComparer.Ordinal)))}");
    }

    /// <summary>Takes as read what was read of a node with the same attributes.</summary>
    public void TakeAsRead(GraphNode other) => _read.UnionWith(other._read);

    private AttributeProto? Find(string name, AttributeProto.Types.AttributeType type)
    {
        _read.Add(name);
        if (!_attributes.TryGetValue(name, out AttributeProto? found)) return null;
        return found.Type == type ? found : throw Bad($"has an attribute {name} of the type {found.Type}; expected {type}");
    }
}
