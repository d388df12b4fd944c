using Unroll.Files;
using Unroll.Layers;
using Unroll.Tensors;
using Unroll.Training;

namespace Unroll.Tasks.Sequences;

/// <summary>The training of a network on sequences, wherever they come from.</summary>
/// <param name="network">The layers.</param>
/// <param name="batch">Room for a step's sequences.</param>
/// <param name="file">A model file without weights.</param>
internal abstract class SequenceJob(SequenceNetwork network, SequenceBatch batch, Func<ModelFile> file) : TrainingJob
{
    private Dictionary<string, double> _metrics = [];

    /// <inheritdoc/>
    public sealed override Module Model => network;

    /// <summary>The epoch at hand, from 0.</summary>
    protected int Epoch { get; private set; }

    /// <summary>What the model has been trained on so far, for people.</summary>
    protected abstract Fact TrainedOn { get; }

    /// <inheritdoc/>
    public override void BeginEpoch(int epoch, RandomState random) => Epoch = epoch;

    /// <inheritdoc/>
    public sealed override StepLoss Step(int step)
    {
        int symbols = Fill(batch, step);
        return new StepLoss(network.Forward(batch).Loss, symbols);
    }

    /// <inheritdoc/>
    public sealed override IReadOnlyDictionary<string, double> Validate(CancellationToken cancellation) => _metrics = Judge(cancellation);

    /// <inheritdoc/>
    public override void Save(CheckpointWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Add("epoch", (long)Epoch);
    }

    /// <inheritdoc/>
    public override void Load(CheckpointReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        Epoch = (int)reader.Integer("epoch");
    }

    /// <inheritdoc/>
    public sealed override ModelFile ToModelFile()
    {
        ModelFile model = file();
        TrainingFigures.Write(model, [TrainedOn], _metrics);
        model.Add(network.Parameters);
        return model;
    }

    /// <summary>Fetches a step's sequences.</summary>
    /// <returns>What the step counts for.</returns>
    protected abstract int Fill(SequenceBatch batch, int step);

    /// <summary>The metrics on the sequences kept aside.</summary>
    protected abstract Dictionary<string, double> Judge(CancellationToken cancellation);
}
