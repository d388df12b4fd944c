using Unroll.Data;
using Unroll.Exchange;
using Unroll.Files;
using Unroll.Layers;
using Unroll.Tasks.Examples;

namespace Unroll.Tasks.LanguageModel;

/// <summary>A trained language model.</summary>
internal sealed class TrainedLanguageModel : TaskModel, ITextGenerator, IPredictor, ILanguageModel, IRecurrentModel
{
    private readonly LanguageModelNetwork _network;
    private readonly Vocabulary _vocabulary;
    private readonly TaskSettings _trainedWith;

    /// <summary>A model out of its file.</summary>
    public TrainedLanguageModel(LanguageModelNetwork network, Vocabulary vocabulary, TaskSettings trainedWith, ModelFile file)
    {
        (_network, _vocabulary, _trainedWith) = (network, vocabulary, trainedWith);
        TrainingFigures = Tasks.TrainingFigures.Read(file);
    }

    /// <inheritdoc/>
    public override Module Module => _network;

    /// <inheritdoc/>
    public override string? Cell => _trainedWith.Text(CommonOptions.Cell.Name);

    /// <inheritdoc/>
    public override long OperationsPerSymbol => _network.OperationsPerSymbol;

    /// <inheritdoc/>
    public override string SymbolName => LanguageModelText.UnitOf(_vocabulary.Level).TrimEnd('s');

    /// <inheritdoc/>
    public override IReadOnlyList<Fact> TrainingFigures { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<Fact> Describe() => [.. _network.Describe(), new Fact("vocabulary", LanguageModelText.DescribeVocabulary(_vocabulary)), new Fact("memory", DescribeMemory())];

    /// <inheritdoc/>
    public override void KeepWeights(WeightFormat format) => _network.Recurrent.InferenceWeights = format;

    /// <inheritdoc/>
    public override IReadOnlyList<ForwardPass> ForwardPasses(bool streaming = false) => [_network.ForwardPass(streaming)];

    private string DescribeMemory()
    {
        int batch = _trainedWith.Whole(CommonOptions.Batch.Name), time = _trainedWith.Whole(CommonOptions.Sequence.Name);
        Recurrent layers = _network.Recurrent;
        string training = Megabytes(layers.WorkingBytes(batch, time, training: true)), reading = Megabytes(layers.WorkingBytes(batch, time, training: false));
        return $"the recurrent layers keep {training} of a training step of {batch} × {time} (--batch × --sequence){(layers.Options.Recompute ? ", computing steps again" : "")}; reading takes {reading}";

        static string Megabytes(long bytes) => $"{bytes / 1e6:0.0} MB";
    }

    /// <inheritdoc/>
    public override Evaluation Evaluate(TaskSettings settings, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(settings);
        bool adapts = AdaptingScorer.IsAsked(settings);
        IReadOnlyList<string> paths = settings.All(LanguageModelTask.EvaluationData.Name);
        var notes = new List<string>();
        ReadOnlyMemory<byte> utf8;
        if (paths.Count > 0) utf8 = TextFiles.Read(paths, _vocabulary.Level == TextLevel.Byte);
        else
        {
            TextSplit split = LanguageModelText.ReadSplit(_trainedWith, out string source);
            utf8 = split.Validation;
            notes.Add(split.IsShared ? $"judged on the training text ({source}); --data names another" : $"judged on the part kept aside in training ({source}); --data names another text");
        }
        EncodedText text = _vocabulary.Encode(utf8.Span);
        if (text.DescribeUnknown() is { } unknown)
            notes.Add($"{unknown}; {(_vocabulary.Unknown >= 0 ? "judged as the unknown symbol" : "left out of the text")}");
        if (text.Symbols.Length < 2) throw new BadInputException(
            $"The text has {text.Symbols.Length} symbols that the model knows, out of {text.Length}; it takes at least 2 to predict one from another.");
        var metrics = adapts
            ? AdaptingScorer.Score(_network, _vocabulary, text.Symbols, settings, () => _vocabulary.Encode(LanguageModelText.ReadSplit(_trainedWith, out _).Training.Span).Symbols, cancellation)
            : new LanguageModelScorer(_network, _vocabulary).Score(text.Symbols, settings.Whole(LanguageModelTask.EvaluationBatch.Name), cancellation);
        if (text.Unknown > 0) metrics["unknown_symbols"] = text.Unknown;
        return new Evaluation(1, text.Symbols.Length - 1, metrics, notes);
    }

    /// <inheritdoc/>
    public IEnumerable<string> Generate(GenerationRequest request, Action<string> warn) => LanguageModelWriter.Write(_network, _vocabulary, request, warn);

    /// <inheritdoc/>
    public Vocabulary Vocabulary => _vocabulary;

    /// <inheritdoc/>
    public TextSession BeginText() => new(new LanguageModelSession(_network), _vocabulary);

    /// <inheritdoc/>
    public IReadOnlyList<TaskOption> PredictionOptions => [];

    /// <inheritdoc/>
    public IEnumerable<Prediction> Predict(IEnumerable<string> lines, TaskSettings settings, int together, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(lines);
        ArgumentOutOfRangeException.ThrowIfLessThan(together, 1);
        var predictor = new LinePredictor(_network, _vocabulary);
        foreach (string[] chunk in lines.Chunk(LengthBatches.Ahead(together)))
            foreach (Prediction prediction in predictor.Of(chunk, together, cancellation)) yield return prediction;
    }

    /// <inheritdoc/>
    public (Recurrent Layers, float[] Input) FirstSteps(IReadOnlyList<string> paths, int steps)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ReadOnlyMemory<byte> utf8 = paths.Count > 0 ? TextFiles.Read(paths, _vocabulary.Level == TextLevel.Byte) : LanguageModelText.ReadSplit(_trainedWith, out _).Training;
        EncodedText text = _vocabulary.Encode(utf8.Span);
        if (text.Symbols.Length < steps) throw new BadInputException(
            $"The text has {text.Symbols.Length} symbols that the model knows, out of {text.Length}; {steps} steps need as many. Give a longer text or fewer steps.");
        return (_network.Recurrent, _network.Embed(text.Symbols.AsSpan(0, steps)));
    }
}
