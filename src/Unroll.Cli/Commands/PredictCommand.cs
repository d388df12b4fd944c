using System.Globalization;
using Unroll.Cli.Display;
using Unroll.Data;
using Unroll.Files;
using Unroll.Tasks;

namespace Unroll.Cli.Commands;

/// <summary>Answers lines with a model.</summary>
internal sealed class PredictCommand : CliCommand
{
    private static readonly TaskOption Input = new("input", OptionKind.Path, "a file with an input in each line (classify takes CSV as well), .gz too; - reads standard input") { Placeholder = "FILE", Group = "Data" };
    private static readonly TaskOption Together = new("batch", OptionKind.Whole, $"lines answered together [{IPredictor.Together}; from standard input 1, so that each is answered when it comes]") { Minimum = 1, Maximum = 1 << 16, Group = "Data" };
    private static readonly TaskOption Json = new("json", OptionKind.Flag, "print one JSON object for each line") { Group = "Run" };

    private readonly TaskDefinition? _task;
    private readonly ModelFile? _file;

    private PredictCommand(TaskDefinition? task, ModelFile? file)
    {
        (_task, _file) = (task, file);
        Options = [Input, .. task?.PredictionOptions ?? [], Together, CommonOptions.Weights, CommonOptions.Threads, Json];
    }

    /// <inheritdoc/>
    public override string Name => "predict";

    /// <inheritdoc/>
    public override string Summary => "answers lines with a model: a label, tags, a translation";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Details => _task?.PredictionInput is { } input ? [$"The task {_task.Name} takes {input} in each line."]
        : [$"Tasks that can: {string.Join(", ", TaskCatalogue.All.Where(task => task.PredictionInput is not null).Select(task => task.Name))}. 'unroll predict TASK --help' has the options of one."];

    /// <inheritdoc/>
    public override IReadOnlyList<Positional> Positionals { get; } = [ModelArgument.Positional, new("INPUT", "what to answer, unless --input says where it is", false)];

    /// <inheritdoc/>
    public override IReadOnlyList<TaskOption> Options { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<(string Arguments, string Meaning)> Examples =>
    [
        ("runs/classify-1 'What a film!'", "answer one input"),
        ("runs/classify-1 --input reviews.txt --json", "answer each line of a file, as JSON lines"),
        ("runs/classify-1 --input -", "answer each line as it is typed"),
    ];

    /// <summary>The command for the task of the model that was typed straight after it.</summary>
    public static PredictCommand For(IReadOnlyList<string> tokens)
    {
        if (tokens.Count < 2 || tokens[0] != "predict" || tokens[1].StartsWith('-')) return new PredictCommand(null, null);
        if (tokens.Count == 2 && !File.Exists(tokens[1]) && !Directory.Exists(tokens[1]) && TaskCatalogue.Find(tokens[1]) is { } task) return new PredictCommand(task, null);
        ModelFile file = ModelArgument.Read(tokens[1]);
        return new PredictCommand(ModelArgument.TaskOf(file, tokens[1]), file);
    }

    /// <inheritdoc/>
    public override int Run(Arguments arguments, Terminal terminal, CancellationToken cancellation)
    {
        TaskSettings given = arguments.Settings;
        if (given.IsGiven(CommonOptions.Threads.Name)) Parallelism.Threads = given.Whole(CommonOptions.Threads.Name);
        string path = arguments.Words[0];
        ModelFile file = _file ?? ModelArgument.Read(path);
        TaskDefinition task = _task ?? ModelArgument.TaskOf(file, path);
        TaskModel model = task.Open(file);
        if (model is not IPredictor predictor) throw new BadInputException(
            $"{path} holds a model of the task {task.Name}, which does not answer lines; those of {string.Join(", ", TaskCatalogue.All.Where(other => other.PredictionInput is not null).Select(other => other.Name))} do.");
        model.KeepWeights(CommonOptions.WeightFormatOf(given));
        string? input = given.Find(Input.Name), one = arguments.Words.Count > 1 ? arguments.Words[1] : null;
        if ((input is null) == (one is null)) throw new BadUsageException(one is null ? "nothing to answer: give an input, or --input FILE, or --input - for standard input." : "an input and --input exclude each other.");
        bool waits = input == "-", json = given.Flag(Json.Name);
        int together = given.IsGiven(Together.Name) ? given.Whole(Together.Name) : waits ? 1 : IPredictor.Together;
        var settings = new TaskSettings(task.PredictionOptions);
        foreach (TaskOption option in task.PredictionOptions.Where(option => given.IsGiven(option.Name)))
            foreach (string value in given.All(option.Name)) settings.Set(option.Name, value);
        IEnumerable<string> lines = model.InputsOf(waits ? null : input, settings) ?? (one is not null ? [one] : waits ? LinesOf(terminal.In) : TextLines.Read(input!).Select(line => line.Text));
        try
        {
            foreach (Prediction prediction in predictor.Predict(lines, settings, together, cancellation))
            {
                terminal.Out.WriteLine(json ? JsonText.OfObject(prediction.Json) : terminal.IsOutScreen ? Terminal.Visible(prediction.Text) : prediction.Text);
                if (!json && prediction.Words is { } words) WordShades.Write(terminal, words);
            }
        }
        catch (BadInputException error) when (input is not null && error.Message.StartsWith("line ", StringComparison.Ordinal))
        {
            throw new BadInputException(string.Create(CultureInfo.InvariantCulture, $"{(waits ? "standard input" : input)}, {error.Message}"), error);
        }
        return ExitCode.Done;
    }

    private static IEnumerable<string> LinesOf(TextReader reader)
    {
        while (reader.ReadLine() is { } line) yield return line;
    }
}
