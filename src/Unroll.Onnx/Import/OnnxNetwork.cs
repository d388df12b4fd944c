using Google.Protobuf;
using Unroll.Files;
using Unroll.Layers;
using Unroll.Onnx.Import;
using Unroll.Onnx.Messages;
using Unroll.Tensors;

namespace Unroll.Onnx;

/// <summary>A network read from an ONNX file: computed with Unroll's operations and layers, so that it can be trained further, be part of another network, and be saved again.
/// <code>
/// var network = OnnxNetwork.Read("tagger.onnx");
/// Tensor logits = network.Forward(("words", OnnxValue.Of(words, [batch, time])))["logits"].Tensor;
/// </code>
/// The initializers of single precision are <see cref="Module.Parameters"/> under their own names, but for numbers alone (shape []), which are constants; the weights of RNN, GRU and
/// LSTM nodes are those of recurrent layers named after the node. Opsets 7 to 23 of single precision with whole numbers and truth values; loops (Scan, Loop, If) are not known.</summary>
public sealed class OnnxNetwork : Module
{
    private readonly ModelProto _model;
    private readonly GraphSteps _steps;
    private readonly List<(TensorProto Tensor, Parameter Parameter)> _parameters = [];
    private readonly List<RecurrentOperator> _recurrent = [];

    private OnnxNetwork(string path)
    {
        (_model, long opset) = ModelReader.Read(path);
        _steps = new GraphSteps(path, _model.Graph, opset);
        foreach (GraphParameter found in _steps.Parameters)
        {
            Parameter parameter = AddNamed(found.Tensor.Name, found.Shape, found.Kind, found.Kind == ParameterKind.Gain ? Initializer.Ones : found.Shape.Rank < 2 ? Initializer.Zeros : Initializer.GlorotUniform);
            TensorMessage.Floats(found.Tensor).CopyTo(parameter.Values);
            parameter.Changed();
            _parameters.Add((found.Tensor, parameter));
            _steps.Bind(found, parameter);
        }
        foreach (var (name, module) in _steps.Recurrent) _recurrent.Add(Add(name, module));
    }

    /// <summary>What <see cref="Forward"/> takes.</summary>
    public IReadOnlyList<OnnxInput> Inputs => _steps.Inputs;

    /// <summary>The names of what <see cref="Forward"/> gives.</summary>
    public IReadOnlyList<string> Outputs => _steps.Outputs;

    /// <summary>Reads a file. Nothing in it is run, and no other file is read.</summary>
    /// <exception cref="BadInputException">There is no such file, it is no ONNX model or is damaged, or it uses what is not known here; the message names the node and the operator.</exception>
    public static OnnxNetwork Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return new OnnxNetwork(path);
    }

    /// <summary>Runs the network: on the current tape, if there is one, so that gradients of parameters and of watched inputs can be asked for.</summary>
    /// <param name="inputs">A value for each of <see cref="Inputs"/>, by its name.</param>
    /// <returns>The outputs by their names.</returns>
    /// <exception cref="BadUsageException">An input is missing, unknown, given twice or of the wrong kind.</exception>
    /// <exception cref="ShapeException">The inputs' shapes do not fit the network; the message names the node.</exception>
    /// <exception cref="BadInputException">With these inputs the graph asks for what cannot be computed; the message names the node.</exception>
    public IReadOnlyDictionary<string, OnnxValue> Forward(params ReadOnlySpan<(string Name, OnnxValue Value)> inputs) => _steps.Run(inputs);

    /// <summary>Writes the network with the parameters as they are now: the same graph, so that it can be used wherever the file it was read from can. As a whole or not at all.</summary>
    /// <exception cref="RunFailedException">Writing failed; what the path named before is untouched.</exception>
    public void Save(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        foreach (var (tensor, parameter) in _parameters) TensorMessage.Store(tensor, parameter.Values);
        foreach (RecurrentOperator recurrent in _recurrent) recurrent.Store();
        AtomicFile.Write(path, stream => _model.WriteTo(stream));
    }
}
