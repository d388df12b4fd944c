using System.Text.Json;

namespace Unroll.Data;

/// <summary>Tokens (words, parts of words, labels) and their numbers: first special ones, then by falling frequency.</summary>
internal sealed class TokenVocabulary
{
    private readonly string[] _tokens;
    private readonly Dictionary<string, int> _numbers;

    private TokenVocabulary(string[] tokens, string source)
    {
        _tokens = tokens;
        _numbers = new Dictionary<string, int>(tokens.Length, StringComparer.Ordinal);
        for (int i = 0; i < tokens.Length; i++)
            if (!_numbers.TryAdd(tokens[i], i)) throw new BadInputException($"{source}: {Vocabulary.Show(tokens[i])} stands in it twice.");
        Unknown = _numbers.GetValueOrDefault(Vocabulary.UnknownName, -1);
    }

    /// <summary>How many tokens there are, special ones included.</summary>
    public int Count => _tokens.Length;

    /// <summary>The number of the unknown token, <c>&lt;unk&gt;</c>; −1 where there is none.</summary>
    public int Unknown { get; }

    /// <summary>A token.</summary>
    public string this[int number] => _tokens[number];

    /// <summary>All tokens in the order of their numbers.</summary>
    public IReadOnlyList<string> Tokens => _tokens;

    /// <summary>A vocabulary of what was counted.</summary>
    /// <param name="counts">Tokens and how often each occurs.</param>
    /// <param name="special">Tokens that come first, whether they occur or not, such as <c>&lt;unk&gt;</c> for all that are left out.</param>
    /// <param name="minimumCount">How often a token must occur.</param>
    /// <param name="maximumSize">The most tokens beside the special ones; 0 for no limit.</param>
    public static TokenVocabulary Build(SymbolCounts counts, IReadOnlyList<string> special, int minimumCount = 1, int maximumSize = 0)
    {
        IEnumerable<string> kept = counts.ByFrequency().Where(pair => pair.Value >= minimumCount && !special.Contains(pair.Key)).Select(pair => pair.Key);
        if (maximumSize > 0) kept = kept.Take(maximumSize);
        return new TokenVocabulary([.. special, .. kept], "vocabulary");
    }

    /// <summary>The number of a token; that of the unknown one, or −1, if it is not known.</summary>
    public int NumberOf(ReadOnlySpan<char> token) => _numbers.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(token, out int number) ? number : Unknown;

    /// <summary>Whether a token is known.</summary>
    public bool Contains(ReadOnlySpan<char> token) => _numbers.GetAlternateLookup<ReadOnlySpan<char>>().ContainsKey(token);

    /// <summary>The tokens as a JSON list.</summary>
    public string ToJson() => JsonText.OfList(_tokens);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">The list.</param>
    /// <param name="what">What to call it in messages.</param>
    /// <exception cref="BadInputException">It is no list of different tokens.</exception>
    public static TokenVocabulary FromJson(string json, string what)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return new TokenVocabulary([.. document.RootElement.EnumerateArray().Select(token => token.GetString() ?? throw new JsonException("a token is null"))], what);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new BadInputException($"{what}: damaged: {error.Message.ReplaceLineEndings(" ")}", error);
        }
    }
}
