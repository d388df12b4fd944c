using Unroll.Exchange;
using Unroll.Files;
using Unroll.Tasks;

namespace Unroll.Cli.Commands;

/// <summary>Makes a model of weights that another program trained.</summary>
internal sealed class ImportCommand : CliCommand
{
    private const string DefaultTask = "language-model";

    private static readonly TaskOption Out = new("out", OptionKind.Path, "the model's file") { Placeholder = "FILE", Group = "Import" };
    private static readonly TaskOption Rename = new("rename", OptionKind.Text, "what the weights call THEIRS, or begin with it and a dot, is OURS here; either may be empty")
    {
        Several = true,
        Placeholder = "THEIRS=OURS",
        Group = "Import",
        Check = static value => value.Count(letter => letter == '=') == 1 && value != "=" ? null : "two names with '=' between, such as decoder=output",
    };

    private readonly TaskDefinition _task;

    private ImportCommand(TaskDefinition task)
    {
        _task = task;
        Options = [Rename, Out, .. task.Options];
    }

    /// <inheritdoc/>
    public override string Name => "import";

    /// <inheritdoc/>
    public override string Summary => "makes a model of weights from PyTorch";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Details =>
    [
        "FILE is a safetensors file or what torch.save wrote (.pt, .pth); the second is read as data, and nothing in it is ever run.",
        "The options describe the model, as for train; 'unroll inspect' shows the names and shapes of a model's weights. nn.RNN, nn.LSTM and nn.GRU are converted to the cells of the same equations.",
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Positional> Positionals { get; } =
        [new("FILE", "the weights", true), new("TASK", $"what the model does ('unroll tasks' lists the tasks) [{DefaultTask}]", false)];

    /// <inheritdoc/>
    public override IReadOnlyList<TaskOption> Options { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<(string Arguments, string Meaning)> Examples =>
    [
        ("model.pt lm --level token --vocabulary words.txt --rename decoder=output --out m.safetensors", "a word language model"),
        ("tagger.pt tag --data train.tsv --cell gru --rename module= --out m.safetensors", "names that all begin with 'module.'"),
    ];

    /// <summary>The command for the task that was typed after the file.</summary>
    public static ImportCommand For(IReadOnlyList<string> tokens) =>
        new(TaskCatalogue.Get(tokens is ["import", _, var task, ..] && !task.StartsWith('-') ? task : DefaultTask));

    /// <inheritdoc/>
    public override int Run(Arguments arguments, Terminal terminal, CancellationToken cancellation)
    {
        TaskSettings given = arguments.Settings;
        string path = arguments.Words[0], to = given.Find(Out.Name) ?? throw new BadUsageException("--out is missing: name the file of the model that is made.");
        SafetensorsFile weights = TorchWeights.Read(path);
        PreparedTraining prepared = _task.Prepare(PlannedRun.SettingsOf(_task, given));
        (string Theirs, string Ours)[] renamed = [.. given.All(Rename.Name).Select(pair => pair.Split('=')).Select(pair => (pair[0], pair[1]))];
        IReadOnlyList<string> left;
        try
        {
            left = TorchWeights.Load(prepared.Job.Model, weights, NameOf);
        }
        catch (BadInputException error)
        {
            throw new BadInputException($"{path}: {error.Message}", error);
        }
        prepared.Job.ToModelFile().Save(to);
        foreach (Fact fact in prepared.Facts) terminal.Out.WriteLine($"{fact.Label,-12}{Terminal.Visible(fact.Text)}");
        foreach (string warning in prepared.Warnings) terminal.Error.WriteLine($"unroll: {warning}");
        terminal.Out.WriteLine($"{"weights",-12}{weights.Tensors.Count - left.Count:N0} tensors of {path}");
        if (left.Count > 0) terminal.Out.WriteLine($"{"left over",-12}{string.Join(", ", left.Take(8).Select(Terminal.Visible))}{(left.Count > 8 ? $" and {left.Count - 8:N0} more" : "")}");
        terminal.Out.WriteLine($"The model is {to}. Next:");
        terminal.Out.WriteLine($"  {Invocation.Text} evaluate {Invocation.Quote(to)}");
        terminal.Out.WriteLine($"  {Invocation.Text} inspect {Invocation.Quote(to)}");
        return ExitCode.Done;

        string NameOf(string own)
        {
            foreach ((string theirs, string ours) in renamed)
            {
                if (own == ours) return theirs;
                if (ours.Length == 0) return $"{theirs}.{own}";
                if (own.StartsWith(ours + ".", StringComparison.Ordinal)) return theirs.Length == 0 ? own[(ours.Length + 1)..] : theirs + own[ours.Length..];
            }
            return own;
        }
    }
}
