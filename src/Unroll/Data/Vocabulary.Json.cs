using System.Text;
using System.Text.Json;

namespace Unroll.Data;

/// <content>How a vocabulary is kept in a model file.</content>
public sealed partial class Vocabulary
{
    /// <summary>The vocabulary as one JSON object: <c>level</c>, and except for bytes <c>unknown</c> (whether <see cref="UnknownName"/>
    /// is the unknown symbol) and <c>symbols</c> in the order of their numbers.</summary>
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
            return Checked(level, symbols, hasUnknown);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new BadInputException($"Vocabulary: damaged: {error.Message.ReplaceLineEndings(" ")}", error);
        }
    }

    /// <summary>Reads the symbols that another program's model knows: one a line in the order of their numbers, or as JSON an array of texts, or an object that gives each text its number. A symbol
    /// <see cref="UnknownName"/> among them is the unknown one.</summary>
    /// <param name="level">What one symbol is.</param>
    /// <param name="path">The file, UTF-8.</param>
    /// <exception cref="BadInputException">There is no such file, or it holds something else.</exception>
    /// <exception cref="BadUsageException">The level is that of bytes, all of which are known.</exception>
    public static Vocabulary Read(TextLevel level, string path)
    {
        if (level == TextLevel.Byte) throw new BadUsageException("Vocabulary: at the level of bytes every model knows all 256; give no file.");
        string text = Encoding.UTF8.GetString(TextFiles.Read([path]));
        try
        {
            string[] symbols = text.AsSpan().TrimStart() switch
            {
                ['[', ..] => JsonText.Parse(text, path).EnumerateArray().Select(symbol => symbol.GetString() ?? "").ToArray(),
                ['{', ..] => Numbered(JsonText.Parse(text, path), path),
                _ => [.. TextLines.Read(path).Select(line => line.Text)],
            };
            return Checked(level, symbols, symbols.Contains(UnknownName));
        }
        catch (InvalidOperationException error)
        {
            throw new BadInputException($"{path}: a vocabulary as JSON is an array of texts, or an object that gives each text its number.", error);
        }
        catch (BadInputException error) when (error.Message.StartsWith("Vocabulary: ", StringComparison.Ordinal))
        {
            throw new BadInputException($"{path}: {error.Message["Vocabulary: ".Length..]}", error);
        }
    }

    private static string[] Numbered(JsonElement numbers, string path)
    {
        var symbols = new string?[numbers.EnumerateObject().Count()];
        foreach (JsonProperty symbol in numbers.EnumerateObject())
        {
            if (!symbol.Value.TryGetInt32(out int number) || (uint)number >= (uint)symbols.Length || symbols[number] is not null)
                throw new BadInputException($"{path}: {Show(symbol.Name)} has the number {symbol.Value}; expected each from 0 to {symbols.Length - 1} once.");
            symbols[number] = symbol.Name;
        }
        return symbols!;
    }

    /// <summary>A vocabulary of symbols that are each one of the level.</summary>
    private static Vocabulary Checked(TextLevel level, string[] symbols, bool hasUnknown)
    {
        if (symbols.Length == 0) throw new BadInputException("Vocabulary: it holds no symbol.");
        if (hasUnknown && !symbols.Contains(UnknownName)) throw new BadInputException($"Vocabulary: it holds no {UnknownName}, which it says is the unknown symbol.");
        for (int i = 0; i < symbols.Length; i++)
        {
            bool valid = hasUnknown && symbols[i] == UnknownName || level switch
            {
                TextLevel.Word => symbols[i].Length > 0,
                TextLevel.Token => symbols[i].Length > 0 && !symbols[i].Any(char.IsWhiteSpace),
                _ => Rune.TryGetRuneAt(symbols[i] + "\0", 0, out Rune rune) && rune.Utf16SequenceLength == symbols[i].Length,
            };
            if (!valid) throw new BadInputException($"Vocabulary: symbol {i}, {Show(symbols[i])}, is not one {NameOf(level)}.");
        }
        return new Vocabulary(level, symbols, hasUnknown);
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
