using Unroll.Data;
using Unroll.Tasks.Examples;

namespace Unroll.Tasks.Conversation;

/// <summary>The words of conversations and their numbers. A word has the space before it as part of it, so that what was said comes back by writing its words one after the other.</summary>
internal sealed class TurnWords
{
    /// <summary>What ends a turn.</summary>
    private const string EndName = "</s>";

    private readonly bool _lower;

    private TurnWords(TokenVocabulary words, bool lower)
    {
        (Words, _lower) = (words, lower);
        End = words.NumberOf(EndName);
        Speakers = [.. words.Tokens.Skip(2).TakeWhile(IsSpeaker).Select(name => name[1..^1])];
        if (words.Unknown != 0 || End != 1 || Speakers.Count == 0) throw new BadInputException("The model's words are damaged: they do not begin with <unk>, </s> and speakers.");
    }

    /// <summary>All words.</summary>
    public TokenVocabulary Words { get; }

    /// <summary>The number of what ends a turn.</summary>
    public int End { get; }

    /// <summary>Who speaks, the one who began most often first.</summary>
    public IReadOnlyList<string> Speakers { get; }

    /// <summary>The words of what is to be learned.</summary>
    public static TurnWords Build(IReadOnlyList<Dialogue> dialogues, TaskSettings settings)
    {
        bool lower = settings.Flag(WordOptions.Lower.Name);
        var (words, speakers) = (new SymbolCounts(), new Dictionary<string, int>(StringComparer.Ordinal));
        foreach (Dialogue dialogue in dialogues)
            for (int i = 0; i < dialogue.Turns.Count; i++)
            {
                speakers[dialogue.Turns[i].Speaker] = speakers.GetValueOrDefault(dialogue.Turns[i].Speaker) + (i == 0 ? 1 : 0);
                Visit(dialogue.Turns[i].Text, lower, words.Add);
            }
        if (speakers.Count > ConversationTask.MostSpeakers) throw new BadInputException($"{speakers.Count:N0} different speakers; expected {ConversationTask.MostSpeakers} at most. Give each side of the conversations one name.");
        return new TurnWords(WordOptions.Build(words, settings,
            [EndName, .. speakers.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"<{pair.Key}>")]), lower);
    }

    /// <summary>The words of a model.</summary>
    public static TurnWords Restore(string json, TaskSettings settings) => new(TokenVocabulary.FromJson(json, "the model's words"), settings.Flag(WordOptions.Lower.Name));

    /// <summary>The number that stands for a speaker at the beginning of what is said.</summary>
    /// <exception cref="BadInputException">Nobody the model knows.</exception>
    public int NumberOf(string speaker, string where) => Speakers.Contains(speaker) ? Words.NumberOf($"<{speaker}>") : throw new BadInputException(
        $"{where}: the speaker {Vocabulary.Show(speaker)} is none of those the model knows: {string.Join(", ", Speakers)}.");

    /// <summary>Visits the numbers of a text's words, at most so many.</summary>
    public void Visit(string text, int longest, Action<int> visit)
    {
        int count = 0;
        Visit(text, _lower, word =>
        {
            if (longest == 0 || count++ < longest) visit(Words.NumberOf(word));
        });
    }

    private static bool IsSpeaker(string word) => word.Length > 2 && word[0] == '<' && word[^1] == '>';

    private static void Visit(string text, bool lower, Action<ReadOnlySpan<char>> visit)
    {
        // One space between words and one before the first, so that a word is the same wherever it stands.
        ReadOnlySpan<char> rest = " " + string.Join(' ', (lower ? text.ToLowerInvariant() : text).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        if (rest.Length == 1) return;
        while (!rest.IsEmpty)
        {
            int length = WordTokens.First(rest);
            visit(rest[..length]);
            rest = rest[length..];
        }
    }
}
