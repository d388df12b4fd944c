using Unroll.Cli.Display;
using Unroll.Data;
using Unroll.Tasks;
using Unroll.Training;

namespace Unroll.Cli.Commands;

/// <summary>Trains a model of a task, or goes on where a run stopped.</summary>
internal sealed class TrainCommand : CliCommand
{
    private const string DefaultTask = "language-model";

    private static readonly TaskOption Out = new("out", OptionKind.Path, "folder of the run (default: a new one below runs/)") { Placeholder = "DIR", Group = "Run" };
    private static readonly TaskOption Resume = new("resume", OptionKind.Path, "go on with the run in this folder, exactly where its last checkpoint is") { Placeholder = "DIR", Group = "Run" };
    private static readonly TaskOption Quiet = new("quiet", OptionKind.Flag, "show warnings only while training") { Group = "Run" };
    private static readonly TaskOption Json = new("json", OptionKind.Flag, "print the result as one JSON object") { Group = "Run" };

    private readonly TaskDefinition _task;

    private TrainCommand(TaskDefinition task)
    {
        _task = task;
        Options = [.. task.Options, Out, Resume, Quiet, Json];
    }

    /// <inheritdoc/>
    public override string Name => "train";

    /// <inheritdoc/>
    public override string Summary => "trains a model";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Details =>
    [
        $"The task {_task.Name} {_task.Summary}.",
        "Ctrl-C saves and says how to go on. A run folder holds model.safetensors (the best so far), checkpoint.safetensors, recipe.json, metrics.jsonl and TensorBoard events.",
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Positional> Positionals { get; } =
        [new("TASK", $"what to learn: {string.Join(", ", TaskCatalogue.All.Select(task => string.Join(" or ", task.Aliases.Prepend(task.Name))))} [{DefaultTask}]", false)];

    /// <inheritdoc/>
    public override IReadOnlyList<TaskOption> Options { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<(string Arguments, string Meaning)> Examples =>
    [
        .. _task.Examples.Select(example => (_task.Name == DefaultTask ? example.Arguments : $"{_task.Name} {example.Arguments}".TrimEnd(), example.Meaning)),
        ("--resume runs/first --epochs 40", "go on with a run, now until epoch 40"),
    ];

    /// <summary>The command for the task that was typed straight after it, or that the run to be resumed has.</summary>
    public static TrainCommand For(IReadOnlyList<string> tokens)
    {
        if (tokens.Count == 0 || tokens[0] != "train") return new TrainCommand(TaskCatalogue.Get(DefaultTask));
        if (tokens.Count > 1 && !tokens[1].StartsWith('-')) return new TrainCommand(TaskCatalogue.Get(tokens[1]));
        for (int i = 1; i < tokens.Count; i++)
        {
            string? folder = tokens[i] == "--resume" && i + 1 < tokens.Count ? tokens[i + 1]
                : tokens[i].StartsWith("--resume=", StringComparison.Ordinal) ? tokens[i]["--resume=".Length..] : null;
            if (folder is not null) return new TrainCommand(TaskCatalogue.Get(Recipe.Read(new RunFolder(folder).Recipe).Task));
        }
        return new TrainCommand(TaskCatalogue.Get(DefaultTask));
    }

    /// <inheritdoc/>
    public override int Run(Arguments arguments, Terminal terminal, CancellationToken cancellation)
    {
        TaskSettings given = arguments.Settings;
        bool resumes = given.IsGiven(Resume.Name), json = given.Flag(Json.Name);
        string folder = resumes ? given.Text(Resume.Name) : given.Find(Out.Name) ?? NewFolder(_task.Name);
        TaskSettings settings = resumes ? Resumed(given, folder) : PlannedRun.SettingsOf(_task, given);
        if (!resumes && new RunFolder(folder) is var run && (run.HasCheckpoint || File.Exists(run.Model))) throw new BadUsageException(
            $"--out {folder}: the folder already holds a run; go on with it by --resume {folder}, or choose another folder.");
        if (settings.Find(CommonOptions.Threads.Name) is not null) Parallelism.Threads = settings.Whole(CommonOptions.Threads.Name);

        TrainingDisplay display = given.Flag(Quiet.Name) ? new QuietDisplay(terminal.Error)
            : terminal.IsErrorScreen ? new LiveDisplay(terminal) : new PlainDisplay(terminal.Error);
        var (prepared, trainer) = PlannedRun.Of(_task, settings, folder, resumes);
        trainer.Observe(display);
        display.ShowFacts(prepared.Facts);
        foreach (string warning in prepared.Warnings) display.Warn(warning);
        RunResult result = display.Show(prepared.Units, () => resumes ? trainer.Resume(cancellation) : trainer.Run(cancellation));
        Tell(terminal, result, settings, folder, json, prepared.Units);
        return result.Outcome == RunOutcome.Interrupted ? ExitCode.Interrupted : ExitCode.Done;
    }

    /// <summary>The settings of the run in a folder, with those of the given that may change on resuming.</summary>
    private TaskSettings Resumed(TaskSettings given, string folder)
    {
        if (given.IsGiven(Out.Name)) throw new BadUsageException("--out and --resume exclude each other: a run goes on in its own folder.");
        TaskSettings settings = CommonOptions.FromRecipe(_task, Recipe.Read(new RunFolder(folder).Recipe));
        TaskOption[] changed = [.. _task.Options.Where(option => given.IsGiven(option.Name))];
        if (changed.FirstOrDefault(option => !option.MayChangeOnResume && given.Find(option.Name) != settings.Find(option.Name)) is { } fixedOption) throw new BadUsageException(
            $"--{fixedOption.Name} cannot change when a run is resumed; only {string.Join(", ", _task.Options.Where(option => option.MayChangeOnResume).Select(option => "--" + option.Name))} can.");

        // Someone who says how long to go on means that, whichever of the two the run was begun with.
        bool lengthGiven = given.IsGiven(CommonOptions.Epochs.Name) || given.IsGiven(CommonOptions.Steps.Name);
        var result = new TaskSettings(_task.Options);
        foreach (TaskOption option in _task.Options)
        {
            bool isLength = option.Name == CommonOptions.Epochs.Name || option.Name == CommonOptions.Steps.Name;
            TaskSettings from = given.IsGiven(option.Name) || (isLength && lengthGiven) ? given : settings;
            if (from.IsGiven(option.Name))
                foreach (string value in from.All(option.Name)) result.Set(option.Name, value);
        }
        return result;
    }

    /// <summary>The first folder runs/NAME-N that is not there yet.</summary>
    internal static string NewFolder(string name)
    {
        for (int i = 1; ; i++)
        {
            string folder = Path.Combine("runs", $"{name}-{i}");
            if (!Directory.Exists(folder) && !File.Exists(folder)) return folder;
        }
    }

    private void Tell(Terminal terminal, RunResult result, TaskSettings settings, string folder, bool json, TrainingUnits units)
    {
        string model = result.Model ?? new RunFolder(folder).Model;
        if (json)
        {
            terminal.Out.WriteLine(JsonText.OfObject(to =>
            {
                to.WriteString("task", _task.Name);
                to.WriteString("outcome", PlannedRun.Word(result.Outcome));
                to.WriteNumber("steps", result.Steps);
                to.WriteFinite("epochs", result.Epochs);
                to.WriteNumber("symbols", result.Symbols);
                to.WriteNumber("skipped", result.Skipped);
                to.WriteFinite("seconds", result.Seconds);
                to.WriteFinite("training_loss", result.TrainingLoss);
                if (result.BestLoss is { } best) to.WriteFinite("best_loss", best);
                if (result.BestStep is { } step) to.WriteNumber("best_step", step);
                foreach ((string name, double value) in result.Metrics) to.WriteFinite(name, value);
                to.WriteString("folder", folder);
                to.WriteString("model", model);
            }, indented: true));
            return;
        }
        string unroll = Invocation.Text, quoted = Invocation.Quote(model), resume = $"{unroll} train --resume {Invocation.Quote(folder)}";
        if (result.Outcome == RunOutcome.Interrupted)
        {
            terminal.Out.WriteLine($"Interrupted at step {result.Steps}, and saved. To go on exactly from there:");
            terminal.Out.WriteLine($"  {resume}");
            return;
        }
        string best_ = result.BestLoss is { } loss ? $"; best validation {units.Loss(loss)} at step {result.BestStep}" : "";
        string ended = result.Outcome switch { RunOutcome.StoppedEarly => "Stopped early after", RunOutcome.Solved => "Solved after", _ => "Trained for" };
        string seen = result.Outcome == RunOutcome.Solved ? $"{result.Symbols:N0} {units.Symbols}" : $"{result.Epochs:0.##} epochs";
        terminal.Out.WriteLine($"{ended} {result.Steps} steps ({seen}, {Clock.Text(result.Seconds)}){best_}.");
        terminal.Out.WriteLine($"The model is {model}. Next:");
        if (_task.CanGenerate) terminal.Out.WriteLine($"  {unroll} generate {quoted} --length 500");
        terminal.Out.WriteLine($"  {unroll} evaluate {quoted}");
        terminal.Out.WriteLine($"  {unroll} inspect {quoted}");
        if (result.Outcome == RunOutcome.Solved) return;
        string longer = settings.IsGiven(CommonOptions.Epochs.Name) ? $"--epochs {2L * settings.Whole(CommonOptions.Epochs.Name)}" : $"--steps {2 * result.Steps}";
        terminal.Out.WriteLine($"  {resume} {longer}");
    }
}
