using System.Text.Json;
using Unroll.Data;

namespace Unroll.Tasks.Conversation;

/// <summary>Reads conversations as JSON lines: each an object with the list <c>turns</c>, or that list alone; a turn is [speaker, text], or a text, when two speakers A and B take turns.</summary>
internal static class DialogueReader
{
    private const string Expected = """expected a conversation such as {"turns":[["U","Hello."],["S","Hello, what can I do for you?"]]}""";

    /// <summary>Reads a line.</summary>
    /// <param name="line">The line.</param>
    /// <param name="where">Where it stands, for messages.</param>
    /// <exception cref="BadInputException">It is no conversation.</exception>
    public static Dialogue Read(string line, string where)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object && !root.TryGetProperty("turns", out root)) throw Bad(where, "no \"turns\"");
            if (root.ValueKind != JsonValueKind.Array) throw Bad(where, "the turns are no list");
            var turns = new List<Turn>();
            foreach (JsonElement turn in root.EnumerateArray())
                turns.Add(turn switch
                {
                    { ValueKind: JsonValueKind.String } => new Turn(turns.Count % 2 == 0 ? "A" : "B", turn.GetString()!),
                    { ValueKind: JsonValueKind.Array } when turn.GetArrayLength() == 2 && turn[0].ValueKind == JsonValueKind.String && turn[1].ValueKind == JsonValueKind.String && turn[0].GetString() is { Length: > 0 } speaker =>
                        new Turn(speaker, turn[1].GetString()!),
                    _ => throw Bad(where, $"turn {turns.Count + 1} is {Vocabulary.Show(turn.GetRawText() is { Length: > 40 } text ? text[..40] + "…" : turn.GetRawText())}"),
                });
            return new Dialogue(turns, where);
        }
        catch (JsonException error)
        {
            throw Bad(where, $"not JSON ({error.Message.ReplaceLineEndings(" ").Split(" LineNumber")[0].TrimEnd('.')})");
        }
    }

    private static BadInputException Bad(string where, string found) => new($"{where}: {found}; {Expected}.");
}
