using Unroll.Exchange;
using Unroll.Files;
using Unroll.Tasks;

namespace Unroll.Cli.Commands;

/// <summary>Writes a model in a form that other programs read.</summary>
internal sealed class ExportCommand : CliCommand
{
    private static readonly TaskOption To = new("to", OptionKind.Choice, "the form; safetensors: the weights by PyTorch's names, as nn.RNN, nn.LSTM and nn.GRU load them") { Default = "safetensors", Choices = ["safetensors"], Group = "Export" };
    private static readonly TaskOption Out = new("out", OptionKind.Path, "the file to write") { Placeholder = "FILE", Group = "Export" };

    /// <inheritdoc/>
    public override string Name => "export";

    /// <inheritdoc/>
    public override string Summary => "writes a model's weights for PyTorch";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Details => ["Task, recipe and vocabulary go with the weights, as text in the file's metadata."];

    /// <inheritdoc/>
    public override IReadOnlyList<Positional> Positionals { get; } = [ModelArgument.Positional];

    /// <inheritdoc/>
    public override IReadOnlyList<TaskOption> Options { get; } = [To, Out];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Arguments, string Meaning)> Examples => [("runs/language-model-1 --out weights.safetensors", "for load_state_dict of the same layers in PyTorch")];

    /// <inheritdoc/>
    public override int Run(Arguments arguments, Terminal terminal, CancellationToken cancellation)
    {
        string path = arguments.Words[0], to = arguments.Settings.Find(Out.Name) ?? throw new BadUsageException("--out is missing: name the file to write.");
        ModelFile file = ModelArgument.Read(path);
        SafetensorsFile weights = TorchWeights.Save(ModelArgument.TaskOf(file, path).Open(file).Module);
        foreach ((string key, string value) in file.Metadata) weights.Metadata[key] = value;
        (weights.Metadata["task"], weights.Metadata["recipe"]) = (file.Task, file.Recipe);
        weights.Save(to);
        terminal.Out.WriteLine($"{to}: {weights.Tensors.Count:N0} tensors, {string.Join(", ", weights.Tensors.Take(4).Select(tensor => tensor.Name))}{(weights.Tensors.Count > 4 ? " …" : "")}");
        return ExitCode.Done;
    }
}
