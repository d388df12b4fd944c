using System.Diagnostics;
using Unroll.Cli.Display;
using Unroll.Data;
using Unroll.Files;
using Unroll.Tasks;

namespace Unroll.Cli.Commands;

/// <summary>Measures a model on data.</summary>
internal sealed class EvaluateCommand : CliCommand
{
    private static readonly TaskOption Json = new("json", OptionKind.Flag, "print the result as one JSON object") { Group = "Run" };

    private readonly TaskDefinition _task;
    private readonly ModelFile? _file;

    private EvaluateCommand(TaskDefinition task, ModelFile? file)
    {
        (_task, _file) = (task, file);
        Options = [.. task.EvaluationOptions, CommonOptions.Weights, CommonOptions.Threads, Json];
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
        TaskModel model = _task.Open(_file ?? ModelArgument.Read(arguments.Words[0]));
        model.KeepWeights(CommonOptions.WeightFormatOf(given));
        var settings = new TaskSettings(_task.EvaluationOptions);
        foreach (TaskOption option in _task.EvaluationOptions.Where(option => given.IsGiven(option.Name)))
            foreach (string value in given.All(option.Name)) settings.Set(option.Name, value);
        long began = Stopwatch.GetTimestamp();
        Evaluation result = model.Evaluate(settings, cancellation);
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
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

        static string Figure(double value) => value == Math.Floor(value) && Math.Abs(value) < 1e9 ? $"{value:N0}" : $"{value:F4}";

        void Line(string name, string value) => terminal.Out.WriteLine($"{name,-22}{value}");
    }
}
