using Unroll.Data;
using Unroll.Files;
using Unroll.Tasks;

namespace Unroll.Cli.Commands;

/// <summary>Writes text with a model.</summary>
internal sealed class GenerateCommand : CliCommand
{
    private static readonly TaskOption Prime = new("prime", OptionKind.Text, "text to continue; - reads it from standard input") { Placeholder = "TEXT", Group = "Text" };
    private static readonly TaskOption Json = new("json", OptionKind.Flag, "print the text as one JSON object when it is done") { Group = "Run" };

    /// <inheritdoc/>
    public override string Name => "generate";

    /// <inheritdoc/>
    public override string Summary => "writes text with a model, shown as it is made";

    /// <inheritdoc/>
    public override IReadOnlyList<Positional> Positionals { get; } = [ModelArgument.Positional];

    /// <inheritdoc/>
    public override IReadOnlyList<TaskOption> Options { get; } = [Prime, WritingOptions.Length, WritingOptions.Temperature, WritingOptions.TopK, WritingOptions.TopP, WritingOptions.Seed, CommonOptions.Weights, CommonOptions.Threads, Json];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Arguments, string Meaning)> Examples =>
    [
        ("runs/language-model-1/model.safetensors --length 500", "write 500 symbols"),
        ("runs/language-model-1 --prime 'public sealed class' --temperature 0.5 --seed 7", "go on from a beginning, carefully, with another seed"),
        ("runs/language-model-1 --top-k 20 --top-p 0.95", "leave the unlikeliest symbols out"),
    ];

    /// <inheritdoc/>
    public override int Run(Arguments arguments, Terminal terminal, CancellationToken cancellation)
    {
        TaskSettings settings = arguments.Settings;
        if (settings.IsGiven(CommonOptions.Threads.Name)) Parallelism.Threads = settings.Whole(CommonOptions.Threads.Name);
        string path = arguments.Words[0];
        ModelFile file = ModelArgument.Read(path);
        TaskDefinition task = ModelArgument.TaskOf(file, path);
        TaskModel model = task.Open(file);
        if (model is not ITextGenerator generator) throw new BadInputException($"{path} holds a model of the task {task.Name}, which does not write text.");
        model.KeepWeights(CommonOptions.WeightFormatOf(settings));
        string? prime = settings.Find(Prime.Name);
        var request = new GenerationRequest(settings.Whole(WritingOptions.Length.Name))
        {
            Prime = prime == "-" ? terminal.In.ReadToEnd() : prime ?? "",
            Sampling = WritingOptions.SamplingOf(settings),
            Seed = WritingOptions.SeedOf(settings),
        };
        IEnumerable<string> pieces = generator.Generate(request, message => terminal.Error.WriteLine($"unroll: {message}"));
        if (settings.Flag(Json.Name))
        {
            string text = string.Concat(pieces.TakeWhile(_ => !cancellation.IsCancellationRequested));
            cancellation.ThrowIfCancellationRequested();
            terminal.Out.WriteLine(JsonText.OfObject(to =>
            {
                to.WriteString("task", task.Name);
                to.WriteNumber("seed", request.Seed);
                to.WriteString("text", text);
            }, indented: true));
            return ExitCode.Done;
        }
        string last = "";
        foreach (string piece in pieces)
        {
            if (cancellation.IsCancellationRequested) break;
            if (piece.Length == 0) continue;
            terminal.Out.Write(last = terminal.IsOutScreen ? Terminal.Visible(piece) : piece);
        }
        if (!last.EndsWith('\n')) terminal.Out.WriteLine();
        return cancellation.IsCancellationRequested ? ExitCode.Interrupted : ExitCode.Done;
    }
}
