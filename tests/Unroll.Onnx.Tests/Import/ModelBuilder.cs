using Google.Protobuf;
using Unroll.Onnx.Messages;
using static Unroll.Onnx.Messages.AttributeProto.Types;
using static Unroll.Onnx.Messages.TensorProto.Types;

namespace Unroll.Onnx.Tests.Import;

/// <summary>Writes an ONNX model node by node, as an exporter would.</summary>
internal sealed class ModelBuilder
{
    private readonly GraphProto _graph = new() { Name = "test" };
    private int _names;

    public ModelBuilder(long opset = 17)
    {
        Model = new ModelProto { IrVersion = 8, Graph = _graph };
        Model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = opset });
    }

    public ModelProto Model { get; }

    public byte[] ToBytes() => Model.ToByteArray();

    public string Input(string name, DataType type, params object[] dimensions)
    {
        _graph.Input.Add(new ValueInfoProto { Name = name, Type = TypeOf(type, dimensions) });
        return name;
    }

    public void Output(string name, DataType type = DataType.Float, params object[] dimensions) => _graph.Output.Add(new ValueInfoProto { Name = name, Type = TypeOf(type, dimensions) });

    public string Floats(string name, float[] values, params long[] dims)
    {
        _graph.Initializer.Add(Tensor(name, values, dims));
        return name;
    }

    public string Integers(string name, long[] values, params long[] dims)
    {
        _graph.Initializer.Add(Tensor(name, values, dims));
        return name;
    }

    public static TensorProto Tensor(string name, float[] values, params long[] dims)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)DataType.Float, RawData = ByteString.CopyFrom(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values)) };
        tensor.Dims.AddRange(dims);
        return tensor;
    }

    public static TensorProto Tensor(string name, long[] values, params long[] dims)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)DataType.Int64 };
        tensor.Int64Data.AddRange(values);
        tensor.Dims.AddRange(dims);
        return tensor;
    }

    /// <summary>Adds a node with one output.</summary>
    /// <returns>The output's name.</returns>
    public string Node(string type, string[] inputs, params (string Name, object Value)[] attributes) => Node(type, inputs, 1, attributes)[0];

    /// <summary>Adds a node.</summary>
    /// <returns>The outputs' names.</returns>
    public string[] Node(string type, string[] inputs, int outputs, params (string Name, object Value)[] attributes)
    {
        var node = new NodeProto { OpType = type, Name = $"{type}_{_names}" };
        node.Input.AddRange(inputs);
        for (int i = 0; i < outputs; i++) node.Output.Add($"v{_names++}");
        foreach (var (name, value) in attributes) node.Attribute.Add(Attribute(name, value));
        _graph.Node.Add(node);
        return [.. node.Output];
    }

    private static AttributeProto Attribute(string name, object value)
    {
        var attribute = new AttributeProto { Name = name };
        switch (value)
        {
            case int number: (attribute.I, attribute.Type) = (number, AttributeType.Int); break;
            case long number: (attribute.I, attribute.Type) = (number, AttributeType.Int); break;
            case float number: (attribute.F, attribute.Type) = (number, AttributeType.Float); break;
            case string text: (attribute.S, attribute.Type) = (ByteString.CopyFromUtf8(text), AttributeType.String); break;
            case TensorProto tensor: (attribute.T, attribute.Type) = (tensor, AttributeType.Tensor); break;
            case long[] numbers: attribute.Ints.AddRange(numbers); attribute.Type = AttributeType.Ints; break;
            case float[] numbers: attribute.Floats.AddRange(numbers); attribute.Type = AttributeType.Floats; break;
            case string[] texts: attribute.Strings.AddRange(texts.Select(ByteString.CopyFromUtf8)); attribute.Type = AttributeType.Strings; break;
            default: throw new ArgumentException($"no attribute can be a {value.GetType()}", nameof(value));
        }
        return attribute;
    }

    private static TypeProto TypeOf(DataType type, object[] dimensions)
    {
        var shape = new TensorShapeProto();
        foreach (object size in dimensions)
            shape.Dim.Add(size is string name ? new TensorShapeProto.Types.Dimension { DimParam = name } : new TensorShapeProto.Types.Dimension { DimValue = Convert.ToInt64(size, null) });
        return new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = dimensions.Length == 0 ? null : shape } };
    }
}
