using System.Text;

namespace Unroll.Data;

/// <summary>Turns symbols into text one at a time, as they are generated, and never gives out half a character: bytes are held back
/// until the character they belong to is whole.</summary>
/// <param name="vocabulary">The symbols.</param>
public sealed class SymbolWriter(Vocabulary vocabulary)
{
    private readonly Decoder _bytes = Encoding.UTF8.GetDecoder();
    private bool _lineStart = true;

    /// <summary>The text that one more symbol makes complete; empty when a character is still missing bytes. Bytes that are not
    /// UTF-8 become U+FFFD. An unknown word, and every token, is written with a space before it, except at the beginning of a line.</summary>
    /// <param name="symbol">The number of the symbol.</param>
    public string Write(int symbol)
    {
        string text = vocabulary[symbol];
        if (vocabulary.Level == TextLevel.Byte) return Convert([(byte)text[0]], flush: false);
        if (vocabulary.Level == TextLevel.Token)
        {
            text = symbol == vocabulary.LineEnd ? "\n" : _lineStart ? text : " " + text;
            _lineStart = text == "\n";
            return text;
        }
        if (vocabulary.Level == TextLevel.Word && symbol == vocabulary.Unknown && !_lineStart) text = " " + text;
        _lineStart = text.EndsWith('\n') || text.EndsWith('\r');
        return text;
    }

    /// <summary>What is left when no symbol follows: U+FFFD for a character that never became whole, otherwise nothing.</summary>
    public string Finish() => Convert([], flush: true);

    private string Convert(ReadOnlySpan<byte> bytes, bool flush)
    {
        Span<char> units = stackalloc char[8];
        return new string(units[.._bytes.GetChars(bytes, units, flush)]);
    }
}
