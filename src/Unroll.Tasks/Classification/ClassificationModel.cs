using System.Text.Json;
using Unroll.Data;
using Unroll.Files;
using Unroll.Layers;
using Unroll.Losses;
using Unroll.Tasks.Examples;
using Unroll.Tensors;

namespace Unroll.Tasks.Classification;

/// <summary>A model that labels texts.</summary>
internal sealed class ClassificationModel : ExampleModel<LabelledText, LabelledTexts>
{
    private const string WordsKey = "words", LabelsKey = "labels";
    private const int JudgedTogether = 64;

    private readonly TokenVocabulary _words, _labels;
    private readonly ClassificationNetwork _network;
    private readonly TokenBatch _batch = new();
    private readonly bool _lower;
    private readonly int _longest;
    private int[] _targets = [];
    private float[] _binary = [];

    private ClassificationModel(TokenVocabulary words, TokenVocabulary labels, TaskSettings settings)
        : base(settings)
    {
        (_words, _labels, _lower, _longest) = (words, labels, settings.Flag(ClassificationTask.Lower.Name), settings.Whole(ClassificationTask.MaximumLength.Name));
        _network = new ClassificationNetwork(words.Count, labels.Count == 2 ? 1 : labels.Count, settings);
    }

    /// <summary>A model for what is to be learned.</summary>
    public static ClassificationModel Create(IReadOnlyList<LabelledText> training, TaskSettings settings)
    {
        var (words, labels) = (new SymbolCounts(), new SymbolCounts());
        bool lower = settings.Flag(ClassificationTask.Lower.Name);
        foreach (LabelledText text in training)
        {
            labels.Add(text.Label);
            PlainWords.Visit(lower ? text.Text.ToLowerInvariant() : text.Text, words.Add);
        }
        if (labels.Distinct < 2) throw new BadInputException($"All {training.Count:N0} texts have the label {Vocabulary.Show(training[0].Label!)}; it takes at least two labels to tell apart.");
        if (labels.Distinct > ClassificationTask.MostLabels) throw new BadInputException(
            $"There are {labels.Distinct:N0} different labels, such as {Vocabulary.Show(training[0].Label!)}; expected {ClassificationTask.MostLabels:N0} at most. Is the label in another column?");
        return new ClassificationModel(
            TokenVocabulary.Build(words, [Vocabulary.UnknownName], settings.Whole(ClassificationTask.MinimumCount.Name), settings.Whole(ClassificationTask.MaximumVocabulary.Name)),
            TokenVocabulary.Build(new SymbolCounts(), [.. labels.ByFrequency().Select(pair => pair.Key).Order(StringComparer.Ordinal)]), settings);
    }

    /// <summary>A trained model.</summary>
    public static ClassificationModel Restore(ModelFile file, TaskSettings settings) =>
        new(TokenVocabulary.FromJson(file.Text(WordsKey), "the model's words"), TokenVocabulary.FromJson(file.Text(LabelsKey), "the model's labels"), settings);

    /// <inheritdoc/>
    public override Module Module => _network;

    /// <inheritdoc/>
    public override IReadOnlyList<Fact> Describe() =>
    [
        new("labels", string.Join(", ", _labels.Tokens.Take(20)) + (_labels.Count > 20 ? ", …" : "")),
        new("words", $"{_words.Count:N0}"),
        new("model", _network.Summary),
    ];

    /// <inheritdoc/>
    public override void KeepWeights(WeightFormat format) => _network.Encoder.Recurrent.InferenceWeights = format;

    /// <inheritdoc/>
    public override void Save(ModelFile file)
    {
        file.Metadata[WordsKey] = _words.ToJson();
        file.Metadata[LabelsKey] = _labels.ToJson();
    }

    /// <inheritdoc/>
    public override LabelledTexts Encode(IReadOnlyList<LabelledText> examples)
    {
        var texts = new TokenSequences();
        int[] labels = new int[examples.Count];
        for (int i = 0; i < labels.Length; i++)
        {
            int count = 0;
            PlainWords.Visit(_lower ? examples[i].Text.ToLowerInvariant() : examples[i].Text, word =>
            {
                if (_longest == 0 || count++ < _longest) texts.Add(_words.NumberOf(word));
            });
            texts.End();
            labels[i] = examples[i].Label is not { } label ? -1 : _labels.Contains(label) ? _labels.NumberOf(label) : throw new BadInputException(
                $"{examples[i].Where}: the label {Vocabulary.Show(label)} is none of those the model knows: {string.Join(", ", _labels.Tokens.Take(20))}.");
        }
        return new LabelledTexts(texts, labels);
    }

    /// <inheritdoc/>
    public override Tensor Loss(LabelledTexts set, ReadOnlySpan<int> numbers) => Likelihoods(Forward(set, numbers).Logits);

    /// <inheritdoc/>
    public override Judgement Judge(LabelledTexts set, TaskSettings? given, CancellationToken cancellation)
    {
        double loss = 0;
        var confusion = new ConfusionMatrix(_labels.Tokens);
        ForEachBatch(set, JudgedTogether, numbers =>
        {
            Tensor logits = Forward(set, numbers).Logits;
            loss += (double)Likelihoods(logits).Item * numbers.Length;
            for (int i = 0; i < numbers.Length; i++) confusion.Add(_targets[i], Best(Probabilities(logits, i)));
        }, cancellation);
        return new Judgement(new() { ["loss"] = loss / set.Count, ["accuracy"] = confusion.Accuracy, ["macro_f1"] = confusion.MacroF1 }) { Tables = [confusion.ToTable()] };
    }

    /// <inheritdoc/>
    protected override LabelledText Parse(string line, string where) => new(null, line, where);

    /// <inheritdoc/>
    protected override void Answer(LabelledTexts set, ReadOnlySpan<int> numbers, TaskSettings given, Prediction[] answers)
    {
        Tensor logits = Forward(set, numbers).Logits;
        for (int i = 0; i < numbers.Length; i++)
        {
            float[] probabilities = Probabilities(logits, i);
            int best = Best(probabilities);
            answers[numbers[i]] = new Prediction(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{_labels[best]}\t{probabilities[best]:F4}"), json => Write(json, best, probabilities));
        }
    }

    private void Write(Utf8JsonWriter json, int best, float[] probabilities)
    {
        json.WriteString("label", _labels[best]);
        json.WriteNumber("probability", probabilities[best]);
        json.WriteStartObject("probabilities");
        for (int i = 0; i < probabilities.Length; i++) json.WriteNumber(_labels[i], probabilities[i]);
        json.WriteEndObject();
    }

    private (Tensor Logits, Tensor Weights) Forward(LabelledTexts set, ReadOnlySpan<int> numbers)
    {
        _batch.Fill(set.Texts, numbers);
        if (_targets.Length < numbers.Length) (_targets, _binary) = (new int[numbers.Length], new float[numbers.Length]);
        for (int i = 0; i < numbers.Length; i++) _binary[i] = _targets[i] = set.Labels[numbers[i]];
        return _network.Forward(_batch);
    }

    /// <summary>The mean negative log-likelihood of the batch's labels: Bernoulli of two, categorical of more.</summary>
    private Tensor Likelihoods(Tensor logits) => _labels.Count == 2
        ? Likelihood.Bernoulli(logits, Tensor.From(_binary.AsSpan(0, _batch.Count), logits.Shape))
        : Likelihood.Categorical(logits, _targets.AsSpan(0, _batch.Count));

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
