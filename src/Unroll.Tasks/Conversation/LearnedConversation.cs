using Unroll.Decoding;
using Unroll.Layers;
using Unroll.Tasks.LanguageModel;
using Unroll.Tensors;

namespace Unroll.Tasks.Conversation;

/// <summary>A conversation with a model.</summary>
internal sealed class LearnedConversation : ConversationSession
{
    private readonly ConversationNetwork _network;
    private readonly TurnWords _words;
    private readonly ReplyOptions _options;
    private readonly Sampler _sampler;
    private readonly Tape _tape = new() { Training = false };
    private readonly CarriedState _memory, _state;
    private readonly float[] _given;
    private readonly string _user, _partner;

    /// <summary>A conversation that begins.</summary>
    public LearnedConversation(ConversationNetwork network, TurnWords words, ReplyOptions options)
    {
        if (options.Length < 1) throw new BadUsageException($"A reply of {options.Length} words makes no sense; expected 1 or more.");
        (_network, _words, _options) = (network, words, options);
        _sampler = new Sampler(options.Sampling, new RandomState(options.Seed)) { Never = words.Words.Unknown };
        (_memory, _state) = (new CarriedState(network.Context, 1), new CarriedState(network.Writer, 1));
        _given = new float[network.Context.OutputSize];
        (_user, _partner) = (words.Speakers[0], words.Speakers[Math.Min(1, words.Speakers.Count - 1)]);
    }

    /// <summary>Nats that the model gave to the words of the last reply.</summary>
    public double LogProbability { get; private set; }

    /// <inheritdoc/>
    public override IEnumerable<string> Reply(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Hear(_user, text);
        return Speak();
    }

    /// <inheritdoc/>
    public override void Hear(string speaker, string text)
    {
        ArgumentNullException.ThrowIfNull(speaker);
        ArgumentNullException.ThrowIfNull(text);
        var turn = new List<int> { _words.NumberOf(speaker, "conversation") };
        _words.Visit(text, 0, turn.Add);
        Remember([.. turn]);
    }

    private IEnumerable<string> Speak()
    {
        var turn = new List<int> { _words.NumberOf(_partner, "conversation") };
        _state.Clear();
        LogProbability = 0;
        while (turn.Count <= _options.Length)
        {
            int word = Next(turn[^1]);
            if (word == _words.End) break;
            turn.Add(word);
            yield return turn.Count == 2 ? _words.Words[word].TrimStart() : _words.Words[word];
        }
        Remember([.. turn]);
    }

    private int Next(int word)
    {
        _tape.Begin(gradients: false);
        try
        {
            (Tensor logits, RecurrentState next) = _network.Write([word], Tensor.From(_given, [1, _given.Length]), _state.Value);
            _state.Keep(next);
            float[] scores = logits.ToArray();
            // Speakers are said by who speaks, not by what is said.
            for (int i = 0; i < _words.Speakers.Count; i++) scores[_words.End + 1 + i] = float.NegativeInfinity;
            int drawn = _sampler.Next(scores);
            LogProbability += logits.LogSoftmax().Span[drawn];
            return drawn;
        }
        finally
        {
            _tape.End();
        }
    }

    private void Remember(int[] turn)
    {
        _tape.Begin(gradients: false);
        try
        {
            (Tensor given, RecurrentState memory) = _network.Hear(turn, [turn.Length], _memory.Value);
            given.Span.CopyTo(_given);
            _memory.Keep(memory);
        }
        finally
        {
            _tape.End();
        }
    }
}
