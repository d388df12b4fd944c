using System.Globalization;
using Unroll.Files;
using Unroll.Layers;
using Unroll.Tensors;
using Unroll.Training;

namespace Unroll.Tasks.Examples;

/// <summary>The mean loss of some examples of the training set, on the current tape.</summary>
/// <param name="numbers">Which.</param>
/// <param name="step">The batches learned before.</param>
internal delegate Tensor LossOfExamples(ReadOnlySpan<int> numbers, long step);

/// <summary>The training on a set of examples: each once in an epoch, in batches of about the same length, in another order every time.</summary>
internal sealed class ExampleJob : TrainingJob
{
    /// <summary>What a nat counts beside the metric: less than one more example that is right among a hundred thousand.</summary>
    private const double TieWeight = 1e-6;

    private readonly ExampleSet _training;
    private readonly LengthBatches _batches;
    private readonly LossOfExamples _loss;
    private readonly Func<CancellationToken, Dictionary<string, double>> _judge;
    private readonly Func<ModelFile> _file;
    private readonly string _kind;
    private Dictionary<string, double> _metrics = [];
    private ulong _order;
    private int _epoch, _step;

    /// <summary>A job.</summary>
    /// <param name="network">The layers.</param>
    /// <param name="training">What to learn.</param>
    /// <param name="kind">What the examples are called, more than one.</param>
    /// <param name="batch">Examples of a step.</param>
    /// <param name="loss">The loss of some.</param>
    /// <param name="judge">The metrics on what is kept aside.</param>
    /// <param name="file">A model file without weights.</param>
    public ExampleJob(Module network, ExampleSet training, string kind, int batch, LossOfExamples loss, Func<CancellationToken, Dictionary<string, double>> judge, Func<ModelFile> file)
    {
        (Model, _training, _kind, _loss, _judge, _file, _batches) = (network, training, kind, loss, judge, file, new LengthBatches(training, batch));
        for (int i = 0; i < training.Count; i++) SymbolsPerEpoch += training.JudgedOf(i);
    }

    /// <inheritdoc/>
    public override Module Model { get; }

    /// <inheritdoc/>
    public override int StepsPerEpoch => _batches.Count;

    /// <summary>The answers of all examples.</summary>
    public override long SymbolsPerEpoch { get; }

    /// <summary>Fills the weights once they are drawn, such as with word vectors from a file.</summary>
    public Action? AfterInitialize { get; init; }

    /// <summary>The metric by which the best model is chosen: <c>loss</c>, or another of which more is better; <c>loss</c> too where the examples do not have the other.</summary>
    public string BestBy { get; init; } = "loss";

    /// <summary>What the model makes now, to be shown.</summary>
    public Func<RandomState, string?>? Shown { get; init; }

    /// <inheritdoc/>
    public override void Initialize(RandomState random)
    {
        base.Initialize(random);
        AfterInitialize?.Invoke();
    }

    /// <inheritdoc/>
    public override void BeginEpoch(int epoch, RandomState random)
    {
        ArgumentNullException.ThrowIfNull(random);
        _epoch = epoch;
        _batches.Shuffle(_order = random.NextUInt64());
    }

    /// <inheritdoc/>
    public override StepLoss Step(int step)
    {
        _step = step;
        ReadOnlySpan<int> numbers = _batches[step];
        int judged = 0;
        foreach (int number in numbers) judged += _training.JudgedOf(number);
        return new StepLoss(_loss(numbers, (long)_epoch * StepsPerEpoch + step), judged);
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, double> Validate(CancellationToken cancellation) => _metrics = _judge(cancellation);

    /// <summary>Of models that are equally good by <see cref="BestBy"/>, as those are whose BLEU is still 0, the one with less loss is the better.</summary>
    public override double Criterion(IReadOnlyDictionary<string, double> metrics)
    {
        double loss = base.Criterion(metrics);
        return BestBy != "loss" && metrics.TryGetValue(BestBy, out double value) ? TieWeight * loss - value : loss;
    }

    /// <inheritdoc/>
    public override string? Sample(RandomState random) => Shown?.Invoke(random);

    /// <inheritdoc/>
    public override void Save(CheckpointWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Add("epoch", (long)_epoch);
        writer.Add("data", _training.Fingerprint);
        writer.Add("order", unchecked((long)_order));
    }

    /// <inheritdoc/>
    public override void Load(CheckpointReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        _epoch = (int)reader.Integer("epoch");
        if (reader.Text("data") != _training.Fingerprint) throw new BadInputException(
            "The training data is not what the run was begun with. Restore it, or begin a new run.");
        _batches.Shuffle(_order = unchecked((ulong)reader.Integer("order")));
    }

    /// <inheritdoc/>
    public override ModelFile ToModelFile()
    {
        ModelFile model = _file();
        TrainingFigures.Write(model, [new("trained on", string.Create(CultureInfo.InvariantCulture,
            $"{_training.Count:N0} {_kind}, {SymbolsPerEpoch:N0} answers; {_epoch + (_step + 1.0) / StepsPerEpoch:0.##} epochs"))], _metrics);
        model.Add(Model.Parameters);
        return model;
    }
}
