using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Unroll.Files;

/// <summary>Writes a run's <c>metrics.jsonl</c>, which <see cref="MetricsFile"/> describes.</summary>
internal sealed class MetricsWriter : IDisposable
{
    private readonly AppendFile _file;
    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly Utf8JsonWriter _json;

    public MetricsWriter(string path, long length)
    {
        _file = new AppendFile(path, length);
        _json = new Utf8JsonWriter(_line, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }

    public long Length => _file.Length;

    /// <summary>Starts a line and returns the writer for its keys; <see cref="EndLine"/> appends it.</summary>
    public Utf8JsonWriter BeginLine(string name, long step)
    {
        _line.ResetWrittenCount();
        _json.Reset();
        _json.WriteStartObject();
        _json.WriteString("event", name);
        _json.WriteNumber("step", step);
        return _json;
    }

    /// <summary>Appends the line and hands it to the system.</summary>
    /// <exception cref="RunFailedException">Writing failed.</exception>
    public void EndLine()
    {
        _json.WriteEndObject();
        _json.Flush();
        _line.Write("\n"u8);
        _file.Append(_line.WrittenSpan);
        _file.Flush(toDisk: false);
    }

    public void Flush(bool toDisk) => _file.Flush(toDisk);

    /// <inheritdoc/>
    public void Dispose()
    {
        _json.Dispose();
        _file.Dispose();
    }
}
