using System.Globalization;
using Unroll.Files;
using Unroll.Layers;
using Unroll.Tasks.Sequences;
using Unroll.Tensors;
using Unroll.Training;

namespace Unroll.Tasks.Generated;

/// <summary>The training on generated sequences, each seen once: those of a step follow from the seed and the step's number.</summary>
internal sealed class GeneratedJob : TrainingJob
{
    /// <summary>Sequences that a validation judges.</summary>
    public const int ValidationExamples = 1000;

    private readonly SequenceNetwork _network;
    private readonly SequenceBatch _sequencesOfStep;
    private readonly SequenceSource _source;
    private readonly Func<ModelFile> _file;
    private readonly SequenceScorer _scorer;
    private readonly ulong _seed, _stream;
    private readonly int _batch;
    private readonly double _solvedFrom;
    private Dictionary<string, double> _metrics = [];
    private double _success;
    private long _sequences;
    private int _epoch;

    /// <summary>A job.</summary>
    /// <param name="network">The layers.</param>
    /// <param name="source">Where sequences come from.</param>
    /// <param name="settings">Batch, seed, and the success rate that is enough.</param>
    /// <param name="file">A model file without weights.</param>
    public GeneratedJob(SequenceNetwork network, SequenceSource source, TaskSettings settings, Func<ModelFile> file)
    {
        (_network, _file, _sequencesOfStep) = (network, file, new SequenceBatch(source, settings.Whole(CommonOptions.Batch.Name)));
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
    public override Module Model => _network;

    /// <inheritdoc/>
    public override void BeginEpoch(int epoch, RandomState random) => _epoch = epoch;

    /// <inheritdoc/>
    public override StepLoss Step(int step)
    {
        long first = ((long)_epoch * StepsPerEpoch + step) * _batch;
        _sequencesOfStep.Fill(_source, _stream, first, _batch);
        _sequences = first + _batch;
        return new StepLoss(_network.Forward(_sequencesOfStep).Loss, _batch);
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, double> Validate(CancellationToken cancellation)
    {
        _metrics = GeneratedTask.MetricsOf(_source.Format, _scorer.Score(_source, _seed, ValidationExamples, cancellation));
        _success = _metrics[GeneratedTask.SuccessRate];
        return _metrics;
    }

    /// <inheritdoc/>
    public override void Save(CheckpointWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Add("epoch", (long)_epoch);
        writer.Add("success", _success);
    }

    /// <inheritdoc/>
    public override void Load(CheckpointReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        _epoch = (int)reader.Integer("epoch");
        _success = reader.Number("success");
    }

    /// <inheritdoc/>
    public override ModelFile ToModelFile()
    {
        ModelFile model = _file();
        TrainingFigures.Write(model, [new("sequences trained on", _sequences.ToString("N0", CultureInfo.InvariantCulture))], _metrics);
        model.Add(_network.Parameters);
        return model;
    }
}
