using System.Text;

namespace Unroll.Data;

/// <summary>
/// The symbols a model of text knows, and their numbers. Bytes stand in the order of their codes, words and tokens by falling frequency, characters in
/// either order, and those of a file as they stand there. The unknown symbol, where there is one, is number 0 unless a file says otherwise.
/// </summary>
public sealed partial class Vocabulary
{
    /// <summary>How the unknown symbol is written.</summary>
    public const string UnknownName = "<unk>";

    /// <summary>How a line end is written among tokens.</summary>
    internal const string EndOfLineName = "<eos>";

    private readonly string[] _symbols;
    private readonly Dictionary<string, int> _indices;
    private readonly int[] _byChar = new int[128];

    private Vocabulary(TextLevel level, string[] symbols, bool hasUnknown)
    {
        Level = level;
        _symbols = symbols;
        Unknown = hasUnknown ? Array.IndexOf(symbols, UnknownName) : -1;
        _indices = new Dictionary<string, int>(symbols.Length, StringComparer.Ordinal);
        Array.Fill(_byChar, -1);
        for (int i = 0; i < symbols.Length; i++)
        {
            if (!_indices.TryAdd(symbols[i], i)) throw new BadInputException($"Vocabulary: {Show(symbols[i])} stands in it twice.");
            if (symbols[i].Length == 1 && symbols[i][0] < 128) _byChar[symbols[i][0]] = i;
        }
    }

    /// <summary>What one symbol is.</summary>
    public TextLevel Level { get; }

    /// <summary>How many symbols there are, the unknown one included.</summary>
    public int Count => _symbols.Length;

    /// <summary>The number of the unknown symbol, or −1 where there is none.</summary>
    public int Unknown { get; }

    /// <summary>The number of the symbol that ends a line (the shortest, at the level of words), or −1 where there is none.</summary>
    internal int LineEnd => IndexOf(Level == TextLevel.Token ? EndOfLineName : "\n") is var end && end == Unknown ? -1 : end;

    /// <summary>A symbol as text. At the level of bytes, the byte as the character of the same code.</summary>
    /// <param name="index">Its number.</param>
    public string this[int index] => _symbols[index];

    /// <summary>All 256 bytes, which is the vocabulary of every text at that level.</summary>
    public static Vocabulary Bytes() =>
        new(TextLevel.Byte, [.. Enumerable.Range(0, 256).Select(code => ((char)code).ToString())], hasUnknown: false);

    /// <summary>The vocabulary of a text. An unknown symbol is added at the levels of words and tokens, and at the level of characters when
    /// <paramref name="minimumCount"/> or <paramref name="maximumSize"/> leaves a character out; bytes have no need of one.</summary>
    /// <param name="level">What one symbol is.</param>
    /// <param name="utf8">The text, UTF-8.</param>
    /// <param name="minimumCount">How often a symbol must occur to be taken in; bytes are all taken in.</param>
    /// <param name="maximumSize">The most symbols taken in, the most frequent first; 0 for no limit.</param>
    /// <param name="byFrequency">Whether characters too stand by falling frequency, not in the order of their codes.</param>
    /// <exception cref="BadUsageException">A limit makes no sense.</exception>
    public static Vocabulary Build(TextLevel level, ReadOnlySpan<byte> utf8, int minimumCount = 1, int maximumSize = 0, bool byFrequency = false)
    {
        if (minimumCount < 1) throw new BadUsageException($"Vocabulary: the minimum count is {minimumCount}; expected 1 or more.");
        if (maximumSize < 0) throw new BadUsageException($"Vocabulary: the maximum size is {maximumSize}; expected 0 (no limit) or more.");
        if (level == TextLevel.Byte) return Bytes();

        var counts = new SymbolCounts();
        Visit(level, utf8, counts.Add);
        List<KeyValuePair<string, long>> kept = [.. counts.ByFrequency().Where(pair => pair.Value >= minimumCount && pair.Key != UnknownName)];
        if (maximumSize > 0 && kept.Count > maximumSize) kept.RemoveRange(maximumSize, kept.Count - maximumSize);
        bool hasUnknown = level is TextLevel.Word or TextLevel.Token || kept.Count < counts.Distinct;
        IEnumerable<string> symbols = kept.Select(pair => pair.Key);
        if (level == TextLevel.Char && !byFrequency) symbols = symbols.OrderBy(symbol => Rune.GetRuneAt(symbol, 0).Value);
        return new Vocabulary(level, [.. hasUnknown ? symbols.Prepend(UnknownName) : symbols], hasUnknown);
    }

    /// <summary>The number of a symbol; that of the unknown symbol, or −1, when it is not known.</summary>
    /// <param name="symbol">The symbol as text.</param>
    public int IndexOf(string symbol) => _indices.TryGetValue(symbol, out int index) ? index : Unknown;

    /// <summary>Turns text into numbers.</summary>
    /// <param name="text">The text.</param>
    public EncodedText Encode(string text) => Encode(Encoding.UTF8.GetBytes(text));

    /// <summary>Turns text into numbers.</summary>
    /// <param name="utf8">The text, UTF-8; any bytes at the level of bytes.</param>
    public EncodedText Encode(ReadOnlySpan<byte> utf8)
    {
        if (Level == TextLevel.Byte)
        {
            int[] codes = new int[utf8.Length];
            for (int i = 0; i < codes.Length; i++) codes[i] = utf8[i];
            return new EncodedText(codes, codes.Length, 0, []);
        }
        var symbols = new List<int>(Level == TextLevel.Char ? utf8.Length : utf8.Length / 4);
        var unknown = new SymbolCounts();
        var lookup = _indices.GetAlternateLookup<ReadOnlySpan<char>>();
        long total = 0;
        Visit(Level, utf8, symbol =>
        {
            total++;
            int index = symbol.Length == 1 && symbol[0] < 128 ? _byChar[symbol[0]] : lookup.TryGetValue(symbol, out int found) ? found : -1;
            if (index < 0 || index == Unknown)
            {
                // The unknown symbol written out in a text that someone prepared is not one that we failed to know.
                if (index < 0) unknown.Add(symbol);
                index = Unknown;
            }
            if (index >= 0) symbols.Add(index);
        });
        return new EncodedText([.. symbols], total, unknown.Total, [.. unknown.ByFrequency().Take(10)]);
    }

    /// <summary>Turns numbers into text; at the level of bytes, those that are not UTF-8 become U+FFFD.</summary>
    /// <param name="symbols">The numbers of the symbols.</param>
    public string Decode(ReadOnlySpan<int> symbols)
    {
        var text = new StringBuilder(symbols.Length);
        var stream = new SymbolWriter(this);
        foreach (int symbol in symbols) text.Append(stream.Write(symbol));
        return text.Append(stream.Finish()).ToString();
    }

    /// <summary>A symbol in quotes, with what cannot be seen written as an escape.</summary>
    /// <param name="symbol">The symbol.</param>
    public static string Show(string symbol)
    {
        var text = new StringBuilder("'");
        foreach (Rune rune in symbol.EnumerateRunes())
        {
            text.Append(rune.Value switch
            {
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\'' => "\\'",
                '\\' => "\\\\",
                ' ' => " ",
                _ when Rune.IsControl(rune) || Rune.IsWhiteSpace(rune) || Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.Format
                    or System.Globalization.UnicodeCategory.OtherNotAssigned => $"\\u{{{rune.Value:X}}}",
                _ => rune.ToString(),
            });
        }
        return text.Append('\'').ToString();
    }

    private delegate void SymbolVisitor(ReadOnlySpan<char> symbol);

    /// <summary>Visits the symbols of a text in order.</summary>
    private static void Visit(TextLevel level, ReadOnlySpan<byte> utf8, SymbolVisitor visit)
    {
        if (level == TextLevel.Word)
        {
            string text = Encoding.UTF8.GetString(utf8);
            for (int at = 0; at < text.Length;)
            {
                // Prepared texts write the unknown word out; whatever stands before it, it is one symbol.
                ReadOnlySpan<char> rest = text.AsSpan(at);
                int space = rest[0] == ' ' ? 1 : 0;
                bool unknown = rest[space..].StartsWith(UnknownName);
                int length = unknown ? space + UnknownName.Length : WordTokens.First(rest);
                visit(unknown ? UnknownName : rest[..length]);
                at += length;
            }
            return;
        }
        if (level == TextLevel.Token)
        {
            VisitTokens(Encoding.UTF8.GetString(utf8), visit);
            return;
        }
        Span<char> units = stackalloc char[2];
        for (int at = 0; at < utf8.Length;)
        {
            Rune.DecodeFromUtf8(utf8[at..], out Rune rune, out int length);
            visit(units[..rune.EncodeToUtf16(units)]);
            at += length;
        }
    }

    private static void VisitTokens(ReadOnlySpan<char> text, SymbolVisitor visit)
    {
        for (int at = 0; at < text.Length;)
        {
            if (char.IsWhiteSpace(text[at]))
            {
                bool isLineEnd = text[at] == '\n' || (text[at] == '\r' && !text[(at + 1)..].StartsWith('\n'));
                if (isLineEnd) visit(EndOfLineName);
                at++;
                continue;
            }
            int from = at;
            while (at < text.Length && !char.IsWhiteSpace(text[at])) at++;
            visit(text[from..at]);
        }
    }
}
