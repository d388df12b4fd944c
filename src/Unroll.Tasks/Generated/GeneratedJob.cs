using System.Globalization;
using Unroll.Files;
using Unroll.Tasks.Sequences;
using Unroll.Training;

namespace Unroll.Tasks.Generated;

/// <summary>The training on generated sequences, each seen once: those of a step follow from the seed and the step's number.</summary>
internal sealed class GeneratedJob : SequenceJob
{
    /// <summary>Sequences that a validation judges.</summary>
    public const int ValidationExamples = 1000;

    private readonly SequenceSource _source;
    private readonly SequenceScorer _scorer;
    private readonly ulong _seed, _stream;
    private readonly int _batch;
    private readonly double _solvedFrom;
    private double _success;
    private long _sequences;

    /// <summary>A job.</summary>
    /// <param name="network">The layers.</param>
    /// <param name="source">Where sequences come from.</param>
    /// <param name="settings">Batch, seed, and the success rate that is enough.</param>
    /// <param name="file">A model file without weights.</param>
    public GeneratedJob(SequenceNetwork network, SequenceSource source, TaskSettings settings, Func<ModelFile> file)
        : base(network, new SequenceBatch(source, settings.Whole(CommonOptions.Batch.Name)), file)
    {
        (_source, _batch, _seed) = (source, settings.Whole(CommonOptions.Batch.Name), (ulong)settings.Whole(CommonOptions.Seed.Name));
        _solvedFrom = settings.Number(GeneratedTask.UntilSolved.Name);
        _scorer = SequenceScorer.Of(network, source);
        _stream = SequenceBatch.StreamOf(_seed, "training");
    }

    /// <summary>Sequences never end; an epoch is so many steps that it is time to validate.</summary>
    public override int StepsPerEpoch => 100;

    /// <inheritdoc/>
    public override long SymbolsPerEpoch => (long)StepsPerEpoch * _batch;

    /// <inheritdoc/>
    public override bool IsSolved => _solvedFrom > 0 && _success >= _solvedFrom;

    /// <inheritdoc/>
    protected override Fact TrainedOn => new("sequences trained on", _sequences.ToString("N0", CultureInfo.InvariantCulture));

    /// <inheritdoc/>
    protected override int Fill(SequenceBatch batch, int step)
    {
        long first = ((long)Epoch * StepsPerEpoch + step) * _batch;
        batch.Fill(_source, _stream, first, _batch);
        _sequences = first + _batch;
        return _batch;
    }

    /// <inheritdoc/>
    protected override Dictionary<string, double> Judge(CancellationToken cancellation)
    {
        var metrics = GeneratedTask.MetricsOf(_source.Format, _scorer.Score(_source, _seed, ValidationExamples, cancellation));
        _success = metrics[GeneratedTask.SuccessRate];
        return metrics;
    }

    /// <inheritdoc/>
    public override void Save(CheckpointWriter writer)
    {
        base.Save(writer);
        writer.Add("success", _success);
    }

    /// <inheritdoc/>
    public override void Load(CheckpointReader reader)
    {
        base.Load(reader);
        _success = reader.Number("success");
    }
}
