using Unroll.Exchange;
using Unroll.Files;
using Unroll.Layers;
using Unroll.Tasks.Examples;
using Unroll.Tensors;

namespace Unroll.Tasks.Conversation;

/// <summary>A model that can be talked to.</summary>
internal sealed class ConversationModel : ExampleModel<Dialogue, Dialogues, DialogueBatch>, IConversationPartner
{
    private const string WordsKey = "words";
    private const int JudgedTogether = 16;

    private readonly TurnWords _words;
    private readonly ConversationNetwork _network;
    private readonly int _longest;

    /// <summary>A model of some words.</summary>
    public ConversationModel(TurnWords words, TaskSettings settings)
        : base(settings)
    {
        (_words, _network) = (words, new ConversationNetwork(words.Words.Count, settings));
        _longest = settings.Whole(ConversationTask.MaximumLength.Name);
    }

    /// <summary>A trained model.</summary>
    public static ConversationModel Restore(ModelFile file, TaskSettings settings) => new(TurnWords.Restore(file.Text(WordsKey), settings), settings);

    /// <inheritdoc/>
    public override Module Module => _network;

    /// <inheritdoc/>
    public override IReadOnlyList<Fact> Describe() =>
    [
        new("speakers", $"{string.Join(", ", _words.Speakers)} ({_words.Speakers[Math.Min(1, _words.Speakers.Count - 1)]} replies)"),
        new("words", $"{_words.Words.Count:N0}"),
        new("model", _network.Summary),
    ];

    /// <inheritdoc/>
    public override void KeepWeights(WeightFormat format) => _network.KeepWeights(format);

    /// <inheritdoc/>
    public override IReadOnlyList<ForwardPass> ForwardPasses(bool streaming = false) => _network.ForwardPasses();

    /// <inheritdoc/>
    public override void Save(ModelFile file) => file.Metadata[WordsKey] = _words.Words.ToJson();

    /// <inheritdoc/>
    public override Dialogues Encode(IReadOnlyList<Dialogue> examples)
    {
        var set = new Dialogues();
        foreach (Dialogue dialogue in examples)
        {
            for (int i = 0; i < dialogue.Turns.Count; i++)
            {
                set.Turns.Add(_words.NumberOf(dialogue.Turns[i].Speaker, $"{dialogue.Where}, turn {i + 1}"));
                _words.Visit(dialogue.Turns[i].Text, _longest, set.Turns.Add);
                set.Turns.Add(_words.End);
                set.Turns.End();
            }
            set.End();
        }
        return set;
    }

    /// <inheritdoc/>
    protected override Tensor Loss(Dialogues set, ReadOnlySpan<int> numbers, DialogueBatch batch)
    {
        batch.Fill(set, numbers);
        return _network.Loss(batch);
    }

    /// <inheritdoc/>
    public override Judgement Judge(Dialogues set, TaskSettings? given, CancellationToken cancellation)
    {
        double nats = 0;
        long judged = 0;
        ForEachBatch(set, JudgedTogether, (numbers, batch) =>
        {
            nats += (double)Loss(set, numbers, batch).Item * batch.Judged;
            judged += batch.Judged;
        }, cancellation);
        return new Judgement(new() { ["loss"] = nats / judged, ["perplexity"] = Math.Exp(nats / judged) }, judged);
    }

    /// <inheritdoc/>
    public override string? Shown(Dialogues set, RandomState random)
    {
        ArgumentNullException.ThrowIfNull(random);
        int number = random.NextInt(set.Count);
        string said = Text(set.Turns[set.FirstOf(number)]);
        return $"{said}\n→ {string.Concat(new LearnedConversation(_network, _words, new ReplyOptions()).Reply(said))}";
    }

    /// <inheritdoc/>
    public ConversationSession Begin(ReplyOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new LearnedConversation(_network, _words, options);
    }

    /// <summary>A conversation in JSON, or what the user says first.</summary>
    protected override Dialogue Parse(string line, int number)
    {
        ArgumentNullException.ThrowIfNull(line);
        return line.TrimStart() is ['{' or '[', ..] ? DialogueReader.Read(line, Line(number)) : new Dialogue([new Turn(_words.Speakers[0], line)], Line(number));
    }

    /// <inheritdoc/>
    protected override void Answer(Dialogues set, ReadOnlySpan<int> numbers, DialogueBatch batch, TaskSettings given, Prediction[] answers)
    {
        ArgumentNullException.ThrowIfNull(given);
        ReplyOptions options = WritingOptions.RepliesOf(given);
        foreach (int number in numbers)
        {
            var conversation = new LearnedConversation(_network, _words, options);
            int last = set.FirstOf(number) + set.TurnsOf(number) - 1;
            for (int turn = set.FirstOf(number); turn < last; turn++) conversation.Hear(SpeakerOf(set.Turns[turn]), Text(set.Turns[turn]));
            string reply = string.Concat(conversation.Reply(last < set.FirstOf(number) ? "" : Text(set.Turns[last])));
            double nats = conversation.LogProbability;
            answers[number] = new Prediction(reply, json =>
            {
                json.WriteString("reply", reply);
                json.WriteNumber("log_probability", nats);
            });
        }
    }

    private string SpeakerOf(ReadOnlySpan<int> turn) => _words.Words[turn[0]][1..^1];

    private string Text(ReadOnlySpan<int> turn) => string.Concat(turn[1..^1].ToArray().Select(word => _words.Words[word])).TrimStart();
}
