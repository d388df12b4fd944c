using System.Text.Json;
using Unroll.Decoding;
using Unroll.Exchange;
using Unroll.Files;
using Unroll.Layers;
using Unroll.Tasks.Examples;
using Unroll.Tensors;

namespace Unroll.Tasks.Translation;

/// <summary>A network that translates, with the vocabularies of both languages.</summary>
internal sealed class TranslateModel : ExampleModel<SentencePair, TranslationPairs, TranslationBatch>
{
    /// <summary>Sentences judged together.</summary>
    private const int Together = 64;

    /// <summary>Words of the source by which BLEU is told apart.</summary>
    private const int LengthStep = 5, LengthSteps = 8;

    /// <summary>Heat maps that are drawn of many lines.</summary>
    private const int MostPlots = 20;

    private readonly SubwordVocabulary _source, _target;
    private readonly TranslationNetwork _network;
    private readonly (double Share, int Steps) _sampling;
    private readonly int _maximumLength;

    /// <summary>Builds the network that settings ask for.</summary>
    public TranslateModel(SubwordVocabulary source, SubwordVocabulary target, TaskSettings settings) : base(settings)
    {
        (_source, _target) = (source, target);
        _network = settings.Text(TranslationOptions.Network.Name) == "cho" ? new ChoNetwork(source.Count, target.Count, settings) : new AttentionNetwork(source.Count, target.Count, settings);
        _sampling = TranslationOptions.ParseSampling(settings.Text(TranslationOptions.ScheduledSampling.Name))!.Value;
        _maximumLength = settings.Whole(TranslationOptions.MaximumLength.Name);
    }

    /// <inheritdoc/>
    public override Module Module => _network;

    /// <inheritdoc/>
    public override string BestBy => "bleu";

    /// <inheritdoc/>
    public override string SymbolName => "word";

    /// <inheritdoc/>
    public override void KeepWeights(WeightFormat format) => _network.Encoder.InferenceWeights = _network.Decoder.InferenceWeights = format;

    /// <inheritdoc/>
    public override IReadOnlyList<Fact> Describe() =>
    [
        new("vocabulary", Settings.Flag(TranslationOptions.Shared.Name) ? $"{Symbols(_source)} of both languages" : $"{Symbols(_source)} of the source, {Symbols(_target)} of the target"),
        new("model", $"{_network.Describe()}; {_network.ParameterCount:N0} parameters"),
    ];

    /// <inheritdoc/>
    public override TranslationPairs Encode(IReadOnlyList<SentencePair> examples)
    {
        int cut = 0;
        int[][] sources = [.. examples.Select(pair => Cut(_source.Encode(pair.Source)))];
        int[][] targets = [.. examples.Select(pair => pair.Target is null ? [] : Cut(_target.Encode(pair.Target)))];
        return new TranslationPairs(sources, targets, examples, cut);

        int[] Cut(int[] sentence)
        {
            if (sentence.Length <= _maximumLength) return sentence;
            cut++;
            return sentence[.._maximumLength];
        }
    }

    /// <inheritdoc/>
    protected override Tensor Loss(TranslationPairs set, ReadOnlySpan<int> numbers, TranslationBatch batch)
    {
        batch.Fill(set, numbers);
        return _network.Loss(batch, _sampling.Share * Math.Min(1, (double)Step / _sampling.Steps));
    }

    /// <inheritdoc/>
    public override Judgement Judge(TranslationPairs set, TaskSettings? given, CancellationToken cancellation)
    {
        double loss = 0;
        long symbols = 0;
        var all = new Bleu();
        Bleu[] byLength = [.. Enumerable.Range(0, LengthSteps).Select(_ => new Bleu())];
        int[] sentences = new int[LengthSteps], words = new int[LengthSteps];
        BeamOptions options = Translator.Options(given);
        ForEachBatch(set, Together, (numbers, batch) =>
        {
            var translator = new Translator(_network, batch);
            long judged = 0;
            foreach (int number in numbers) judged += set.JudgedOf(number);
            loss += judged * translator.Loss(set, numbers);
            symbols += judged;
            IReadOnlyList<Hypothesis>[] found = translator.Translate(set, numbers, options);
            for (int i = 0; i < numbers.Length; i++)
            {
                SentencePair text = set.Texts[numbers[i]];
                string[] translation = SubwordVocabulary.WordsOf(_target.Decode(found[i][0].Symbols)), reference = SubwordVocabulary.WordsOf(text.Target!);
                int length = SubwordVocabulary.WordsOf(text.Source).Length, step = Math.Clamp((length - 1) / LengthStep, 0, LengthSteps - 1);
                all.Add(translation, reference);
                byLength[step].Add(translation, reference);
                sentences[step]++;
                words[step] += length;
            }
        }, cancellation);
        loss /= symbols;
        var metrics = new Dictionary<string, double> { ["loss"] = loss, ["perplexity"] = Math.Exp(loss), ["bleu"] = all.Score };
        if (given is null) return new Judgement(metrics, symbols);
        metrics["brevity_penalty"] = all.BrevityPenalty;
        return new Judgement(metrics, symbols)
        {
            Notes = set.Cut == 0 ? [] : [$"{set.Cut:N0} sentences are longer than --max-length {_maximumLength} symbols and were cut"],
            Tables = [ByLength()],
        };

        EvaluationTable ByLength()
        {
            int[] steps = [.. Enumerable.Range(0, LengthSteps).Where(step => sentences[step] > 0)];
            return new EvaluationTable("bleu_by_length", ["source_words", "sentences", "bleu"], [.. steps.Select(step =>
                (step == LengthSteps - 1 ? $"{step * LengthStep + 1} and more" : $"{step * LengthStep + 1}–{(step + 1) * LengthStep}", (IReadOnlyList<double>)[sentences[step], byLength[step].Score]))])
            {
                Places = [.. steps.Select(step => (double)words[step] / sentences[step])],
            };
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<ForwardPass> ForwardPasses(bool streaming = false) => _network.ForwardPasses();

    /// <inheritdoc/>
    public override void Save(ModelFile file)
    {
        Write("source", _source);
        if (_target != _source) Write("target", _target);

        void Write(string language, SubwordVocabulary vocabulary) => (file.Metadata[$"{language} vocabulary"], file.Metadata[$"{language} subwords"]) = vocabulary.ToJson();
    }

    /// <summary>The vocabularies that <see cref="Save"/> wrote.</summary>
    public static (SubwordVocabulary Source, SubwordVocabulary Target) Vocabularies(ModelFile file, TaskSettings settings)
    {
        SubwordVocabulary source = Of("source");
        return (source, settings.Flag(TranslationOptions.Shared.Name) ? source : Of("target"));

        SubwordVocabulary Of(string language) => SubwordVocabulary.FromJson(file.Text($"{language} vocabulary"), file.Text($"{language} subwords"), language);
    }

    /// <inheritdoc/>
    public override string? Shown(TranslationPairs set, RandomState random)
    {
        ArgumentNullException.ThrowIfNull(random);
        int number = random.NextInt(set.Count);
        Hypothesis best = new Translator(_network, new TranslationBatch()).Translate(set, [number], Translator.Options(null))[0][0];
        return $"{set.Texts[number].Source} → {_target.Decode(best.Symbols)}";
    }

    /// <inheritdoc/>
    protected override SentencePair Parse(string line, int number)
    {
        string[] columns = (Settings.Flag(WordOptions.Lower.Name) ? line.ToLowerInvariant() : line).Split('\t');
        return new SentencePair(columns[0], columns.Length > 1 ? columns[1] : null, Line(number), number);
    }

    /// <inheritdoc/>
    protected override void Answer(TranslationPairs set, ReadOnlySpan<int> numbers, TranslationBatch batch, TaskSettings given, Prediction[] answers)
    {
        var translator = new Translator(_network, batch);
        if (given.Flag(TranslationOptions.Score.Name))
        {
            Score(set, numbers, translator, answers);
            return;
        }
        string? plot = given.Find(TranslationOptions.AttentionSvg.Name);
        if (plot is not null && _network is ChoNetwork) throw new BadUsageException("--attention-svg: the model cho has no attention; it is drawn for models of --model attention.");
        BeamOptions options = Translator.Options(given) with { NBest = given.Whole(TranslationOptions.NBest.Name), KeepAttention = plot is not null };
        IReadOnlyList<Hypothesis>[] found = translator.Translate(set, numbers, options);
        for (int i = 0; i < numbers.Length; i++)
        {
            int number = numbers[i];
            SentencePair text = set.Texts[number];
            // Of nothing the translation is nothing, whatever the network makes of it.
            (string Text, double LogProbability, double Score)[] best = set.Sources[number].Length == 0 ? [("", 0, 0)]
                : [.. found[i].Select(one => (_target.Decode(one.Symbols), one.LogProbability, one.Score))];
            answers[number] = new Prediction(
                options.NBest == 1 ? best[0].Text : string.Join('\n', best.Select(one => FormattableString.Invariant($"{one.Score:F4}\t{one.Text}"))),
                json =>
                {
                    json.WriteString("source", text.Source);
                    json.WriteString("translation", best[0].Text);
                    json.WriteNumber("log_probability", best[0].LogProbability);
                    if (options.NBest > 1) WriteAll(json, best);
                });
            if (plot is not null && text.Number is > 0 and <= MostPlots && found[i][0].Attention is { } attention) Draw(PlotOf(plot, text.Number), set.Sources[number], found[i][0], attention);
        }
    }

    private static void WriteAll(Utf8JsonWriter json, (string Text, double LogProbability, double Score)[] best)
    {
        json.WriteStartArray("n_best");
        foreach (var (text, logProbability, score) in best)
        {
            json.WriteStartObject();
            json.WriteString("translation", text);
            json.WriteNumber("log_probability", logProbability);
            json.WriteNumber("score", score);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Score(TranslationPairs set, ReadOnlySpan<int> numbers, Translator translator, Prediction[] answers)
    {
        foreach (int number in numbers)
            if (set.Texts[number].Target is null) throw new BadInputException($"{set.Texts[number].Where}: one column; to be scored it takes 'source⇥target', with a tab between.");
        double[] scores = translator.Score(set, numbers);
        for (int i = 0; i < numbers.Length; i++)
        {
            (SentencePair text, double score) = (set.Texts[numbers[i]], scores[i]);
            answers[numbers[i]] = new Prediction(FormattableString.Invariant($"{score:F6}"), json =>
            {
                json.WriteString("source", text.Source);
                json.WriteString("target", text.Target);
                json.WriteNumber("log_probability", score);
            });
        }
    }

    /// <summary>The file of a line's heat map: that of the first has the name that was given, the others' have their number at its end.</summary>
    private static string PlotOf(string path, int number) => number == 1 ? path : Path.Combine(Path.GetDirectoryName(path) ?? "", $"{Path.GetFileNameWithoutExtension(path)}-{number}{Path.GetExtension(path)}");

    private void Draw(string path, int[] source, Hypothesis best, IReadOnlyList<float[]> attention)
    {
        string[] read = [.. source.Select(symbol => _source[symbol]), "⏎"], written = [.. best.Symbols.Select(symbol => _target[symbol]), .. best.IsEnded ? new[] { "⏎" } : []];
        try
        {
            File.WriteAllText(path, AttentionPlot.ToSvg(read, written, attention));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new BadUsageException($"--attention-svg {path}: cannot be written: {error.Message.ReplaceLineEndings(" ")}");
        }
    }

    private static string Symbols(SubwordVocabulary vocabulary) => $"{vocabulary.Count:N0} {(vocabulary.HasPieces ? "subwords" : "words")}";
}
