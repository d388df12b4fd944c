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
    private readonly int _sequence;
    private readonly RandomLengths? _lengths;
    private readonly CarriedState _state;
    private readonly LanguageModelScorer _scorer;
    private RecurrentState _next;
    private int[] _inputs = [], _targets = [];
    private int _epoch, _step, _length;
    private ulong _lengthsKey;
    private Dictionary<string, double> _metrics = [];

    /// <summary>A job.</summary>
    /// <param name="network">The layers.</param>
    /// <param name="text">The text.</param>
    /// <param name="batch">Streams side by side.</param>
    /// <param name="sequence">Symbols of each at a step.</param>
    /// <param name="randomLengths">Whether the lengths of steps vary around that (<see cref="RandomLengths"/>).</param>
    /// <param name="recipe">The recipe that goes into the model file, as JSON.</param>
    public LanguageModelJob(LanguageModelNetwork network, LanguageModelText text, int batch, int sequence, bool randomLengths, Func<string> recipe)
    {
        (_network, _text, _sequence, _recipe) = (network, text, sequence, recipe);
        _streams = new SymbolStreams(text.Training.Symbols, batch, sequence);
        if (randomLengths) _lengths = new RandomLengths(sequence, _streams.StreamLength);
        MakeRoom(sequence);
        _state = new CarriedState(network.Recurrent, batch);
        _scorer = new LanguageModelScorer(network, text.Vocabulary);
    }

    /// <inheritdoc/>
    public override Module Model => _network;

    /// <inheritdoc/>
    public override int StepsPerEpoch => _lengths?.Count ?? _streams.StepsPerEpoch;

    /// <inheritdoc/>
    public override long SymbolsPerEpoch => (long)_streams.Batch * _streams.StreamLength;

    /// <inheritdoc/>
    public override double LearningRateFactor => _lengths is null ? 1 : (double)_length / _sequence;

    /// <inheritdoc/>
    public override void BeginEpoch(int epoch, RandomState random)
    {
        _epoch = epoch;
        _state.Clear();
        if (_lengths is not null) DrawLengths(random.NextUInt64());
    }

    /// <inheritdoc/>
    public override StepLoss Step(int step)
    {
        _step = step;
        _length = _lengths?.LengthOf(step) ?? _sequence;
        int symbols = _streams.Batch * _length;
        Span<int> inputs = _inputs.AsSpan(0, symbols), targets = _targets.AsSpan(0, symbols);
        _streams.Fill(_epoch, _lengths?.From(step) ?? step * _sequence, _length, inputs, targets);
        (Tensor loss, Tensor penalty, _next) = _network.Loss(inputs, targets, _streams.Batch, _state.Value);
        return new StepLoss(loss, symbols) { Penalty = penalty };
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
        int length = _text.Vocabulary.Level is TextLevel.Word or TextLevel.Token ? SampleLength / 5 : SampleLength;
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
        if (_lengths is not null) writer.Add("lengths", (long)_lengthsKey);
        _state.Save(writer);
    }

    /// <inheritdoc/>
    public override void Load(CheckpointReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        if (reader.Text("text") != _text.Fingerprint) throw new BadInputException(
            $"The training text ({_text.Source}) is not the one the run was begun with. Restore it, or begin a new run.");
        _epoch = (int)reader.Integer("epoch");
        if (_lengths is not null) DrawLengths((ulong)reader.Integer("lengths"));
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

    private void DrawLengths(ulong key)
    {
        _lengthsKey = key;
        _lengths!.Draw(key);
        MakeRoom(_lengths.Longest);
    }

    private void MakeRoom(int length)
    {
        int symbols = _streams.Batch * length;
        if (_inputs.Length < symbols) (_inputs, _targets) = (new int[symbols], new int[symbols]);
    }

    private IEnumerable<Fact> Figures() =>
    [
        new Fact("symbols trained on", $"{_text.Training.Length.ToString("N0", CultureInfo.InvariantCulture)} {LanguageModelText.UnitOf(_text.Vocabulary.Level)}"),
        new Fact("epochs", (_epoch + (_step + 1.0) / StepsPerEpoch).ToString("0.##", CultureInfo.InvariantCulture)),
    ];
}
