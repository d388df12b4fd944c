using System.Text.Json;

namespace Unroll.Files;

/// <summary>A run's <c>metrics.jsonl</c>: one JSON object a line, the first key of which is <c>event</c>. Keys that hold clock times are named
/// <c>seconds</c> and <c>symbols_per_second</c>; everything else is the same for every run of the same recipe.</summary>
public static class MetricsFile
{
    /// <summary>Reads all complete lines of a metrics file, also of a run that is still going or was killed: an unfinished last line is left out.</summary>
    /// <exception cref="BadInputException">There is no such file, or a line that is not the last is no JSON object.</exception>
    public static IReadOnlyList<JsonElement> Read(string path)
    {
        byte[] bytes;
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            bytes = new byte[stream.Length];
            bytes = bytes[..stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"Cannot read {path}: {OneLine.Of(exception)}.", exception);
        }
        var lines = new List<JsonElement>();
        ReadOnlyMemory<byte> rest = bytes;
        while (rest.Span.IndexOf((byte)'\n') is var end && end >= 0)
        {
            try
            {
                using JsonDocument line = JsonDocument.Parse(rest[..end]);
                lines.Add(line.RootElement.Clone());
            }
            catch (JsonException exception)
            {
                throw new BadInputException($"Line {lines.Count + 1} of {path} is no JSON object. Remove it.", exception);
            }
            rest = rest[(end + 1)..];
        }
        return lines;
    }
}
