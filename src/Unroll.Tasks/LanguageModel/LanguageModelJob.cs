using System.Globalization;
using Unroll.Data;
using Unroll.Decoding;
using Unroll.Files;
using Unroll.Layers;
using Unroll.Tensors;
using Unroll.Training;

namespace Unroll.Tasks.LanguageModel;

/// <summary>The training of a language model by truncated backpropagation through time: streams of text side by side, the state carried from step
/// to step and the gradient cut between them. Every epoch begins with a state of zeros.</summary>
internal sealed class LanguageModelJob : TrainingJob
{
    /// <summary>Where a model file keeps the vocabulary.</summary>
    public const string VocabularyKey = "vocabulary";

    private const int SampleLength = 240, ValidationStreams = 64;

    private readonly LanguageModelNetwork _network;
    private readonly LanguageModelText _text;
    private readonly SymbolStreams _streams;
    private readonly Func<string> _recipe;
    private readonly int[] _inputs, _targets;
    private readonly CarriedState _state;
    private readonly LanguageModelScorer _scorer;
    private RecurrentState _next;
    private int _epoch, _step;
    private Dictionary<string, double> _metrics = [];

    /// <summary>A job.</summary>
    /// <param name="network">The layers.</param>
    /// <param name="text">The text.</param>
    /// <param name="batch">Streams side by side.</param>
    /// <param name="sequence">Symbols of each at a step.</param>
    /// <param name="recipe">The recipe that goes into the model file, as JSON.</param>
    public LanguageModelJob(LanguageModelNetwork network, LanguageModelText text, int batch, int sequence, Func<string> recipe)
    {
        (_network, _text, _recipe) = (network, text, recipe);
        _streams = new SymbolStreams(text.Training.Symbols, batch, sequence);
        (_inputs, _targets) = (new int[batch * sequence], new int[batch * sequence]);
        _state = new CarriedState(network.Recurrent, batch);
        _scorer = new LanguageModelScorer(network, text.Vocabulary);
    }

    /// <inheritdoc/>
    public override Module Model => _network;

    /// <inheritdoc/>
    public override int StepsPerEpoch => _streams.StepsPerEpoch;

    /// <inheritdoc/>
    public override long SymbolsPerEpoch => (long)StepsPerEpoch * _inputs.Length;

    /// <inheritdoc/>
    public override void BeginEpoch(int epoch, RandomState random)
    {
        _epoch = epoch;
        _state.Clear();
    }

    /// <inheritdoc/>
    public override StepLoss Step(int step)
    {
        _step = step;
        _streams.Fill((long)_epoch * StepsPerEpoch + step, _inputs, _targets);
        (Tensor loss, _next) = _network.Loss(_inputs, _targets, _streams.Batch, _state.Value);
        return new StepLoss(loss, _targets.Length);
    }

    /// <inheritdoc/>
    public override void AfterStep() => _state.Keep(_next);

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, double> Validate(CancellationToken cancellation) =>
        _text.Validation.Symbols.Length < 2 ? [] : _metrics = _scorer.Score(_text.Validation.Symbols, ValidationStreams, cancellation);

    /// <inheritdoc/>
    public override string? Sample(RandomState random)
    {
        ArgumentNullException.ThrowIfNull(random);
        int length = _text.Vocabulary.Level == TextLevel.Word ? SampleLength / 5 : SampleLength;
        var request = new GenerationRequest(Math.Min(length, 4 * _text.Training.Symbols.Length))
        {
            Sampling = new SamplingOptions(0.7),
            Seed = random.NextUInt64(),
            Prime = _text.Training.Symbols.Length <= 16 ? _text.Vocabulary[_text.Training.Symbols[0]] : "",
        };
        return string.Concat(LanguageModelWriter.Write(_network, _text.Vocabulary, request, static _ => { }));
    }

    /// <inheritdoc/>
    public override void Save(CheckpointWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Add("text", _text.Fingerprint);
        writer.Add("epoch", (long)_epoch);
        _state.Save(writer);
    }

    /// <inheritdoc/>
    public override void Load(CheckpointReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        if (reader.Text("text") != _text.Fingerprint) throw new BadInputException(
            $"The training text ({_text.Source}) is not the one the run was begun with. Restore it, or begin a new run.");
        _epoch = (int)reader.Integer("epoch");
        _state.Load(reader);
    }

    /// <inheritdoc/>
    public override ModelFile ToModelFile()
    {
        var file = new ModelFile("language-model", _recipe());
        file.Metadata[VocabularyKey] = _text.Vocabulary.ToJson();
        TrainingFigures.Write(file, Figures(), _metrics);
        file.Add(_network.Parameters);
        return file;
    }

    private IEnumerable<Fact> Figures() =>
    [
        new Fact("symbols trained on", $"{_text.Training.Length.ToString("N0", CultureInfo.InvariantCulture)} {LanguageModelText.UnitOf(_text.Vocabulary.Level)}"),
        new Fact("epochs", (_epoch + (_step + 1.0) / StepsPerEpoch).ToString("0.##", CultureInfo.InvariantCulture)),
    ];
}
