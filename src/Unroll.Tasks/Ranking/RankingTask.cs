using Unroll.Data;
using Unroll.Files;
using Unroll.Tasks.Examples;
using Unroll.Tensors;

namespace Unroll.Tasks.Ranking;

/// <summary>Says which of some sentences answers a question. Wang, Smith &amp; Mitamura 2007, "What is the Jeopardy model?"; Tan, dos Santos, Xiang &amp; Zhou 2016, "Improved representation
/// learning for question answer matching".</summary>
internal sealed class RankingTask : ExampleTask<AskedQuestion, RankedTexts, RankingBatch, RankingModel>
{
    private const int SampleQuestions = 800;

    internal static readonly TaskOption MaximumLength = Classification.ClassificationTask.MaximumLength with { Default = "100" };

    internal static readonly TaskOption Encoder = new("encoder", OptionKind.Choice, "how a candidate is read: siamese, as the question; attentive, its steps weighted by attention of the question")
    {
        Default = "attentive",
        Choices = ["siamese", "attentive"],
        Group = "Model",
    };

    internal static readonly TaskOption Score = new("score", OptionKind.Choice, "how the two vectors q and a make a score: their cosine, qᵀMa, or layers over q, a, q∘a and (q − a)²")
    {
        Default = "features",
        Choices = ["cosine", "bilinear", "features"],
        Group = "Model",
    };

    internal static readonly TaskOption Overlap = new("overlap", OptionKind.Choice, "where the model sees which words are shared: at each word, beside the score, both or none")
    {
        Default = "both",
        Choices = ["none", "words", "score", "both"],
        Group = "Model",
    };

    internal static readonly TaskOption Loss = new("loss", OptionKind.Choice, "pairwise, a hinge for each right and wrong candidate of a question; or pointwise, the likelihood of each label")
    {
        Default = "pairwise",
        Choices = ["pairwise", "pointwise"],
        Group = "Training",
    };

    internal static readonly TaskOption Margin = new("margin", OptionKind.Number, "by how much a right candidate's score is to be above a wrong one's, of --loss pairwise") { Default = "0.5", Minimum = 0, Group = "Training" };

    /// <inheritdoc/>
    public override string Name => "rank";

    /// <inheritdoc/>
    public override string Summary => "learns which of some sentences answers a question";

    /// <inheritdoc/>
    public override string Kind => "questions";

    /// <inheritdoc/>
    public override string Paper => "Tan et al. 2016";

    /// <inheritdoc/>
    public override TaskOption Data { get; } = new("data", OptionKind.Path, "questions to learn: question, candidate and 0 or 1 in each line, tabulators between, .gz too (default: questions about people made from the seed)")
    { Several = true, Placeholder = "PATH", Group = "Data" };

    /// <inheritdoc/>
    protected override IReadOnlyList<TaskOption> OwnOptions =>
        [WordOptions.LowerUnlessRefused, WordOptions.MinimumCount, WordOptions.MaximumVocabulary, MaximumLength, TokenEncoder.Features, TokenEncoder.EmbeddingDropout, TokenEncoder.Vectors, Encoder, Pooling.Option, Score, Overlap, Loss, Margin];

    /// <inheritdoc/>
    private protected override IReadOnlyDictionary<string, string> Defaults { get; } = new Dictionary<string, string>
    {
        [CommonOptions.Bidirectional.Name] = "true",
        [CommonOptions.Hidden.Name] = "32",
        [CommonOptions.Layers.Name] = "1",
        [CommonOptions.Batch.Name] = "8",
        [CommonOptions.LearningRate.Name] = "0.001",
        [CommonOptions.Dropout.Name] = "0.3",
        [TokenEncoder.Features.Name] = "30",
        [TokenEncoder.EmbeddingDropout.Name] = "0.3",
        [Pooling.Option.Name] = "max",
        [WordOptions.MaximumVocabulary.Name] = "500",
    };

    /// <inheritdoc/>
    protected override (int Data, int Sample) DefaultEpochs => (4, 20);

    /// <inheritdoc/>
    protected override TrainingUnits Units { get; } = new("candidates");

    /// <inheritdoc/>
    public override string? PredictionInput => "a question, a tabulator and a candidate";

    /// <inheritdoc/>
    public override IReadOnlyList<(string Arguments, string Meaning)> Examples =>
    [
        ("", "learn questions about people that are made from the seed"),
        ("--data train.tsv --valid valid.tsv", "learn questions with candidates"),
        ("--data train.tsv --encoder siamese --score cosine --overlap none", "compare two vectors and nothing else"),
    ];

    /// <inheritdoc/>
    public override IEnumerable<AskedQuestion> Read(TaskSettings paths, string option, TaskSettings settings)
    {
        ArgumentNullException.ThrowIfNull(paths);
        foreach (string path in paths.All(option))
        {
            string? asked = null;
            string id = "";
            var candidates = new List<AnswerCandidate>();
            foreach (TextLine line in TextLines.Read(path))
            {
                if (string.IsNullOrWhiteSpace(line.Text)) continue;
                string[] columns = line.Text.Split('\t');
                if (columns.Length is not (3 or 4)) throw new BadInputException(
                    $"{line.Where}: {(columns.Length == 1 ? "no tabulator" : $"{columns.Length} columns")}; expected a question, a candidate and 0 or 1, with tabulators between (and the question's number before, if it has one).");
                (string question, string candidate, string label) = (columns[^3], columns[^2], columns[^1].Trim());
                if (string.IsNullOrWhiteSpace(question)) throw new BadInputException($"{line.Where}: the question is empty; expected a question, a candidate and 0 or 1.");
                if (label is not ("0" or "1")) throw new BadInputException($"{line.Where}: the label is {Vocabulary.Show(label)}; expected 1 for a candidate that answers the question, or 0.");
                string itsId = columns.Length == 4 ? columns[0] : "";
                if (asked is not null && (asked != question || id != itsId))
                {
                    yield return new AskedQuestion(asked, [.. candidates]);
                    candidates.Clear();
                }
                (asked, id) = (question, itsId);
                candidates.Add(new AnswerCandidate(candidate, label == "1"));
            }
            if (asked is not null) yield return new AskedQuestion(asked, [.. candidates]);
        }
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<AskedQuestion> Sample(RandomState random) => FactGenerator.Generate(random, SampleQuestions);

    /// <inheritdoc/>
    protected override RankingModel Create(IReadOnlyList<AskedQuestion> training, TaskSettings settings) => RankingModel.Create(training, settings);

    /// <inheritdoc/>
    protected override RankingModel Restore(ModelFile file, TaskSettings settings) => RankingModel.Restore(file, settings);

    /// <inheritdoc/>
    protected override string Describe(RankedTexts set) => $"{set.Count:N0} questions, {set.Candidates.Count:N0} candidates, {set.Questions.Tokens + set.Candidates.Tokens:N0} words";

    /// <inheritdoc/>
    protected override IEnumerable<string> Warnings(RankingModel model, RankedTexts training, RankedTexts validation)
    {
        if (!Enumerable.Range(0, validation.Count).Any(validation.IsMixed))
            yield return "No question kept aside has both a right and a wrong candidate, so the model cannot be judged while it is trained; --valid names other questions.";
        int useless = Enumerable.Range(0, training.Count).Count(number => !training.IsMixed(number));
        if (useless > 0) yield return $"{useless:N0} of {training.Count:N0} questions do not have both a right and a wrong candidate; --loss pairwise learns nothing from them.";
    }
}
