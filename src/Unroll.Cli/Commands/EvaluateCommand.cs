using System.Diagnostics;
using Unroll.Cli.Display;
using Unroll.Data;
using Unroll.Files;
using Unroll.Tasks;
using Unroll.Training;

namespace Unroll.Cli.Commands;

/// <summary>Measures a model on data.</summary>
internal sealed class EvaluateCommand : CliCommand
{
    private static readonly TaskOption Json = new("json", OptionKind.Flag, "print the result as one JSON object") { Group = "Run" };

    private static readonly TaskOption Svg = new("svg", OptionKind.Path, "draw what the evaluation measures over a scale, such as BLEU over the length of sentences, into this file") { Placeholder = "FILE", Group = "Results" };

    private static readonly TaskOption Against = new("against", OptionKind.Path, "another model of the task to draw beside it with --svg; may be repeated") { Several = true, Placeholder = "MODEL", Group = "Results" };

    private readonly TaskDefinition _task;
    private readonly ModelFile? _file;

    private EvaluateCommand(TaskDefinition task, ModelFile? file)
    {
        (_task, _file) = (task, file);
        Options = [.. task.EvaluationOptions, CommonOptions.Weights, CommonOptions.Threads, Svg, Against, Json];
    }

    /// <inheritdoc/>
    public override string Name => "evaluate";

    /// <inheritdoc/>
    public override string Summary => "measures a model on data";

    /// <inheritdoc/>
    public override IReadOnlyList<Positional> Positionals { get; } = [ModelArgument.Positional];

    /// <inheritdoc/>
    public override IReadOnlyList<TaskOption> Options { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<(string Arguments, string Meaning)> Examples =>
    [
        ("runs/language-model-1/model.safetensors --data test.txt", "loss, bits per character, perplexity and accuracy on a text"),
        ("runs/language-model-1 --json", "the same on the text kept aside in training, as JSON"),
        ("runs/translate-1 --against runs/translate-2 --svg bleu.svg", "two translation models, drawn over the length of sentences"),
    ];

    /// <summary>The command for the task of the model that was typed straight after it.</summary>
    public static EvaluateCommand For(IReadOnlyList<string> tokens)
    {
        if (tokens.Count < 2 || tokens[0] != "evaluate" || tokens[1].StartsWith('-')) return new EvaluateCommand(TaskCatalogue.Get("language-model"), null);
        if (tokens.Count == 2 && !File.Exists(tokens[1]) && !Directory.Exists(tokens[1]) && TaskCatalogue.Find(tokens[1]) is { } task) return new EvaluateCommand(task, null);
        ModelFile file = ModelArgument.Read(tokens[1]);
        return new EvaluateCommand(ModelArgument.TaskOf(file, tokens[1]), file);
    }

    /// <inheritdoc/>
    public override int Run(Arguments arguments, Terminal terminal, CancellationToken cancellation)
    {
        TaskSettings given = arguments.Settings;
        if (given.IsGiven(CommonOptions.Threads.Name)) Parallelism.Threads = given.Whole(CommonOptions.Threads.Name);
        IReadOnlyList<string> others = given.All(Against.Name);
        if (others.Count > 0 && !given.IsGiven(Svg.Name)) throw new BadUsageException($"--against {others[0]}: it is drawn beside the model; name the file to draw into with --svg.");
        TaskModel model = Open(_file ?? ModelArgument.Read(arguments.Words[0]));
        TaskModel[] against = [.. others.Select(path => OpenOther(path, arguments.Words[0]))];
        var settings = new TaskSettings(_task.EvaluationOptions);
        foreach (TaskOption option in _task.EvaluationOptions.Where(option => given.IsGiven(option.Name)))
            foreach (string value in given.All(option.Name)) settings.Set(option.Name, value);
        long began = Stopwatch.GetTimestamp();
        Evaluation result = model.Evaluate(settings, cancellation);
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        if (given.Find(Svg.Name) is { } svg)
            ResultFile.Write(svg, Plot([(arguments.Words[0], result), .. others.Zip(against, (path, other) => (path, other.Evaluate(settings, cancellation)))]).ToSvg());
        foreach (string note in result.Notes) terminal.Error.WriteLine($"unroll: {note}");
        if (given.Flag(Json.Name))
        {
            terminal.Out.WriteLine(JsonText.OfObject(to =>
            {
                to.WriteString("task", _task.Name);
                to.WriteNumber("examples", result.Examples);
                if (result.Symbols is { } symbols) to.WriteNumber("symbols", symbols);
                to.WriteFinite("seconds", seconds);
                foreach ((string name, double value) in result.Metrics) to.WriteFinite(name, value);
                foreach (EvaluationTable table in result.Tables)
                {
                    to.WriteStartArray(table.Name);
                    foreach ((string name, IReadOnlyList<double> values) in table.Rows)
                    {
                        to.WriteStartObject();
                        to.WriteString(table.Columns[0], name);
                        for (int i = 0; i < values.Count; i++) to.WriteFinite(table.Columns[i + 1], values[i]);
                        to.WriteEndObject();
                    }
                    to.WriteEndArray();
                }
            }, indented: true));
            return ExitCode.Done;
        }
        Line("task", _task.Name);
        Line("examples", $"{result.Examples:N0}");
        if (result.Symbols is { } count) Line("symbols", $"{count:N0}");
        Line("seconds", $"{seconds:F2}");
        foreach ((string name, double value) in result.Metrics) Line(name.Replace('_', ' '), Figure(value));
        foreach (EvaluationTable table in result.Tables)
        {
            terminal.Out.WriteLine();
            terminal.Out.WriteLine(table.Name.Replace('_', ' '));
            new TextTable(table.Columns, [.. table.Rows.Select(row => (IReadOnlyList<string>)[Terminal.Visible(row.Name), .. row.Values.Select(Figure)])]).WriteText(terminal.Out);
        }
        return ExitCode.Done;

        TaskModel Open(ModelFile file)
        {
            TaskModel opened = _task.Open(file);
            opened.KeepWeights(CommonOptions.WeightFormatOf(given));
            return opened;
        }

        TaskModel OpenOther(string path, string first)
        {
            ModelFile file = ModelArgument.Read(path);
            return file.Task == _task.Name ? Open(file) : throw new BadInputException($"--against {path}: a model of the task {file.Task}; expected one of {_task.Name}, as {first} is.");
        }

        static string Figure(double value) => value == Math.Floor(value) && Math.Abs(value) < 1e9 ? $"{value:N0}" : $"{value:F4}";

        void Line(string name, string value) => terminal.Out.WriteLine($"{name,-22}{value}");
    }

    /// <summary>The tables whose rows stand on a scale, a line for each model.</summary>
    private LinePlot Plot(IReadOnlyList<(string Path, Evaluation Result)> models)
    {
        EvaluationTable first = models[0].Result.Tables.FirstOrDefault(table => table.Places.Count > 0)
            ?? throw new BadUsageException($"--svg: an evaluation of the task {_task.Name} measures nothing over a scale; that of translate measures BLEU over the length of sentences. Leave --svg out.");
        return new LinePlot(Words(first.Name), Words(first.Columns[0]), Words(first.Columns[^1]), [.. models.Select(model =>
        {
            EvaluationTable table = model.Result.Tables.First(table => table.Name == first.Name);
            return new PlotSeries(NameOf(model.Path), [.. table.Places.Zip(table.Rows, (place, row) => (place, row.Values[^1]))]);
        })]);

        static string Words(string name) => name.Replace('_', ' ');

        // The models of all runs have the same file name; what tells them apart is the run's folder.
        static string NameOf(string path)
        {
            string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)), folder = Path.GetDirectoryName(full) ?? full;
            return Path.GetFileName(full == new RunFolder(folder).Model ? folder : full);
        }
    }
}
