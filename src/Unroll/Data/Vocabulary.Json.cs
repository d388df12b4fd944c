using System.Text;
using System.Text.Json;

namespace Unroll.Data;

/// <content>How a vocabulary is kept in a model file.</content>
public sealed partial class Vocabulary
{
    /// <summary>The vocabulary as one JSON object: <c>level</c>, and except for bytes <c>unknown</c> (whether number 0 is the unknown
    /// symbol) and <c>symbols</c> in the order of their numbers.</summary>
    public string ToJson() => JsonText.OfObject(json =>
    {
        json.WriteString("level", NameOf(Level));
        if (Level == TextLevel.Byte) return;
        json.WriteBoolean("unknown", Unknown >= 0);
        json.WriteStartArray("symbols");
        foreach (string symbol in _symbols) json.WriteStringValue(symbol);
        json.WriteEndArray();
    });

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">The JSON object.</param>
    /// <exception cref="BadInputException">It is not such an object.</exception>
    public static Vocabulary FromJson(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            TextLevel level = ParseLevel(root.GetProperty("level").GetString() ?? "");
            if (level == TextLevel.Byte) return Bytes();
            bool hasUnknown = root.GetProperty("unknown").GetBoolean();
            string[] symbols = [.. root.GetProperty("symbols").EnumerateArray().Select(symbol => symbol.GetString() ?? "")];
            if (symbols.Length == 0) throw new BadInputException("Vocabulary: it holds no symbol.");
            for (int i = 0; i < symbols.Length; i++)
            {
                bool valid = i == 0 && hasUnknown ? symbols[i] == UnknownName
                    : level == TextLevel.Word ? symbols[i].Length > 0
                    : level == TextLevel.Token ? symbols[i].Length > 0 && !symbols[i].Any(char.IsWhiteSpace)
                    : Rune.TryGetRuneAt(symbols[i] + "\0", 0, out Rune rune) && rune.Utf16SequenceLength == symbols[i].Length;
                if (!valid) throw new BadInputException($"Vocabulary: symbol {i}, {Show(symbols[i])}, is not one {NameOf(level)}.");
            }
            return new Vocabulary(level, symbols, hasUnknown);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new BadInputException($"Vocabulary: damaged: {error.Message.ReplaceLineEndings(" ")}", error);
        }
    }

    /// <summary>The name of a level as options and files write it: char, word, token or byte.</summary>
    /// <param name="level">The level.</param>
    public static string NameOf(TextLevel level) => level switch
    {
        TextLevel.Char => "char",
        TextLevel.Word => "word",
        TextLevel.Token => "token",
        _ => "byte",
    };

    /// <summary>The level with a name.</summary>
    /// <param name="name">char, word, token or byte.</param>
    /// <exception cref="BadInputException">No level is called that.</exception>
    public static TextLevel ParseLevel(string name) => name switch
    {
        "char" => TextLevel.Char,
        "word" => TextLevel.Word,
        "token" => TextLevel.Token,
        "byte" => TextLevel.Byte,
        _ => throw new BadInputException($"'{name}' is not a level of text; expected char, word, token or byte."),
    };
}
