using Unroll.Data;
using Unroll.Files;
using Unroll.Tasks.Examples;
using Unroll.Tensors;

namespace Unroll.Tasks.Conversation;

/// <summary>Learns to answer in a conversation, with a state that is kept over its turns: <see cref="ConversationNetwork"/>. Vinyals &amp; Le 2015, "A neural conversational model"; Serban et al. 2016.</summary>
internal sealed class ConversationTask : ExampleTask<Dialogue, Dialogues, DialogueBatch, ConversationModel>
{
    /// <summary>Different speakers at most.</summary>
    public const int MostSpeakers = 100;

    private const int SampleConversations = 1000;

    internal static readonly TaskOption MaximumLength = new("max-length", OptionKind.Whole, "read only so many words of a turn; 0 for all") { Default = "80", Minimum = 0, Group = "Data" };
    internal static readonly TaskOption MaximumTurns = new("max-turns", OptionKind.Whole, "cut longer conversations after so many turns; 0 for never") { Default = "40", Minimum = 0, Group = "Data" };
    internal static readonly TaskOption Context = new("context", OptionKind.Whole, "units of the layer that remembers the turns") { Default = "256", Minimum = 1, Maximum = 65536, Group = "Model" };

    /// <inheritdoc/>
    public override string Name => "chat";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Aliases => ["conversation"];

    /// <inheritdoc/>
    public override string Summary => "learns to answer in conversations, remembering what was said";

    /// <inheritdoc/>
    public override string Kind => "conversations";

    /// <inheritdoc/>
    public override string Paper => "Serban et al. 2016, \"Building end-to-end dialogue systems using generative hierarchical neural network models\"";

    /// <inheritdoc/>
    public override TaskOption Data { get; } = new("data", OptionKind.Path, "conversations as JSON lines, {\"turns\":[[\"U\",\"text\"],…]}, .gz too (default: orders at a counter, made from the seed)") { Several = true, Placeholder = "PATH", Group = "Data" };

    /// <inheritdoc/>
    protected override IReadOnlyList<TaskOption> OwnOptions => [WordOptions.Lower, WordOptions.MinimumCount, WordOptions.MaximumVocabulary, MaximumLength, MaximumTurns, TokenEncoder.Features, TokenEncoder.EmbeddingDropout, Context];

    /// <inheritdoc/>
    private protected override IReadOnlyDictionary<string, string> Defaults { get; } = new Dictionary<string, string>
    {
        [CommonOptions.Cell.Name] = "gru",
        [CommonOptions.Hidden.Name] = "256",
        [CommonOptions.Layers.Name] = "1",
        [CommonOptions.Batch.Name] = "16",
        [CommonOptions.LearningRate.Name] = "0.003",
        [CommonOptions.Schedule.Name] = "cosine",
        [CommonOptions.Dropout.Name] = "0.2",
        [TokenEncoder.EmbeddingDropout.Name] = "0.2",
        [TokenEncoder.Features.Name] = "128",
        [WordOptions.MaximumVocabulary.Name] = "20000",
    };

    /// <inheritdoc/>
    protected override (int Data, int Sample) DefaultEpochs => (10, 12);

    /// <inheritdoc/>
    protected override TrainingUnits Units { get; } = new("words", "perplexity", static nats => Math.Exp(nats));

    /// <inheritdoc/>
    public override string? PredictionInput => "what the user says first, or a conversation so far as in its data,";

    /// <inheritdoc/>
    public override IReadOnlyList<TaskOption> PredictionOptions => WritingOptions.OfReplies;

    /// <inheritdoc/>
    public override IReadOnlyList<(string Arguments, string Meaning)> Examples =>
    [
        ("", "learn to take orders at a counter, from conversations that are made from the seed"),
        ("--data train.jsonl --valid valid.jsonl", "learn conversations"),
    ];

    /// <inheritdoc/>
    public override IEnumerable<Dialogue> Read(TaskSettings paths, string option, TaskSettings settings)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(settings);
        foreach (string path in paths.All(option))
            foreach (TextLine line in TextLines.Read(path))
            {
                if (string.IsNullOrWhiteSpace(line.Text)) continue;
                Dialogue dialogue = DialogueReader.Read(line.Text, line.Where);
                if (dialogue.Turns.Count == 0) throw new BadInputException($"{line.Where}: a conversation without turns. Take the line out.");
                // A longer conversation goes on as another one.
                foreach (Turn[] turns in dialogue.Turns.Chunk(settings.Whole(MaximumTurns.Name) is > 0 and var most ? most : dialogue.Turns.Count))
                    yield return dialogue with { Turns = turns };
            }
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<Dialogue> Sample(RandomState random) => OrderGenerator.Generate(random, SampleConversations);

    /// <inheritdoc/>
    protected override ConversationModel Create(IReadOnlyList<Dialogue> training, TaskSettings settings)
    {
        if (settings.Flag(CommonOptions.Bidirectional.Name)) throw new BadUsageException("--bidirectional: a reply is written forward only; reading both ways, the model would see what it is to write.");
        return new ConversationModel(TurnWords.Build(training, settings), settings);
    }

    /// <inheritdoc/>
    protected override ConversationModel Restore(ModelFile file, TaskSettings settings) => ConversationModel.Restore(file, settings);

    /// <inheritdoc/>
    protected override string Describe(Dialogues set) => $"{set.Count:N0} conversations, {set.Turns.Count:N0} turns, {set.Turns.Tokens - 2 * set.Turns.Count:N0} words";
}
