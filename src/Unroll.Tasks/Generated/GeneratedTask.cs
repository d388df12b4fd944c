using System.Globalization;
using Unroll.Files;
using Unroll.Tasks.Sequences;

namespace Unroll.Tasks.Generated;

/// <summary>A task whose sequences are made from a seed: which ones, its <see cref="Source"/> says; all else stands here once.</summary>
internal abstract class GeneratedTask : SequenceTask
{
    /// <summary>The share of sequences with every answer right.</summary>
    public const string SuccessRate = "success_rate";

    internal static readonly TaskOption UntilSolved = new("until-solved", OptionKind.Number, "stop when this share of the validation sequences is solved; 0 takes all steps")
    {
        Default = "0.99",
        Minimum = 0,
        Maximum = 1,
        Placeholder = "P",
        Group = "Training",
        MayChangeOnResume = true,
    };

    internal static readonly TaskOption EvaluationExamples = new("examples", OptionKind.Whole, "sequences to judge") { Default = "1000", Minimum = 1, Group = "Data" };

    private static readonly TaskOption EvaluationSeed = CommonOptions.Seed with { Default = null, Help = "seed of the sequences (default: those of the run's validation)", Group = "Data" };

    /// <summary>Defaults for tasks that hold a class through noise: few units that keep what they have, and first weights large enough that a symbol is heard. With the usual
    /// ones an LSTM does not begin to learn them.</summary>
    protected static readonly IReadOnlyDictionary<string, string> Latching = new Dictionary<string, string>
    {
        [CommonOptions.Hidden.Name] = "32",
        [CommonOptions.Init.Name] = "glorot",
        [CommonOptions.ForgetBias.Name] = "3",
        [CommonOptions.Batch.Name] = "20",
        [CommonOptions.LearningRate.Name] = "0.01",
    };

    /// <summary>How long sequences are.</summary>
    public abstract TaskOption Length { get; }

    /// <summary>Steps to give up after unless said otherwise.</summary>
    protected virtual int DefaultSteps => 5000;

    /// <inheritdoc/>
    public override IReadOnlyList<TaskOption> EvaluationOptions => field ??=
        [EvaluationSeed, EvaluationExamples, Length with { Default = null, Help = $"{Length.Help} (default: as trained)", Group = "Data" }];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Arguments, string Meaning)> Examples =>
    [
        ("", "an LSTM learns it and stops when it is solved"),
        ($"--cell gru --length {2 * int.Parse(Length.Default!, CultureInfo.InvariantCulture)} --seed 2", "another cell, twice as long, other sequences"),
        ("--cell elman --until-solved 0 --steps 2000", "a plain recurrent network, for all the steps"),
    ];

    /// <summary>The task's sequences.</summary>
    /// <param name="settings">The values of <see cref="TaskDefinition.Options"/>.</param>
    public abstract SequenceSource Source(TaskSettings settings);

    /// <inheritdoc/>
    public sealed override SequenceFormat Format(TaskSettings settings) => Source(settings).Format;

    /// <summary>The metrics that scores make.</summary>
    public static Dictionary<string, double> MetricsOf(SequenceFormat format, SequenceScores scores) => new()
    {
        ["loss"] = scores.Loss,
        [format.Target == TargetKind.Number ? "mse" : "accuracy"] = format.Target == TargetKind.Number ? scores.Loss : (double)scores.Right / scores.Judged,
        [SuccessRate] = (double)scores.Solved / scores.Sequences,
    };

    /// <inheritdoc/>
    public override PreparedTraining Prepare(TaskSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ModelFile? start = StartingModel.Read(this, settings);
        if (!settings.IsGiven(CommonOptions.Epochs.Name) && !settings.IsGiven(CommonOptions.Steps.Name)) settings.Set(CommonOptions.Steps.Name, Text(DefaultSteps));
        settings.GiveDefaults();
        SequenceSource source = Source(settings);
        SequenceFormat format = source.Format;
        var network = new SequenceNetwork(format, settings);
        var job = new GeneratedJob(network, source, settings, FileWith(settings)) { StartingModel = start };
        string judged = format.Target switch { TargetKind.Number => "a number", TargetKind.Class => $"one of {format.Outputs} classes", _ => $"a set of {format.Outputs} symbols" };
        return new PreparedTraining(job,
            [
                new Fact("sequences", $"up to {source.Length} steps of {format.Inputs} features; asked for {judged}, {(source.Judged == 1 ? "once" : $"up to {source.Judged} times")}; each is seen once"),
                new Fact("paper", Paper),
                network.Describe(),
            ], [], new TrainingUnits("sequences"));
    }

    /// <inheritdoc/>
    public sealed override Evaluation Evaluate(SequenceNetwork network, TaskSettings trainedWith, TaskSettings settings, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(trainedWith);
        ArgumentNullException.ThrowIfNull(settings);
        var asked = new TaskSettings(Options);
        foreach (TaskOption option in Options.Where(option => trainedWith.IsGiven(option.Name))) asked.Set(option.Name, trainedWith.Text(option.Name));
        foreach (TaskOption option in new[] { Length, CommonOptions.Seed })
            if (settings.IsGiven(option.Name)) asked.Set(option.Name, settings.Text(option.Name));
        int examples = settings.Whole(EvaluationExamples.Name);
        SequenceSource source = Source(asked);
        var scores = SequenceScorer.Of(network, source).Score(source, (ulong)asked.Whole(CommonOptions.Seed.Name), examples, cancellation);
        string[] notes = settings.IsGiven(CommonOptions.Seed.Name) ? [] : ["judged on the sequences that the run was validated on; --seed N makes others"];
        return new Evaluation(examples, null, MetricsOf(source.Format, scores), notes);
    }

    /// <inheritdoc/>
    protected sealed override IEnumerable<TaskOption> AllOptions() =>
    [
        Length, .. OwnOptions, .. LayerOptions,
        CommonOptions.Epochs with { Help = "stop after this many times 100 steps" },
        CommonOptions.Steps with { Help = $"stop after this many steps [{Text(DefaultSteps)}]" },
        CommonOptions.Batch, CommonOptions.Recompute, UntilSolved,
        .. TrainingOptions.Select(option => option.Name == CommonOptions.ValidateEvery.Name ? option with { Help = "steps between validations (default: 100)" } : option),
    ];

    /// <summary>The option that says how long sequences are.</summary>
    protected static TaskOption LengthOption(string help, int usual, int least) => new("length", OptionKind.Whole, help)
    {
        Default = Text(usual),
        Minimum = least,
        Maximum = 1 << 20,
        Group = "Task",
    };
}
