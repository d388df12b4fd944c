using Unroll.Data;
using Unroll.Files;
using Unroll.Tasks.Examples;
using Unroll.Tensors;

namespace Unroll.Tasks.Tagging;

/// <summary>Says of every word of a sentence what it is, such as its part of speech, or whether it is part of a name: many to many, aligned. Huang, Xu &amp; Yu 2015,
/// "Bidirectional LSTM-CRF Models for Sequence Tagging"; Lample et al. 2016; Ma &amp; Hovy 2016; Plank, Søgaard &amp; Goldberg 2016.</summary>
internal sealed class TagTask : ExampleTask<TaggedSentence, TaggedSentences, TagBatch, TagModel>
{
    /// <summary>Values of options.</summary>
    internal const string NoCharacters = "none", Recurrent = "recurrent", Convolution = "convolution", Auto = "auto", On = "on", Off = "off", Keep = "keep";

    /// <summary>Different tags at most.</summary>
    public const int MostTags = 2_000;

    private const int SampleSentences = 1000;

    internal static readonly TaskOption Characters = new("characters", OptionKind.Choice, "what reads words character by character: nothing, a recurrent layer in both directions, or a convolution over three characters")
    {
        Default = Recurrent,
        Choices = [NoCharacters, Recurrent, Convolution],
        Group = "Model",
    };

    internal static readonly TaskOption CharacterFeatures = new("character-embedding", OptionKind.Whole, "features of a character") { Default = "30", Minimum = 1, Maximum = 65536, Group = "Model" };

    internal static readonly TaskOption CharacterUnits = new("character-hidden", OptionKind.Whole, "units that read characters, in each direction; a convolution has twice as many filters") { Default = "50", Minimum = 1, Maximum = 65536, Group = "Model" };

    internal static readonly TaskOption Crf = new("crf", OptionKind.Choice, "judge the tags of a sentence together, by a linear-chain conditional random field: on, off, or auto, which is on where tags are of entities") { Default = Auto, Choices = [Auto, On, Off], Group = "Model" };

    internal static readonly TaskOption Scheme = new("scheme", OptionKind.Choice, "write entities for the network as they are, as B and I, or with their last and only tokens marked by E and S") { Default = Keep, Choices = [Keep, "bio", "bioes"], Group = "Data" };

    internal static readonly TaskOption Universal = new("universal", OptionKind.Flag, "map the seventeen parts of speech of Universal Dependencies to the twelve of Petrov et al. 2012") { Group = "Data" };

    internal static readonly TaskOption MaximumLength = CommonOptions.Sequence with { Help = "cut longer sentences into parts of this many tokens; 0 leaves them whole", Default = "500", Minimum = 0, Group = "Data" };

    internal static readonly TaskOption WordDropout = new("word-dropout", OptionKind.Number, "in training a word that occurs n times is unknown with the probability X/(X + n)") { Default = "1", Minimum = 0, Placeholder = "X", Group = "Training" };

    internal static readonly TaskOption NBest = new("n-best", OptionKind.Whole, "the best ways to tag each sentence, with their probabilities") { Default = "1", Minimum = 1, Maximum = 1000, Group = "Data" };

    /// <inheritdoc/>
    public override string Name => "tag";

    /// <inheritdoc/>
    public override string Summary => "learns a tag for every word: parts of speech, names";

    /// <inheritdoc/>
    public override string Kind => "sentences";

    /// <inheritdoc/>
    public override string Paper => "Lample et al. 2016, \"Neural Architectures for Named Entity Recognition\"";

    /// <inheritdoc/>
    public override TaskOption Data { get; } = new("data", OptionKind.Path, "sentences to learn: token, tabulator, tag in each line, an empty line after each sentence, .gz too (default: an invented language, made from the seed)") { Several = true, Placeholder = "PATH", Group = "Data" };

    /// <inheritdoc/>
    protected override IReadOnlyList<TaskOption> OwnOptions =>
        [Universal, Scheme, WordOptions.MinimumCount, WordOptions.MaximumVocabulary, MaximumLength, TokenEncoder.Features, TokenEncoder.EmbeddingDropout, TokenEncoder.Vectors, Characters, CharacterFeatures, CharacterUnits, Crf, WordDropout];

    /// <inheritdoc/>
    public override IReadOnlyList<TaskOption> PredictionOptions => [NBest];

    /// <inheritdoc/>
    private protected override IReadOnlyDictionary<string, string> Defaults { get; } = new Dictionary<string, string>
    {
        [CommonOptions.Bidirectional.Name] = "true",
        [CommonOptions.Hidden.Name] = "200",
        [CommonOptions.Layers.Name] = "1",
        [CommonOptions.Batch.Name] = "16",
        [CommonOptions.LearningRate.Name] = "0.002",
        [CommonOptions.Schedule.Name] = "cosine",
        [CommonOptions.Dropout.Name] = "0.5",
        [TokenEncoder.EmbeddingDropout.Name] = "0.3",
        [WordOptions.MinimumCount.Name] = "1",
        [WordOptions.MaximumVocabulary.Name] = "50000",
    };

    /// <inheritdoc/>
    protected override (int Data, int Sample) DefaultEpochs => (15, 5);

    /// <inheritdoc/>
    protected override TrainingUnits Units { get; } = new("words");

    /// <inheritdoc/>
    public override string? PredictionInput => "a sentence, its tokens with spaces between,";

    /// <inheritdoc/>
    public override IReadOnlyList<(string Arguments, string Meaning)> Examples =>
    [
        ("", "learn the parts of speech of an invented language"),
        ("--data ewt.train.tsv --valid ewt.dev.tsv", "learn tagged sentences"),
        ("--data ewt.train.tsv --valid ewt.dev.tsv --universal", "the twelve universal tags"),
        ("--data names.train.tsv --valid names.dev.tsv --vectors glove.6B.100d.txt.gz", "names, with word vectors that are there already"),
    ];

    /// <inheritdoc/>
    public override IEnumerable<TaggedSentence> Read(TaskSettings paths, string option, TaskSettings settings)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(settings);
        return paths.All(option).SelectMany(path => TagReader.Read(TextLines.Read(path), settings.Whole(MaximumLength.Name), settings.Flag(Universal.Name)));
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<TaggedSentence> Sample(RandomState random)
    {
        var sample = new TagSample(random);
        return [.. Enumerable.Range(0, SampleSentences).Select(_ => sample.Next())];
    }

    /// <inheritdoc/>
    protected override TagModel Create(IReadOnlyList<TaggedSentence> training, TaskSettings settings) => TagModel.Create(training, settings);

    /// <inheritdoc/>
    protected override TagModel Restore(ModelFile file, TaskSettings settings) => TagModel.Restore(file, settings);

    /// <inheritdoc/>
    protected override string Describe(TaggedSentences set) => $"{set.Count:N0} sentences, {set.Words.Tokens:N0} words, {set.Characters.Count:N0} different ones";
}
