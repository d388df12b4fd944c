using Unroll.Files;
using Unroll.Tasks.Examples;
using Unroll.Tensors;

namespace Unroll.Tasks.Classification;

/// <summary>Says of which class a text is, such as whether a review is good or bad: many to one. Pang &amp; Lee 2004; Maas et al. 2011, "Learning word vectors for sentiment analysis".</summary>
internal sealed class ClassificationTask : ExampleTask<LabelledText, LabelledTexts, LabelledBatch, ClassificationModel>
{
    /// <summary>Different labels at most.</summary>
    public const int MostLabels = 10_000;

    private const int SampleTexts = 2000;

    internal static readonly TaskOption MaximumLength = new("max-length", OptionKind.Whole, "words to read of a text: of a longer one the first and the last half of so many; 0 for all") { Default = "400", Minimum = 0, Group = "Data" };

    internal static readonly TaskOption WordDropout = CommonOptions.Dropout with { Name = "word-dropout", Help = "share of the words read as unknown while training" };

    internal static readonly TaskOption ShowWords = new("show-words", OptionKind.Flag, "show how much attention each word got, in colour on a screen") { Group = "Run" };

    /// <inheritdoc/>
    public override string Name => "classify";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Aliases => ["sentiment"];

    /// <inheritdoc/>
    public override string Summary => "learns labels of texts, such as good and bad reviews";

    /// <inheritdoc/>
    public override string Kind => "texts";

    /// <inheritdoc/>
    public override string Paper => "Maas et al. 2011, \"Learning word vectors for sentiment analysis\"; attention pooling: Yang et al. 2016";

    /// <inheritdoc/>
    public override TaskOption Data { get; } = new("data", OptionKind.Path, "texts to learn: label, tabulator, text in each line, or CSV; .gz too (default: reviews made from the seed)") { Several = true, Placeholder = "PATH", Group = "Data" };

    /// <inheritdoc/>
    protected override IReadOnlyList<TaskOption> OwnOptions =>
    [
        LabelledTextFile.Label, LabelledTextFile.Text, WordOptions.LowerUnlessRefused, WordOptions.MinimumCount, WordOptions.MaximumVocabulary, MaximumLength,
        TokenEncoder.Features, TokenEncoder.EmbeddingDropout, TokenEncoder.Vectors, WordDropout, Pooling.Option, ClassWeights.Option,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<TaskOption> OwnEvaluationOptions => [LabelledTextFile.Label, LabelledTextFile.Text];

    /// <inheritdoc/>
    public override IReadOnlyList<TaskOption> PredictionOptions { get; } = [LabelledTextFile.Text, ShowWords];

    /// <inheritdoc/>
    private protected override IReadOnlyDictionary<string, string> Defaults { get; } = new Dictionary<string, string>
    {
        [CommonOptions.Bidirectional.Name] = "true",
        [CommonOptions.Hidden.Name] = "128",
        [CommonOptions.Layers.Name] = "1",
        [CommonOptions.Batch.Name] = "32",
        [CommonOptions.LearningRate.Name] = "0.001",
        [CommonOptions.Dropout.Name] = "0.5",
        [TokenEncoder.EmbeddingDropout.Name] = "0.5",
        [WordDropout.Name] = "0.2",
    };

    /// <inheritdoc/>
    protected override (int Data, int Sample) DefaultEpochs => (6, 10);

    /// <inheritdoc/>
    protected override TrainingUnits Units { get; } = new("texts");

    /// <inheritdoc/>
    public override string? PredictionInput => "a text";

    /// <inheritdoc/>
    public override IReadOnlyList<(string Arguments, string Meaning)> Examples =>
    [
        ("", "learn good and bad reviews that are made from the seed"),
        ("--data imdb.train.tsv.gz --valid imdb.valid.tsv.gz", "learn labelled texts"),
        ("--data mails.csv --label kind --text body --class-weights balanced", "columns of a table; rare labels count for more"),
        ("--data train.tsv --pooling last --cell gru", "another cell, the text's last state"),
    ];

    /// <inheritdoc/>
    public override IEnumerable<LabelledText> Read(TaskSettings paths, string option, TaskSettings settings)
    {
        ArgumentNullException.ThrowIfNull(paths);
        return paths.All(option).SelectMany(path => LabelledTextFile.Read(path, paths, settings));
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<LabelledText> Sample(RandomState random) => ReviewGenerator.Generate(random, SampleTexts);

    /// <inheritdoc/>
    protected override ClassificationModel Create(IReadOnlyList<LabelledText> training, TaskSettings settings) => ClassificationModel.Create(training, settings);

    /// <inheritdoc/>
    protected override ClassificationModel Restore(ModelFile file, TaskSettings settings) => ClassificationModel.Restore(file, settings);

    /// <inheritdoc/>
    protected override string Describe(LabelledTexts set) => $"{set.Count:N0} texts, {set.Texts.Tokens:N0} words";
}
