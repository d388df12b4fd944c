using Unroll.Exchange;
using Unroll.Files;
using Unroll.Onnx;
using Unroll.Tasks;

namespace Unroll.Cli.Commands;

/// <summary>Writes a model in a form that other programs read.</summary>
internal sealed class ExportCommand : CliCommand
{
    private const string Onnx = "onnx";

    private static readonly TaskOption To = new("to", OptionKind.Choice, "the form; safetensors: the weights by PyTorch's names, as nn.RNN, nn.LSTM and nn.GRU load them; onnx: the whole computation, as ONNX Runtime runs it") { Default = "safetensors", Choices = ["safetensors", Onnx], Group = "Export" };
    private static readonly TaskOption Out = new("out", OptionKind.Path, "the file to write; a model of several parts, such as encoder and decoder, gets a file of each with its name before the ending") { Placeholder = "FILE", Group = "Export" };
    private static readonly TaskOption Streaming = new("streaming", OptionKind.Flag, "onnx: a part of a sequence at a time, with the states as inputs and outputs") { Group = "Export" };

    /// <inheritdoc/>
    public override string Name => "export";

    /// <inheritdoc/>
    public override string Summary => "writes a model for PyTorch or ONNX Runtime";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Details => ["Task, recipe and vocabulary go with it, as text in the file's metadata."];

    /// <inheritdoc/>
    public override IReadOnlyList<Positional> Positionals { get; } = [ModelArgument.Positional];

    /// <inheritdoc/>
    public override IReadOnlyList<TaskOption> Options { get; } = [To, Out, Streaming];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Arguments, string Meaning)> Examples =>
    [
        ("runs/language-model-1 --out weights.safetensors", "for load_state_dict of the same layers in PyTorch"),
        ("runs/tag-1 --to onnx --out tagger.onnx", "for ONNX Runtime"),
        ("runs/language-model-1 --to onnx --streaming --out writer.onnx", "symbols as they come"),
    ];

    /// <inheritdoc/>
    public override int Run(Arguments arguments, Terminal terminal, CancellationToken cancellation)
    {
        TaskSettings given = arguments.Settings;
        string path = arguments.Words[0], to = given.Find(Out.Name) ?? throw new BadUsageException("--out is missing: name the file to write.");
        bool isOnnx = given.Text(To.Name) == Onnx, streams = given.Flag(Streaming.Name);
        if (streams && !isOnnx) throw new BadUsageException("--streaming is for --to onnx; weights are the same either way. Leave it out, or add --to onnx.");
        ModelFile file = ModelArgument.Read(path);
        TaskModel model = ModelArgument.TaskOf(file, path).Open(file);
        KeyValuePair<string, string>[] metadata = [.. file.Metadata, new("task", file.Task), new("recipe", file.Recipe)];
        if (isOnnx) WriteOnnx(model.ForwardPasses(streams), to, metadata, terminal);
        else WriteWeights(TorchWeights.Save(model.Module), to, metadata, terminal);
        return ExitCode.Done;
    }

    private static void WriteWeights(SafetensorsFile weights, string to, KeyValuePair<string, string>[] metadata, Terminal terminal)
    {
        foreach ((string key, string value) in metadata) weights.Metadata[key] = value;
        weights.Save(to);
        terminal.Out.WriteLine($"{to}: {weights.Tensors.Count:N0} tensors, {string.Join(", ", weights.Tensors.Take(4).Select(tensor => tensor.Name))}{(weights.Tensors.Count > 4 ? " …" : "")}");
    }

    private static void WriteOnnx(IReadOnlyList<ForwardPass> passes, string to, KeyValuePair<string, string>[] metadata, Terminal terminal)
    {
        foreach (ForwardPass pass in passes)
        {
            string path = passes.Count == 1 ? to : Path.Combine(Path.GetDirectoryName(to) ?? "", $"{Path.GetFileNameWithoutExtension(to)}.{pass.Name}{Path.GetExtension(to)}");
            GraphSummary written = OnnxExport.Save(pass, path, metadata);
            terminal.Out.WriteLine($"{path}: {written.Nodes:N0} nodes, operator set {OnnxExport.OperatorSet}");
            foreach (string input in written.Inputs) terminal.Out.WriteLine($"  reads  {input}");
            foreach (string output in written.Outputs) terminal.Out.WriteLine($"  gives  {output}");
        }
    }
}
