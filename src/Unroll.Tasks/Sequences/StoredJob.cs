using System.Globalization;
using Unroll.Files;
using Unroll.Tensors;
using Unroll.Training;

namespace Unroll.Tasks.Sequences;

/// <summary>The training on stored sequences: each once in an epoch, in batches of about the same length, in another order every time.</summary>
internal sealed class StoredJob : SequenceJob
{
    private readonly StoredSequences _training;
    private readonly LengthBatches _batches;
    private readonly Func<CancellationToken, Dictionary<string, double>> _judge;
    private ulong _order;
    private int _step;

    /// <summary>A job.</summary>
    /// <param name="network">The layers.</param>
    /// <param name="training">What to learn.</param>
    /// <param name="batch">Sequences of a step.</param>
    /// <param name="judge">The metrics on what is kept aside.</param>
    /// <param name="file">A model file without weights.</param>
    public StoredJob(SequenceNetwork network, StoredSequences training, int batch, Func<CancellationToken, Dictionary<string, double>> judge, Func<ModelFile> file)
        : base(network, training.NewBatch(batch), file)
    {
        (_training, _judge, _batches) = (training, judge, new LengthBatches(training, batch));
        for (int i = 0; i < training.Count; i++) SymbolsPerEpoch += training.JudgedOf(i);
    }

    /// <inheritdoc/>
    public override int StepsPerEpoch => _batches.Count;

    /// <summary>The judged steps of all sequences.</summary>
    public override long SymbolsPerEpoch { get; }

    /// <inheritdoc/>
    protected override Fact TrainedOn => new("trained on", string.Create(CultureInfo.InvariantCulture,
        $"{_training.Count:N0} sequences, {SymbolsPerEpoch:N0} answers; {Epoch + (_step + 1.0) / StepsPerEpoch:0.##} epochs"));

    /// <inheritdoc/>
    public override void BeginEpoch(int epoch, RandomState random)
    {
        ArgumentNullException.ThrowIfNull(random);
        base.BeginEpoch(epoch, random);
        _batches.Shuffle(_order = random.NextUInt64());
    }

    /// <inheritdoc/>
    public override void Save(CheckpointWriter writer)
    {
        base.Save(writer);
        writer.Add("data", _training.Fingerprint);
        writer.Add("order", unchecked((long)_order));
    }

    /// <inheritdoc/>
    public override void Load(CheckpointReader reader)
    {
        base.Load(reader);
        if (reader.Text("data") != _training.Fingerprint) throw new BadInputException(
            "The training data is not what the run was begun with. Restore it, or begin a new run.");
        _batches.Shuffle(_order = unchecked((ulong)reader.Integer("order")));
    }

    /// <inheritdoc/>
    protected override int Fill(SequenceBatch batch, int step)
    {
        _step = step;
        batch.Fill(_training, _batches[step]);
        int judged = 0;
        foreach (int number in _batches[step]) judged += _training.JudgedOf(number);
        return judged;
    }

    /// <inheritdoc/>
    protected override Dictionary<string, double> Judge(CancellationToken cancellation) => _judge(cancellation);
}
