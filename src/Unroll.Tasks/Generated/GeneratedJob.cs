using System.Globalization;
using Unroll.Files;
using Unroll.Layers;
using Unroll.Tensors;
using Unroll.Training;

namespace Unroll.Tasks.Generated;

/// <summary>The training on generated sequences, each seen once: those of a step follow from the seed and the step's number.</summary>
internal sealed class GeneratedJob : TrainingJob
{
    /// <summary>Sequences that a validation judges.</summary>
    public const int ValidationExamples = 1000;

    private readonly GeneratedNetwork _network;
    private readonly GeneratedScorer _scorer;
    private readonly SequenceBatch _batch;
    private readonly ulong _seed, _stream;
    private readonly double _solvedFrom;
    private readonly Func<ModelFile> _file;
    private Dictionary<string, double> _metrics = [];
    private double _success;
    private long _sequences;
    private int _epoch;

    /// <summary>A job.</summary>
    /// <param name="network">The layers.</param>
    /// <param name="source">Where sequences come from.</param>
    /// <param name="settings">Batch, seed, and the success rate that is enough.</param>
    /// <param name="file">A model file without weights.</param>
    public GeneratedJob(GeneratedNetwork network, SequenceSource source, TaskSettings settings, Func<ModelFile> file)
    {
        (_network, _file, _seed) = (network, file, (ulong)settings.Whole(CommonOptions.Seed.Name));
        _solvedFrom = settings.Number(GeneratedTask.UntilSolved.Name);
        _scorer = new GeneratedScorer(network, source);
        _batch = new SequenceBatch(source, settings.Whole(CommonOptions.Batch.Name));
        _stream = SequenceBatch.StreamOf(_seed, "training");
    }

    /// <inheritdoc/>
    public override Module Model => _network;

    /// <summary>Sequences never end; an epoch is so many steps that it is time to validate.</summary>
    public override int StepsPerEpoch => 100;

    /// <inheritdoc/>
    public override long SymbolsPerEpoch => (long)StepsPerEpoch * _batch.Capacity;

    /// <inheritdoc/>
    public override bool IsSolved => _solvedFrom > 0 && _success >= _solvedFrom;

    /// <inheritdoc/>
    public override void BeginEpoch(int epoch, RandomState random) => _epoch = epoch;

    /// <inheritdoc/>
    public override StepLoss Step(int step)
    {
        long first = ((long)_epoch * StepsPerEpoch + step) * _batch.Capacity;
        _batch.Fill(_stream, first, _batch.Capacity);
        _sequences = first + _batch.Capacity;
        return new StepLoss(_network.Forward(_batch).Loss, _batch.Count);
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, double> Validate(CancellationToken cancellation)
    {
        _metrics = _scorer.Score(_seed, ValidationExamples, cancellation);
        _success = _metrics[GeneratedScorer.SuccessRate];
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
        ModelFile file = _file();
        TrainingFigures.Write(file, [new Fact("sequences trained on", _sequences.ToString("N0", CultureInfo.InvariantCulture))], _metrics);
        file.Add(_network.Parameters);
        return file;
    }
}
