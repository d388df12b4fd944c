using System.Text.Json;
using Unroll.Data;
using Unroll.Exchange;
using Unroll.Files;
using Unroll.Layers;
using Unroll.Losses;
using Unroll.Tasks.Examples;
using Unroll.Tensors;

namespace Unroll.Tasks.Classification;

/// <summary>A model that labels texts.</summary>
internal sealed class ClassificationModel : ExampleModel<LabelledText, LabelledTexts, LabelledBatch>
{
    private const string WordsKey = "words", LabelsKey = "labels", WeightsKey = "class-weights";
    private const int JudgedTogether = 64;

    private readonly TokenVocabulary _words, _labels;
    private readonly float[]? _classWeights;
    private readonly ClassificationNetwork _network;
    private readonly bool _lower;
    private readonly int _longest;
    private readonly float _wordDropout;
    private WordVectors? _vectors;

    private ClassificationModel(TokenVocabulary words, TokenVocabulary labels, float[]? classWeights, TaskSettings settings)
        : base(settings)
    {
        (_words, _labels, _classWeights) = (words, labels, classWeights);
        (_lower, _longest, _wordDropout) = (settings.Flag(WordOptions.Lower.Name), settings.Whole(ClassificationTask.MaximumLength.Name), (float)settings.Number(ClassificationTask.WordDropout.Name));
        _network = new ClassificationNetwork(words.Count, labels.Count == 2 ? 1 : labels.Count, settings);
    }

    /// <summary>A model for what is to be learned.</summary>
    public static ClassificationModel Create(IReadOnlyList<LabelledText> training, TaskSettings settings)
    {
        var (words, labels) = (new SymbolCounts(), new SymbolCounts());
        bool lower = settings.Flag(WordOptions.Lower.Name);
        char[] letters = [];
        foreach (LabelledText text in training)
        {
            labels.Add(text.Label);
            PlainWords.Visit(text.Text, word => words.Add(lower ? PlainWords.Lower(word, ref letters) : word));
        }
        if (labels.Distinct < 2) throw new BadInputException($"All {training.Count:N0} texts have the label {Vocabulary.Show(training[0].Label!)}; it takes at least two labels to tell apart.");
        if (labels.Distinct > ClassificationTask.MostLabels) throw new BadInputException(
            $"There are {labels.Distinct:N0} different labels, such as {Vocabulary.Show(training[0].Label!)}; expected {ClassificationTask.MostLabels:N0} at most. Is the label in another column?");
        TokenVocabulary ordered = TokenVocabulary.Build(new SymbolCounts(), [.. labels.ByFrequency().Select(pair => pair.Key).Order(StringComparer.Ordinal)]);
        TokenVocabulary known = WordOptions.Build(words, settings);
        WordVectors? vectors = TokenEncoder.ReadVectors(settings, known);
        return new ClassificationModel(known, ordered, ClassWeights.Of(settings.Text(ClassWeights.Option.Name), ordered, labels), settings) { _vectors = vectors };
    }

    /// <summary>A trained model.</summary>
    public static ClassificationModel Restore(ModelFile file, TaskSettings settings)
    {
        TokenVocabulary labels = TokenVocabulary.FromJson(file.Text(LabelsKey), "the model's labels");
        return new(TokenVocabulary.FromJson(file.Text(WordsKey), "the model's words"), labels,
            file.Metadata.TryGetValue(WeightsKey, out string? weights) ? ClassWeights.FromText(weights, labels.Count) : null, settings);
    }

    /// <inheritdoc/>
    public override Module Module => _network;

    /// <inheritdoc/>
    public override IReadOnlyList<Fact> Describe() =>
    [
        new("labels", string.Join(", ", _labels.Tokens.Take(20)) + (_labels.Count > 20 ? ", …" : "")),
        TokenEncoder.Describe(_words, _vectors, Settings),
        new("model", _network.Summary),
    ];

    /// <inheritdoc/>
    public override string BestBy => "accuracy";

    /// <inheritdoc/>
    public override Action? AfterInitialize => _network.Encoder.Begin(_vectors, _words);

    /// <inheritdoc/>
    public override void KeepWeights(WeightFormat format) => _network.Encoder.Recurrent.InferenceWeights = format;

    /// <summary>Words and how many of each text to the logits and probabilities of the labels, and the weights of the words where attention pools them.</summary>
    public override IReadOnlyList<ForwardPass> ForwardPasses(bool streaming = false)
    {
        if (streaming) throw NoStreaming("a label is one of a whole text");
        return [new ForwardPass("classify", [PassInput.Whole("words", _words.Count, "batch", "time"), PassInput.Lengths("lengths", "batch", "time")], values =>
        {
            (Tensor logits, Tensor weights) = _network.Forward(new TokenBatch().Take(values.Whole("words"), values.Whole("lengths")));
            Tensor yes = logits.Sigmoid(), probabilities = _labels.Count == 2 ? Tensor.Concat(1, 1 - yes, yes) : logits.Softmax();
            return [new("logits", logits), new("probabilities", probabilities), .. weights.IsEmpty ? Array.Empty<PassOutput>() : [new("weights", weights)]];
        })];
    }

    /// <inheritdoc/>
    internal override IEnumerable<string>? InputsOf(string? path, TaskSettings settings) => LabelledTextFile.Unlabelled(path, settings, Settings);

    /// <inheritdoc/>
    public override void Save(ModelFile file)
    {
        file.Metadata[WordsKey] = _words.ToJson();
        file.Metadata[LabelsKey] = _labels.ToJson();
        if (_classWeights is not null) file.Metadata[WeightsKey] = ClassWeights.ToText(_classWeights);
    }

    /// <inheritdoc/>
    public override LabelledTexts Encode(IReadOnlyList<LabelledText> examples)
    {
        var texts = new TokenSequences();
        int[] labels = new int[examples.Count];
        var numbers = new List<int>();
        for (int i = 0; i < labels.Length; i++)
        {
            Read(examples[i].Text, numbers, null);
            foreach (int number in numbers) texts.Add(number);
            texts.End();
            labels[i] = examples[i].Label is not { } label ? -1 : _labels.Contains(label) ? _labels.NumberOf(label) : throw new BadInputException(
                $"{examples[i].Where}: the label {Vocabulary.Show(label)} is none of those the model learned: {string.Join(", ", _labels.Tokens.Take(20))}{(_labels.Count > 20 ? ", …" : "")}. Correct it, or train with texts that have it.");
        }
        return new LabelledTexts(texts, labels) { Shown = labels.All(label => label < 0) ? [.. examples.Select(example => example.Text)] : [] };
    }

    /// <inheritdoc/>
    protected override Tensor Loss(LabelledTexts set, ReadOnlySpan<int> numbers, LabelledBatch batch) => Loss(Forward(set, numbers, batch).Logits, batch);

    /// <inheritdoc/>
    public override Judgement Judge(LabelledTexts set, TaskSettings? given, CancellationToken cancellation)
    {
        double loss = 0, weights = 0;
        var confusion = new ConfusionMatrix(_labels.Tokens);
        ForEachBatch(set, JudgedTogether, (numbers, batch) =>
        {
            Tensor logits = Forward(set, numbers, batch).Logits;
            double weight = 0;
            for (int i = 0; i < numbers.Length; i++)
            {
                confusion.Add(batch.Labels[i], Best(Probabilities(logits, i)));
                weight += _classWeights?[batch.Labels[i]] ?? 1;
            }
            loss += weight * Loss(logits, batch).Item;
            weights += weight;
        }, cancellation);
        return new Judgement(new() { ["loss"] = loss / weights, ["accuracy"] = confusion.Accuracy, ["macro_f1"] = confusion.MacroF1 }) { Tables = [confusion.Classes, confusion.Confusion] };
    }

    /// <inheritdoc/>
    protected override LabelledText Parse(string line, int number) => new(null, line, Line(number));

    /// <inheritdoc/>
    protected override void Answer(LabelledTexts set, ReadOnlySpan<int> numbers, LabelledBatch batch, TaskSettings given, Prediction[] answers)
    {
        (Tensor logits, Tensor weights) = Forward(set, numbers, batch);
        bool shows = given.Flag(ClassificationTask.ShowWords.Name);
        if (shows && weights.IsEmpty) throw new BadUsageException(
            $"--{ClassificationTask.ShowWords.Name}: this model pools with '{Settings.Text(Pooling.Option.Name)}' and gives words no weights; one trained with --pooling attention does.");
        for (int i = 0; i < numbers.Length; i++)
        {
            float[] probabilities = Probabilities(logits, i);
            int best = Best(probabilities);
            WeightedWord[]? words = shows ? Weighted(set.Shown[numbers[i]], weights.Span.Slice(i * batch.Words.Time, batch.Words.Time)) : null;
            answers[numbers[i]] = new Prediction(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{_labels[best]}\t{probabilities[best]:F4}"), json => Write(json, best, probabilities, words)) { Words = words };
        }
    }

    private void Write(Utf8JsonWriter json, int best, float[] probabilities, WeightedWord[]? words)
    {
        json.WriteString("label", _labels[best]);
        json.WriteNumber("probability", probabilities[best]);
        json.WriteStartObject("probabilities");
        for (int i = 0; i < probabilities.Length; i++) json.WriteNumber(_labels[i], probabilities[i]);
        json.WriteEndObject();
        if (words is null) return;
        json.WriteStartArray("words");
        foreach (WeightedWord word in words)
        {
            json.WriteStartObject();
            json.WriteString("word", word.Word);
            json.WriteNumber("weight", word.Weight);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private WeightedWord[] Weighted(string text, ReadOnlySpan<float> weights)
    {
        var words = new List<string>();
        Read(text, [], words);
        var weighted = new WeightedWord[words.Count];
        for (int i = 0; i < weighted.Length; i++) weighted[i] = new WeightedWord(words[i], weights[i]);
        return weighted;
    }

    /// <summary>Reads a text's words: their numbers, and as they stand there where that is asked for.</summary>
    private void Read(string text, List<int> numbers, List<string>? words)
    {
        char[] letters = [];
        numbers.Clear();
        PlainWords.Visit(text, word =>
        {
            numbers.Add(_words.NumberOf(_lower ? PlainWords.Lower(word, ref letters) : word));
            words?.Add(word.ToString());
        });
        int beyond = numbers.Count - _longest;
        if (_longest == 0 || beyond <= 0) return;
        // What is thought of a thing stands at both ends of a text (Sun et al. 2019, "How to fine-tune BERT for text classification").
        int first = (_longest + 1) / 2;
        numbers.RemoveRange(first, beyond);
        words?.RemoveRange(first, beyond);
    }

    private (Tensor Logits, Tensor Weights) Forward(LabelledTexts set, ReadOnlySpan<int> numbers, LabelledBatch batch)
    {
        batch.Fill(set, numbers);
        if (_wordDropout > 0 && Tape.Current is { Training: true } tape) batch.Words.Drop(_wordDropout, _words.Unknown, tape.Random);
        return _network.Forward(batch.Words);
    }

    /// <summary>The mean negative log-likelihood of the batch's labels, Bernoulli of two and categorical of more; weighted by their classes where those have weights.</summary>
    private Tensor Loss(Tensor logits, LabelledBatch batch)
    {
        ReadOnlySpan<int> targets = batch.Labels;
        bool isBinary = _labels.Count == 2;
        if (_classWeights is null) return isBinary ? Likelihood.Bernoulli(logits, Tensor.From(batch.Binary, logits.Shape)) : Likelihood.Categorical(logits, targets);
        float sum = 0;
        foreach (int target in targets) sum += _classWeights[target];
        (Tensor shares, Tensor signs) = (Tensor.Zeros(logits.Shape), Tensor.Zeros(logits.Shape));
        Span<float> share = shares.Node.Values, sign = signs.Node.Values;
        for (int i = 0; i < targets.Length; i++)
        {
            share[isBinary ? i : i * _labels.Count + targets[i]] = _classWeights[targets[i]] / sum;
            if (isBinary) sign[i] = 1 - 2 * targets[i];
        }
        // −ln p of label 1 is −ln σ(a) = softplus(−a), and of label 0 softplus(a).
        return isBinary ? ((logits * signs).Softplus() * shares).Sum() : -(logits.LogSoftmax() * shares).Sum();
    }

    private float[] Probabilities(Tensor logits, int row)
    {
        if (_labels.Count == 2)
        {
            float yes = 1 / (1 + MathF.Exp(-logits.Span[row]));
            return [1 - yes, yes];
        }
        float[] probabilities = new float[_labels.Count];
        System.Numerics.Tensors.TensorPrimitives.SoftMax(logits.Span.Slice(row * _labels.Count, _labels.Count), probabilities);
        return probabilities;
    }

    private static int Best(float[] probabilities) => System.Numerics.Tensors.TensorPrimitives.IndexOfMax(probabilities);
}
