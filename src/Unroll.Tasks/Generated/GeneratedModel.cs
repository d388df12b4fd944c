using Unroll.Files;
using Unroll.Layers;

namespace Unroll.Tasks.Generated;

/// <summary>A model trained on generated sequences.</summary>
internal sealed class GeneratedModel(GeneratedTask task, GeneratedNetwork network, TaskSettings trainedWith, ModelFile file) : TaskModel
{
    /// <inheritdoc/>
    public override Module Module => network;

    /// <inheritdoc/>
    public override string? Cell => trainedWith.Text(CommonOptions.Cell.Name);

    /// <summary>Two for each weight; the last layer's count though it runs at the judged steps only.</summary>
    public override long OperationsPerSymbol => 2 * network.Parameters.Where(parameter => parameter.Shape.Rank == 2).Sum(parameter => (long)parameter.Shape.Count);

    /// <inheritdoc/>
    public override string SymbolName => "time step";

    /// <inheritdoc/>
    public override IReadOnlyList<Fact> TrainingFigures { get; } = Tasks.TrainingFigures.Read(file);

    /// <inheritdoc/>
    public override IReadOnlyList<Fact> Describe() => [network.Describe(), new Fact("paper", task.Paper)];

    /// <inheritdoc/>
    public override void KeepWeights(WeightFormat format) => network.Recurrent.InferenceWeights = format;

    /// <inheritdoc/>
    public override Evaluation Evaluate(TaskSettings settings, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var asked = new TaskSettings(task.Options);
        foreach (TaskOption option in task.Options.Where(option => trainedWith.IsGiven(option.Name))) asked.Set(option.Name, trainedWith.Text(option.Name));
        foreach (TaskOption option in new[] { task.Length, CommonOptions.Seed })
            if (settings.IsGiven(option.Name)) asked.Set(option.Name, settings.Text(option.Name));
        int examples = settings.Whole(GeneratedTask.EvaluationExamples.Name);
        SequenceSource source = task.Source(asked);
        var metrics = new GeneratedScorer(network, source).Score((ulong)asked.Whole(CommonOptions.Seed.Name), examples, cancellation);
        string[] notes = settings.IsGiven(CommonOptions.Seed.Name) ? [] : ["judged on the sequences that the run was validated on; --seed N makes others"];
        return new Evaluation(examples, null, metrics, notes);
    }
}
