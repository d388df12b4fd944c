using Unroll.Files;
using Unroll.Tasks.Examples;

namespace Unroll.Tasks.Sequences;

/// <summary>What a task learns and what it is judged on.</summary>
/// <param name="Training">What is learned.</param>
/// <param name="Validation">What is kept aside.</param>
/// <param name="Source">Where it came from, for people.</param>
internal sealed record StoredParts(StoredSequences Training, StoredSequences Validation, string Source);

/// <summary>A task whose sequences are stored in files: how they are read, its methods say; all else stands here once. With no data given it learns a sample that is made
/// from a seed.</summary>
internal abstract class StoredTask : SequenceTask
{
    /// <summary>What to learn.</summary>
    public abstract TaskOption Data { get; }

    /// <summary>What to judge the model on while it is trained.</summary>
    public abstract TaskOption Valid { get; }

    /// <summary>Passes over data unless said otherwise, and over the sample.</summary>
    protected abstract (int Data, int Sample) DefaultEpochs { get; }

    /// <summary>In what loss and speed are told.</summary>
    protected abstract TrainingUnits Units { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<TaskOption> EvaluationOptions => field ??= [Data with { Help = $"{Data.Help[..Data.Help.IndexOf('(')]}(default: what was kept aside in training)" }];

    /// <summary>Reads what settings name, or makes the sample.</summary>
    /// <exception cref="BadInputException">It cannot be used.</exception>
    public abstract StoredParts Read(TaskSettings settings);

    /// <summary>Reads data to judge a model on.</summary>
    /// <param name="paths">Where it is.</param>
    /// <param name="trainedWith">What the model was trained with.</param>
    /// <exception cref="BadInputException">It cannot be used.</exception>
    protected abstract StoredSequences ReadToJudge(IReadOnlyList<string> paths, TaskSettings trainedWith);

    /// <summary>The metrics that scores make.</summary>
    protected abstract Dictionary<string, double> MetricsOf(SequenceScores scores);

    /// <summary>What was found, for people.</summary>
    protected abstract string Describe(StoredSequences sequences);

    /// <inheritdoc/>
    public sealed override PreparedTraining Prepare(TaskSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ModelFile? start = StartingModel.Read(this, settings);
        StoredParts parts = Read(settings);
        if (!settings.IsGiven(CommonOptions.Epochs.Name) && !settings.IsGiven(CommonOptions.Steps.Name))
            settings.Set(CommonOptions.Epochs.Name, Text(settings.IsGiven(Data.Name) ? DefaultEpochs.Data : DefaultEpochs.Sample));
        settings.GiveDefaults();
        var network = new SequenceNetwork(parts.Training.Format, settings);
        var scorer = SequenceScorer.Of(network, parts.Validation);
        int size = Math.Min(settings.Whole(CommonOptions.Batch.Name), parts.Training.Count);
        SequenceBatch batch = parts.Training.NewBatch(size);
        var job = new ExampleJob(network, parts.Training, "sequences", size, (numbers, _) =>
        {
            batch.Fill(parts.Training, numbers);
            return network.Forward(batch).Loss;
        }, cancellation => MetricsOf(scorer.Score(parts.Validation, cancellation)), FileWith(settings))
        {
            StartingModel = start,
        };
        return new PreparedTraining(job,
            [
                new Fact("data", parts.Source),
                new Fact("training", Describe(parts.Training)),
                new Fact("validation", Describe(parts.Validation)),
                new Fact("paper", Paper),
                network.Describe(),
            ], [], Units);
    }

    /// <inheritdoc/>
    public sealed override Evaluation Evaluate(SequenceNetwork network, TaskSettings trainedWith, TaskSettings settings, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(trainedWith);
        ArgumentNullException.ThrowIfNull(settings);
        IReadOnlyList<string> paths = settings.All(Data.Name);
        var notes = new List<string>();
        StoredSequences sequences;
        if (paths.Count > 0) sequences = ReadToJudge(paths, trainedWith);
        else
        {
            StoredParts parts = Read(trainedWith);
            sequences = parts.Validation;
            notes.Add($"judged on what was kept aside in training ({parts.Source}); --data names other data");
        }
        SequenceScores scores = SequenceScorer.Of(network, sequences).Score(sequences, cancellation);
        return new Evaluation(sequences.Count, scores.Judged, MetricsOf(scores), notes);
    }

    /// <inheritdoc/>
    protected sealed override IEnumerable<TaskOption> AllOptions() =>
    [
        Data, Valid, .. OwnOptions, .. LayerOptions,
        CommonOptions.Epochs with { Help = $"passes over the data [{DefaultEpochs.Data}; over the sample {DefaultEpochs.Sample}]" },
        CommonOptions.Steps, CommonOptions.Batch, CommonOptions.Recompute, .. TrainingOptions,
    ];
}
