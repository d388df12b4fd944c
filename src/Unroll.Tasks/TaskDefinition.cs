using System.Collections.ObjectModel;
using Unroll.Files;
using Unroll.Training;

namespace Unroll.Tasks;

/// <summary>A task: what data it reads, what model it trains, how the model is judged and used. Deriving from this, in a file of its own and with a
/// parameterless constructor, is all it takes to add one: <see cref="TaskCatalogue"/> finds it when the project is compiled, and the command
/// makes its options and help from what it says here.</summary>
public abstract class TaskDefinition
{
    /// <summary>The name on the command line and in model files: lower case with hyphens.</summary>
    public abstract string Name { get; }

    /// <summary>Shorter names.</summary>
    public virtual IReadOnlyList<string> Aliases => [];

    /// <summary>What it does, in one line.</summary>
    public abstract string Summary { get; }

    /// <summary>All options of its training: its own, and those of <see cref="CommonOptions"/> with the defaults that suit it.</summary>
    public abstract IReadOnlyList<TaskOption> Options { get; }

    /// <summary>Defaults that suit the task better than those its options have elsewhere, by the option's name.</summary>
    private protected virtual IReadOnlyDictionary<string, string> Defaults => ReadOnlyDictionary<string, string>.Empty;

    /// <summary>Options with <see cref="Defaults"/>.</summary>
    private protected IReadOnlyList<TaskOption> WithDefaults(IEnumerable<TaskOption> options) =>
        [.. options.Select(option => Defaults.TryGetValue(option.Name, out string? better) ? option with { Default = better } : option)];

    /// <summary>The options of <see cref="TaskModel.Evaluate"/>.</summary>
    public abstract IReadOnlyList<TaskOption> EvaluationOptions { get; }

    /// <summary>Whether its models are <see cref="ITextGenerator"/>s.</summary>
    public virtual bool CanGenerate => false;

    /// <summary>What its models, if they are <see cref="IPredictor"/>s, take in each line, such as: a text; null if they are none.</summary>
    public virtual string? PredictionInput => null;

    /// <summary>The options of <see cref="IPredictor.Predict"/>.</summary>
    public virtual IReadOnlyList<TaskOption> PredictionOptions => [];

    /// <summary>What to type after <c>train</c>, each with a few words on what it does; for help.</summary>
    public virtual IReadOnlyList<(string Arguments, string Meaning)> Examples => [];

    /// <summary>Reads the data and builds the model, ready to be trained. Values that follow from the data (a smaller batch for a short text) are
    /// written back to the settings, so that a recipe made from them says what was done.</summary>
    /// <param name="settings">The values of <see cref="Options"/>.</param>
    /// <exception cref="BadInputException">The data cannot be used.</exception>
    /// <exception cref="BadUsageException">The settings do not go together.</exception>
    public abstract PreparedTraining Prepare(TaskSettings settings);

    /// <summary>Makes a trained model ready for use.</summary>
    /// <param name="file">The model's file.</param>
    /// <exception cref="BadInputException">The file is not a model of this task, or is damaged.</exception>
    public abstract TaskModel Open(ModelFile file);
}

/// <summary>A line about data or model: what it is about, and what there is to say.</summary>
/// <param name="Label">One or two words.</param>
/// <param name="Text">The rest.</param>
public sealed record Fact(string Label, string Text);

/// <summary>A training about to begin.</summary>
/// <param name="Job">What the trainer trains.</param>
/// <param name="Facts">What was found in the data, and what was built.</param>
/// <param name="Warnings">What the user should know before waiting for the result.</param>
/// <param name="Units">In what its loss and speed are told.</param>
public sealed record PreparedTraining(TrainingJob Job, IReadOnlyList<Fact> Facts, IReadOnlyList<string> Warnings, TrainingUnits Units);

/// <summary>In what a training's loss and speed are told to people.</summary>
/// <param name="Symbols">What is counted, more than one: characters, sentences.</param>
/// <param name="LossName">A figure that follows from the loss and says more than nats, such as bits per character; null for none.</param>
/// <param name="FromLoss">That figure for a loss in nats.</param>
public sealed record TrainingUnits(string Symbols, string? LossName = null, Func<double, double>? FromLoss = null)
{
    /// <summary>A loss for people: nats, and the figure that follows.</summary>
    /// <param name="nats">The loss.</param>
    public string Loss(double nats) => LossName is null || FromLoss is null ? $"loss {nats:F4}" : $"loss {nats:F4} ({FromLoss(nats):F3} {LossName})";
}
