using Unroll.Data;

namespace Unroll.Tasks.Translation;

/// <summary>How a language's sentences become numbers: words, or the pieces of words that byte-pair encoding finds.</summary>
internal sealed class SubwordVocabulary
{
    /// <summary>The number of each special symbol.</summary>
    public const int Unknown = 0, Begin = 1, End = 2;

    private static readonly string[] Special = [Vocabulary.UnknownName, "<s>", "</s>"];

    private readonly TokenVocabulary _tokens;
    private readonly BytePairEncoding? _pieces;

    private SubwordVocabulary(TokenVocabulary tokens, BytePairEncoding? pieces) => (_tokens, _pieces) = (tokens, pieces);

    /// <summary>How many symbols there are.</summary>
    public int Count => _tokens.Count;

    /// <summary>Whether words are cut into pieces.</summary>
    public bool HasPieces => _pieces is not null;

    /// <summary>A vocabulary of sentences.</summary>
    /// <param name="sentences">Words with spaces between.</param>
    /// <param name="subwords">How many pairs of pieces to join; 0 to leave words whole.</param>
    /// <param name="minimumCount">How often a word or piece must occur to be known.</param>
    public static SubwordVocabulary Learn(IEnumerable<string> sentences, int subwords, int minimumCount)
    {
        var words = new SymbolCounts();
        foreach (string sentence in sentences)
            foreach (string word in WordsOf(sentence)) words.Add(word);
        if (subwords == 0) return new SubwordVocabulary(TokenVocabulary.Build(words, Special, minimumCount, 0), null);
        var pieces = BytePairEncoding.Learn(words, subwords);
        var counts = new SymbolCounts();
        foreach ((string word, long count) in words.ByFrequency())
            foreach (string piece in pieces.Encode(word)) counts.Add(piece, count);
        return new SubwordVocabulary(TokenVocabulary.Build(counts, Special, minimumCount, 0), pieces);
    }

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <param name="tokens">The symbols.</param>
    /// <param name="pieces">The pairs; empty for words.</param>
    /// <param name="what">What to call them in messages.</param>
    /// <exception cref="BadInputException">They are damaged.</exception>
    public static SubwordVocabulary FromJson(string tokens, string pieces, string what)
    {
        var vocabulary = TokenVocabulary.FromJson(tokens, $"{what} vocabulary");
        for (int i = 0; i < Special.Length; i++)
            if (vocabulary.Count <= i || vocabulary[i] != Special[i]) throw new BadInputException($"{what} vocabulary: damaged: symbol {i} is not {Special[i]}.");
        return new SubwordVocabulary(vocabulary, pieces.Length == 0 ? null : BytePairEncoding.FromJson(pieces, $"{what} subwords"));
    }

    /// <summary>The symbols and the pairs, the latter empty for words.</summary>
    public (string Tokens, string Pieces) ToJson() => (_tokens.ToJson(), _pieces?.ToJson() ?? "");

    /// <summary>A sentence in numbers.</summary>
    public int[] Encode(string sentence)
    {
        var numbers = new List<int>();
        foreach (string word in WordsOf(sentence))
            foreach (string piece in _pieces?.Encode(word) ?? [word]) numbers.Add(_tokens.NumberOf(piece));
        return [.. numbers];
    }

    /// <summary>Numbers as a sentence.</summary>
    public string Decode(IEnumerable<int> numbers) => _pieces is null ? string.Join(' ', numbers.Select(number => _tokens[number])) : BytePairEncoding.Decode(numbers.Select(number => _tokens[number]));

    /// <summary>A symbol.</summary>
    public string this[int number] => _tokens[number];

    /// <summary>The words of a sentence: what white space separates.</summary>
    public static string[] WordsOf(string sentence) => sentence.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}
