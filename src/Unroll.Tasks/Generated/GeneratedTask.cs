using System.Collections.ObjectModel;
using System.Globalization;
using Unroll.Files;
using Unroll.Training;

namespace Unroll.Tasks.Generated;

/// <summary>A task whose sequences are made from a seed: which ones, its <see cref="Source"/> says; all else stands here once.</summary>
internal abstract class GeneratedTask : TaskDefinition
{
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

    /// <summary>Where the task was first set, with what counts as solved.</summary>
    public abstract string Paper { get; }

    /// <summary>How long sequences are.</summary>
    public abstract TaskOption Length { get; }

    /// <summary>Options of the task besides those that every such task has.</summary>
    protected virtual IReadOnlyList<TaskOption> OwnOptions => [];

    /// <summary>Defaults that suit the task better than those of all such tasks, by the option's name.</summary>
    protected virtual IReadOnlyDictionary<string, string> Defaults => ReadOnlyDictionary<string, string>.Empty;

    /// <summary>Steps to give up after unless said otherwise.</summary>
    protected virtual int DefaultSteps => 5000;

    /// <inheritdoc/>
    public override IReadOnlyList<TaskOption> Options => field ??= [.. AllOptions().Select(option => Defaults.TryGetValue(option.Name, out string? better) ? option with { Default = better } : option)];

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
    public override PreparedTraining Prepare(TaskSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (!settings.IsGiven(CommonOptions.Epochs.Name) && !settings.IsGiven(CommonOptions.Steps.Name)) settings.Set(CommonOptions.Steps.Name, Text(DefaultSteps));
        // Into the recipe, so that a later version with other defaults opens the model as it was built.
        foreach (TaskOption option in Options.Where(option => option.Default is not null && !settings.IsGiven(option.Name))) settings.Set(option.Name, option.Default!);
        SequenceSource source = Source(settings);
        var network = new GeneratedNetwork(source, settings);
        var job = new GeneratedJob(network, source, settings, () => new ModelFile(Name, CommonOptions.ToRecipe(this, settings).ToJson()));
        string judged = source.Target switch { TargetKind.Number => "a number", TargetKind.Class => $"one of {source.Outputs} classes", _ => $"a set of {source.Outputs} symbols" };
        return new PreparedTraining(job,
            [
                new Fact("sequences", $"up to {source.Length} steps of {source.Inputs} features; asked for {judged}, {(source.Judged == 1 ? "once" : $"up to {source.Judged} times")}; each is seen once"),
                new Fact("paper", Paper),
                network.Describe(),
            ], [], new TrainingUnits("sequences"));
    }

    /// <inheritdoc/>
    public override TaskModel Open(ModelFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        TaskSettings settings = CommonOptions.FromRecipe(this, Recipe.FromJson(file.Recipe, "the model's recipe"));
        var network = new GeneratedNetwork(Source(settings), settings);
        file.CopyTo(network.Parameters);
        return new GeneratedModel(this, network, settings, file);
    }

    private IEnumerable<TaskOption> AllOptions() =>
    [
        Length, .. OwnOptions,
        CommonOptions.Cell,
        CommonOptions.Hidden with { Default = "64" },
        CommonOptions.Layers with { Default = "1" },
        .. CommonOptions.AroundCells, CommonOptions.Init, CommonOptions.ForgetBias,
        CommonOptions.Epochs with { Help = "stop after this many times 100 steps" },
        CommonOptions.Steps with { Help = $"stop after this many steps [{Text(DefaultSteps)}]" },
        CommonOptions.Batch, CommonOptions.Recompute, UntilSolved,
        .. CommonOptions.OfEveryTraining.Select(option =>
            option.Name == CommonOptions.LearningRate.Name ? option with { Default = "0.005" }
            : option.Name == CommonOptions.Clip.Name ? option with { Default = "1" }
            : option.Name == CommonOptions.ValidateEvery.Name ? option with { Help = "steps between validations (default: 100)" }
            : option),
    ];

    /// <summary>The option that says how long sequences are.</summary>
    protected static TaskOption LengthOption(string help, int usual, int least) => new("length", OptionKind.Whole, help)
    {
        Default = Text(usual),
        Minimum = least,
        Maximum = 1 << 20,
        Group = "Task",
    };

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
