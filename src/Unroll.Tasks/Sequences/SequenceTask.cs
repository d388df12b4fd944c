using System.Globalization;
using Unroll.Files;
using Unroll.Training;

namespace Unroll.Tasks.Sequences;

/// <summary>A task whose model reads a sequence of features and answers at some of its steps: <see cref="SequenceNetwork"/>.</summary>
internal abstract class SequenceTask : TaskDefinition
{
    /// <summary>Where the task was first set, with what counts as solved or good.</summary>
    public abstract string Paper { get; }

    /// <summary>Options of the task besides those that every such task has.</summary>
    protected virtual IReadOnlyList<TaskOption> OwnOptions => [];

    /// <inheritdoc/>
    public sealed override IReadOnlyList<TaskOption> Options => field ??= WithDefaults(AllOptions());

    /// <summary>The options before <c>Defaults</c>.</summary>
    protected abstract IEnumerable<TaskOption> AllOptions();

    /// <summary>What steps bring and what is asked for.</summary>
    /// <param name="settings">The values of <see cref="TaskDefinition.Options"/>.</param>
    public abstract SequenceFormat Format(TaskSettings settings);

    /// <summary>Measures a model.</summary>
    /// <param name="network">The model.</param>
    /// <param name="trainedWith">What it was trained with.</param>
    /// <param name="settings">The values of <see cref="TaskDefinition.EvaluationOptions"/>.</param>
    /// <param name="cancellation">Stops it.</param>
    public abstract Evaluation Evaluate(SequenceNetwork network, TaskSettings trainedWith, TaskSettings settings, CancellationToken cancellation);

    /// <inheritdoc/>
    public sealed override TaskModel Open(ModelFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        TaskSettings settings = CommonOptions.FromRecipe(this, Recipe.FromJson(file.Recipe, "the model's recipe"));
        SequenceNetwork network;
        try
        {
            network = new SequenceNetwork(Format(settings), settings);
        }
        catch (BadUsageException error)
        {
            throw new BadInputException($"The model's recipe does not fit together: {error.Message}", error);
        }
        file.CopyTo(network.Parameters);
        return new SequenceModel(this, network, settings, file);
    }

    /// <summary>A model file without weights, for a job.</summary>
    protected Func<ModelFile> FileWith(TaskSettings settings) => () => new ModelFile(Name, CommonOptions.ToRecipe(this, settings).ToJson());

    /// <summary>The options of the recurrent layers.</summary>
    protected static IEnumerable<TaskOption> LayerOptions =>
    [
        CommonOptions.Cell,
        CommonOptions.Hidden with { Default = "64" },
        CommonOptions.Layers with { Default = "1" },
        .. CommonOptions.AroundCells, CommonOptions.Init, CommonOptions.ForgetBias,
    ];

    /// <summary>The options of every training, with a learning rate and clipping that suit small networks.</summary>
    protected static IEnumerable<TaskOption> TrainingOptions => CommonOptions.OfEveryTraining.Select(option =>
        option.Name == CommonOptions.LearningRate.Name ? option with { Default = "0.005" }
        : option.Name == CommonOptions.Clip.Name ? option with { Default = "1" }
        : option);

    /// <summary>A number as options keep it.</summary>
    protected static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
