using Unroll.Cli.Comparing;
using Unroll.Cli.Studies;
using Unroll.Data;
using Unroll.Tasks;

namespace Unroll.Cli.Commands;

/// <summary>Trains several entrants on one task with several seeds, and says how they stand.</summary>
internal sealed class CompareCommand : CliCommand
{
    private const string DefaultTask = "temporal-order", Group = "Comparison";

    private static readonly TaskOption Vary = new("vary", OptionKind.Text, "an option of the task and the values to compare; given for several options, every combination is an entrant")
    {
        Several = true,
        Placeholder = "OPTION=VALUE,VALUE",
        Group = Group,
    };
    private static readonly TaskOption Seeds = new("seeds", OptionKind.Text, "runs of each entrant: how many (5: the seeds 1 to 5), or the seeds with commas between")
    {
        Default = "3",
        Placeholder = "N",
        Group = Group,
        Check = static value => Comparison.TryParseSeeds(value, out _),
    };
    private static readonly TaskOption Parameters = new("parameters", OptionKind.Whole, "give every entrant the hidden size with which it has nearest to so many parameters") { Minimum = 1, Maximum = 100_000_000, Group = Group };
    private static readonly TaskOption StudyName = new("study", OptionKind.Text, "the comparison of a paper, its task and options; others that are given take the place of its own") { Placeholder = "NAME", Group = Group };
    private static readonly TaskOption Studies = new("studies", OptionKind.Flag, "list the studies") { Group = Group };
    private static readonly TaskOption Out = new("out", OptionKind.Path, "folder of the comparison (default: a new one below runs/); runs it already has are not done again, and one that was interrupted goes on") { Placeholder = "DIR", Group = Group };
    private static readonly TaskOption Json = new("json", OptionKind.Flag, "print everything as one JSON object") { Group = Group };
    private static readonly TaskOption[] Own = [Vary, Seeds, Parameters, StudyName, Studies, Out, Json];

    private readonly TaskDefinition _task;
    private readonly Study? _study;

    private CompareCommand(TaskDefinition task, Study? study)
    {
        (_task, _study) = (task, study);
        Options = [.. Own, .. task.Options.Where(option => option.Name != CommonOptions.Seed.Name && Own.All(own => own.Name != option.Name))];
    }

    /// <inheritdoc/>
    public override string Name => "compare";

    /// <inheritdoc/>
    public override string Summary => "trains several cells, or other choices, on one task with several seeds, and says which did best";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Details =>
    [
        "Every run is what 'unroll train' does with these options and seed. All options of the task's training are taken, for all entrants alike; here are those of "
        + $"{_task.Name} ('unroll compare TASK --help' shows another's).",
        "The folder holds table.md, runs.csv, curves.svg, compare.json, and a run folder for each run. Ctrl-C saves; the same command with --out goes on.",
        $"Studies: {string.Join(", ", StudyCatalogue.All.Select(study => study.Name))}.",
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Positional> Positionals { get; } = [new("TASK", "what to learn ('unroll tasks' lists the tasks); not with --study, which has its own", false)];

    /// <inheritdoc/>
    public override IReadOnlyList<TaskOption> Options { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<(string Arguments, string Meaning)> Examples =>
    [
        ("temporal-order --vary cell=elman,gru,lstm --parameters 5000", "three cells with about 5,000 parameters each, three seeds"),
        ("temporal-order --vary cell=lstm,gru --vary forget-bias=0,3 --seeds 5 --out runs/bias", "four entrants, five seeds, into a folder of your choice"),
        ("temporal-order --vary learning-rate=0.003,0.01,0.03 --steps 1000 --json", "any option of the task can be varied"),
        ("--study pascanu2013", "the exploding gradient, with and without clipping"),
    ];

    /// <summary>The command for the task that was typed straight after it, or that the study has.</summary>
    public static CompareCommand For(IReadOnlyList<string> tokens)
    {
        if (tokens.Count == 0 || tokens[0] != "compare") return new CompareCommand(TaskCatalogue.Get(DefaultTask), null);
        string option = "--" + StudyName.Name;
        for (int i = 1; i < tokens.Count; i++)
        {
            string? name = tokens[i] == option && i + 1 < tokens.Count ? tokens[i + 1] : tokens[i].StartsWith(option + "=", StringComparison.Ordinal) ? tokens[i][(option.Length + 1)..] : null;
            if (name is null) continue;
            Study study = StudyCatalogue.Get(name);
            return new CompareCommand(TaskCatalogue.Get(study.Task), study);
        }
        return new CompareCommand(TaskCatalogue.Get(tokens.Count > 1 && !tokens[1].StartsWith('-') ? tokens[1] : DefaultTask), null);
    }

    /// <inheritdoc/>
    public override int Run(Arguments arguments, Terminal terminal, CancellationToken cancellation)
    {
        TaskSettings given = arguments.Settings;
        if (given.Flag(Studies.Name)) return ListStudies(terminal.Out);
        if (_study is null && arguments.Words.Count == 0) throw new BadUsageException("TASK is missing: name what to learn ('unroll tasks' lists the tasks), or a --study.");
        if (_study is not null && arguments.Words.Count > 0) throw new BadUsageException($"'{arguments.Words[0]}': the study {_study.Name} has its own task, {_study.Task}; leave out one of the two.");
        if (_study is not null && given.IsGiven(Vary.Name)) throw new BadUsageException($"--vary: the study {_study.Name} says itself what is varied; leave out one of the two.");
        if (_study is not null) given = Over(ArgumentParser.Parse(this, _study.Options).Settings, given);

        Comparison comparison = ComparisonOf(given);
        bool hasFolder = given.IsGiven(Out.Name);
        string folder = hasFolder ? given.Text(Out.Name) : TrainCommand.NewFolder($"compare-{_study?.Name ?? _task.Name}");
        var runs = new ComparisonRuns(comparison, folder);
        runs.RefuseAnother();
        if (given.IsGiven(CommonOptions.Threads.Name)) Parallelism.Threads = given.Whole(CommonOptions.Threads.Name);

        IReadOnlyList<Entrant> entrants = comparison.Entrants();
        ComparisonReport? report = null;
        bool ended = runs.Run(entrants, terminal.Error, standings => Save(report = new ComparisonReport(comparison, standings), folder), cancellation);
        if (given.Flag(Json.Name)) terminal.Out.WriteLine(JsonText.OfObject(report!.WriteJson, indented: true));
        else
        {
            report!.WriteText(terminal.Out);
            terminal.Out.WriteLine($"All of it is in {folder}: table.md, runs.csv, curves.svg, {ComparisonRuns.File}, runs/.");
        }
        if (ended) return ExitCode.Done;
        terminal.Error.WriteLine($"Interrupted, and saved. To go on exactly from there:\n  {Invocation.Text} {string.Join(' ', comparison.Command().Select(Invocation.Quote))} --out {Invocation.Quote(folder)}");
        return ExitCode.Interrupted;
    }

    private Comparison ComparisonOf(TaskSettings given)
    {
        Comparison.TryParseSeeds(given.Text(Seeds.Name), out int[] seeds);
        TaskSettings shared = PlannedRun.SettingsOf(_task, given);
        return new Comparison(_task, shared, [.. given.All(Vary.Name).Select(text => Variation.Parse(text, _task.Options))], seeds, given.IsGiven(Parameters.Name) ? given.Whole(Parameters.Name) : null, _study).Checked();
    }

    /// <summary>What was given, and the study's own where nothing was. How long to train is one thing, whichever of the two ways says it, and so is how large a model is.</summary>
    private TaskSettings Over(TaskSettings study, TaskSettings given)
    {
        var settings = new TaskSettings(Options);
        string[][] together = [[CommonOptions.Steps.Name, CommonOptions.Epochs.Name], [CommonOptions.Hidden.Name, Parameters.Name]];
        foreach (TaskOption option in Options)
        {
            bool isGiven = given.IsGiven(option.Name) || together.Any(names => names.Contains(option.Name) && names.Any(name => Options.Any(each => each.Name == name) && given.IsGiven(name)));
            TaskSettings from = isGiven ? given : study;
            if (from.IsGiven(option.Name))
                foreach (string value in from.All(option.Name)) settings.Set(option.Name, value);
        }
        return settings;
    }

    private static void Save(ComparisonReport report, string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new RunFailedException($"{folder}: the folder cannot be made: {error.Message}", error);
        }
        ResultFile.Write(Path.Combine(folder, ComparisonRuns.File), JsonText.OfObject(report.WriteJson, indented: true) + "\n");
        ResultFile.Write(Path.Combine(folder, "table.md"), report.ToMarkdown());
        ResultFile.Write(Path.Combine(folder, "runs.csv"), report.ToCsv());
        ResultFile.Write(Path.Combine(folder, "curves.svg"), report.ToPlot().ToSvg());
    }

    private static int ListStudies(TextWriter to)
    {
        foreach (Study study in StudyCatalogue.All)
        {
            to.WriteLine(study.Name);
            to.WriteLine($"  {study.Paper}");
            to.WriteLine($"  {study.Claim}");
            to.WriteLine($"  unroll compare {study.Arguments}");
        }
        return ExitCode.Done;
    }
}
