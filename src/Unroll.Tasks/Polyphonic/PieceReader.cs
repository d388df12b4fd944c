using System.Text.Json;

namespace Unroll.Tasks.Polyphonic;

/// <summary>Reads and writes pieces as JSON lines: a line is a piece, a list of time steps, each a list of the notes 0 to 87 that sound.</summary>
internal static class PieceReader
{
    private const string Expected = "expected a list of time steps, each a list of notes from 0 to 87 such as [[39,51],[39,53],[]]";

    /// <summary>Reads files one after the other.</summary>
    /// <exception cref="BadInputException">One cannot be read, is empty or is not of the format; the message names file and line.</exception>
    public static Pieces Read(IReadOnlyList<string> paths)
    {
        var pieces = new Pieces.Builder();
        foreach (string path in paths)
        {
            int before = pieces.Count, number = 0;
            try
            {
                if (Directory.Exists(path)) throw new BadInputException($"{path}: a folder; expected a file of pieces, one in a line.");
                if (!File.Exists(path)) throw new BadInputException($"{path}: no such file.");
                byte[] bytes = File.ReadAllBytes(path);
                ReadOnlySpan<byte> rest = bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes.AsSpan(3) : bytes;
                while (!rest.IsEmpty)
                {
                    number++;
                    int end = rest.IndexOf((byte)'\n');
                    ReadOnlySpan<byte> line = end < 0 ? rest : rest[..end];
                    rest = end < 0 ? [] : rest[(end + 1)..];
                    if (line.Trim(" \t\r"u8).IsEmpty) continue;
                    ReadLine(line, pieces, $"{path}, line {number}");
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new BadInputException($"{path}: cannot be read: {error.Message.ReplaceLineEndings(" ")}", error);
            }
            if (pieces.Count == before) throw new BadInputException($"{path}: the file has no pieces; {Expected} in every line.");
        }
        return pieces.Build();
    }

    private static void ReadLine(ReadOnlySpan<byte> line, Pieces.Builder pieces, string where)
    {
        var json = new Utf8JsonReader(line);
        Span<bool> sounds = stackalloc bool[Pieces.Keys];
        try
        {
            if (!json.Read() || json.TokenType != JsonTokenType.StartArray) throw Bad(where, "no list");
            while (json.Read() && json.TokenType != JsonTokenType.EndArray)
            {
                if (json.TokenType != JsonTokenType.StartArray) throw Bad(where, $"step {pieces.Steps + 1} is no list");
                sounds.Clear();
                while (json.Read() && json.TokenType != JsonTokenType.EndArray)
                {
                    if (json.TokenType != JsonTokenType.Number || !json.TryGetInt32(out int note)) throw Bad(where, $"step {pieces.Steps + 1} has something that is no whole number");
                    if (note is < 0 or >= Pieces.Keys) throw Bad(where, $"step {pieces.Steps + 1} has the note {note} (a MIDI number less 21 is meant)");
                    sounds[note] = true;
                }
                for (int note = 0; note < sounds.Length; note++)
                    if (sounds[note]) pieces.AddNote(note);
                pieces.EndStep();
            }
            if (json.Read()) throw Bad(where, "something after the list");
        }
        catch (JsonException error)
        {
            throw Bad(where, $"not JSON ({error.Message.ReplaceLineEndings(" ").Split(" LineNumber")[0].TrimEnd('.')})");
        }
        if (pieces.Steps < 2) throw new BadInputException(
            $"{where}: a piece of {pieces.Steps} {(pieces.Steps == 1 ? "step" : "steps")}; it takes at least 2 to predict one from another. Take the line out.");
        pieces.EndPiece();
    }

    private static BadInputException Bad(string where, string found) => new($"{where}: {found}; {Expected}.");
}
