using Google.Protobuf;
using Unroll.Exchange;
using Unroll.Files;
using Unroll.Onnx.Messages;

namespace Unroll.Onnx;

/// <summary>Writes what a model computes as an ONNX model, which ONNX Runtime and others run. Layers of an RNN, LSTM or GRU are ONNX's own operators where the equations are exactly theirs, those of any other cell a Scan over its
/// equations; weights have their own names. The graph is not described anywhere: the pass is run and its operations are watched, so that what is written is what is computed.
/// <code>
/// foreach (ForwardPass pass in model.ForwardPasses()) OnnxExport.Save(pass, pass.Name + ".onnx");
/// </code></summary>
public static class OnnxExport
{
    /// <summary>The version of ONNX's operators that models are written for.</summary>
    public const int OperatorSet = 22;

    private const int FormatVersion = 10;

    /// <summary>Writes a model file; what the path named before is replaced as a whole or not at all.</summary>
    /// <param name="pass">What is computed.</param>
    /// <param name="path">The file.</param>
    /// <param name="metadata">Text by key that goes with it, such as a vocabulary.</param>
    /// <returns>What was written.</returns>
    /// <exception cref="BadUsageException">The pass does something that has no form in ONNX; the message says what.</exception>
    /// <exception cref="RunFailedException">Writing failed, or the model is larger than the 2 GB that the format holds.</exception>
    public static GraphSummary Save(ForwardPass pass, string path, IEnumerable<KeyValuePair<string, string>>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(pass);
        ArgumentException.ThrowIfNullOrEmpty(path);
        ModelProto model = Build(pass, metadata ?? []);
        AtomicFile.Write(path, model.WriteTo);
        return new GraphSummary(model.Graph.Node.Count, [.. model.Graph.Input.Select(Describe)], [.. model.Graph.Output.Select(Describe)]);
    }

    private static string Describe(ValueInfoProto value) =>
        $"{value.Name} [{string.Join(", ", value.Type.TensorType.Shape.Dim.Select(size => size.HasDimParam ? size.DimParam : $"{size.DimValue}"))}] {(value.Type.TensorType.ElemType == (int)TensorProto.Types.DataType.Int64 ? "int64" : "float32")}";

    /// <summary>A pass as a model.</summary>
    internal static ModelProto Build(ForwardPass pass, IEnumerable<KeyValuePair<string, string>> metadata)
    {
        var model = new ModelProto
        {
            IrVersion = FormatVersion,
            ProducerName = "unroll",
            ProducerVersion = typeof(OnnxExport).Assembly.GetName().Version?.ToString(3) ?? "",
            Graph = PassWriter.Write(pass),
            OpsetImport = { new OperatorSetIdProto { Domain = "", Version = OperatorSet } },
        };
        foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal)) model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        long bytes = model.Graph.Initializer.Sum(tensor => (long)tensor.RawData.Length);
        return bytes < int.MaxValue ? model : throw new RunFailedException($"The weights take {bytes:N0} bytes, and an ONNX file holds {int.MaxValue:N0} at most.");
    }
}

/// <summary>What an exported graph is.</summary>
/// <param name="Nodes">How many nodes it has.</param>
/// <param name="Inputs">Name, shape and type of each input, such as <c>words [batch, time] int64</c>.</param>
/// <param name="Outputs">The same of each output.</param>
public sealed record GraphSummary(int Nodes, IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs);
