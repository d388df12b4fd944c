using Unroll.Exchange;
using Unroll.Files;
using Unroll.Layers;

namespace Unroll.Tasks.Sequences;

/// <summary>A trained model of a sequence task.</summary>
internal sealed class SequenceModel(SequenceTask task, SequenceNetwork network, TaskSettings trainedWith, ModelFile file) : TaskModel
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
    public override IReadOnlyList<ForwardPass> ForwardPasses(bool streaming = false) => [network.ForwardPass(streaming)];

    /// <inheritdoc/>
    public override Evaluation Evaluate(TaskSettings settings, CancellationToken cancellation) => task.Evaluate(network, trainedWith, settings, cancellation);
}
