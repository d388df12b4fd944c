using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace Unroll.Files;

/// <summary>One tensor's line in a safetensors header: where its bytes lie, counted from the end of the header.</summary>
internal sealed record SafetensorsEntry(string Name, DataType Type, long[] Shape, long Begin, long End);

/// <summary>The JSON header of a safetensors file: read with every rule of the format checked, written in one canonical form.
/// Format: github.com/huggingface/safetensors.</summary>
internal sealed class SafetensorsHeader
{
    /// <summary>The name that holds the metadata and therefore no tensor.</summary>
    public const string MetadataName = "__metadata__";

    private readonly string _path;

    private SafetensorsHeader(string path) => _path = path;

    /// <summary>The metadata, empty when the file has none.</summary>
    public Dictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    /// <summary>The tensors in the order of their bytes.</summary>
    public List<SafetensorsEntry> Entries { get; private set; } = [];

    /// <summary>Where the value of the metadata entry for the checksum begins in the header, or −1.</summary>
    public int ChecksumAt { get; private set; } = -1;

    /// <summary>Reads a header.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="json">The header's bytes, without the eight that give its size.</param>
    /// <param name="dataBytes">How many bytes of data follow the header.</param>
    /// <exception cref="BadInputException">A rule of the format is broken.</exception>
    public static SafetensorsHeader Parse(string path, ReadOnlySpan<byte> json, long dataBytes)
    {
        var header = new SafetensorsHeader(path);
        if (json.Length == 0 || json[0] != '{') throw header.Bad("its header does not begin with '{'");
        if (!Utf8.IsValid(json)) throw header.Bad("its header is not UTF-8");
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 8 });
            header.ReadRoot(ref reader);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // The reader raises the second for an escape that is half of a surrogate pair.
            throw header.Bad($"its header is not valid JSON ({OneLine.Of(exception)})");
        }
        header.CheckLayout(dataBytes);
        return header;
    }

    private void ReadRoot(ref Utf8JsonReader reader)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        reader.Read();   // the opening brace, checked above
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            if (!names.Add(name)) throw Bad($"its header names {OneLine.Quote(name)} twice");
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject) throw Bad($"the header's entry {OneLine.Quote(name)} is not an object");
            if (name == MetadataName) ReadMetadata(ref reader);
            else Entries.Add(ReadEntry(ref reader, name));
        }
        while (reader.Read()) { }   // raises the error for anything but white space after the closing brace
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String) throw Bad($"the metadata entry {OneLine.Quote(key)} is not a string");
            if (key == SafetensorsFile.ChecksumKey && !reader.ValueIsEscaped) ChecksumAt = (int)reader.TokenStartIndex + 1;
            if (!Metadata.TryAdd(key, reader.GetString()!)) throw Bad($"its metadata names {OneLine.Quote(key)} twice");
        }
    }

    private SafetensorsEntry ReadEntry(ref Utf8JsonReader reader, string name)
    {
        string quoted = OneLine.Quote(name);
        string? typeName = null;
        List<long>? shape = null, offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            bool repeated = false;
            switch (key)
            {
                case "dtype":
                    repeated = typeName is not null;
                    if (reader.TokenType != JsonTokenType.String) throw Bad($"the dtype of {quoted} is not a string");
                    typeName = reader.GetString();
                    break;
                case "shape":
                    repeated = shape is not null;
                    shape = ReadSizes(ref reader, quoted, key);
                    break;
                case "data_offsets":
                    repeated = offsets is not null;
                    offsets = ReadSizes(ref reader, quoted, key);
                    break;
                default:
                    throw Bad($"the entry of {quoted} has the unknown key {OneLine.Quote(key)}; the format has dtype, shape and data_offsets");
            }
            if (repeated) throw Bad($"the entry of {quoted} names '{key}' twice");
        }
        if (typeName is null || shape is null || offsets is null) throw Bad($"the entry of {quoted} lacks dtype, shape or data_offsets");
        if (!DataTypes.TryParse(typeName, out DataType type))
            throw Bad($"the tensor {quoted} has the element type {OneLine.Quote(typeName)}; known ones are {DataTypes.Names}");
        if (offsets.Count != 2 || offsets[0] > offsets[1]) throw Bad($"the data_offsets of {quoted} are not a begin and an end");
        CheckSize(quoted, type, shape, offsets[1] - offsets[0]);
        return new SafetensorsEntry(name, type, [.. shape], offsets[0], offsets[1]);
    }

    private List<long> ReadSizes(ref Utf8JsonReader reader, string quoted, string key)
    {
        var sizes = new List<long>();
        if (reader.TokenType != JsonTokenType.StartArray) throw Bad($"the {key} of {quoted} is not an array");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long size) || size < 0)
                throw Bad($"the {key} of {quoted} holds something other than whole numbers from 0");
            sizes.Add(size);
        }
        return sizes;
    }

    private void CheckSize(string quoted, DataType type, List<long> shape, long bytes)
    {
        // A size of zero makes the tensor empty whatever the others say, so overflow counts only among the positive ones.
        long expected = DataTypes.BytesOf(type);
        try
        {
            foreach (long size in shape) expected = checked(expected * Math.Max(size, 1));
        }
        catch (OverflowException)
        {
            throw Bad($"the shape of {quoted} has more elements than can be counted");
        }
        if (shape.Contains(0)) expected = 0;
        if (bytes != expected)
            throw Bad($"the tensor {quoted} of {DataTypes.NameOf(type)} [{string.Join(", ", shape.Take(8))}] needs {expected} bytes and its data_offsets give it {bytes}");
    }

    /// <summary>The tensors' bytes follow one another without holes or overlaps and fill the data exactly.</summary>
    private void CheckLayout(long dataBytes)
    {
        Entries = [.. Entries.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End)];
        long end = 0;
        foreach (SafetensorsEntry entry in Entries)
        {
            if (entry.Begin != end)
                throw Bad($"the data of {OneLine.Quote(entry.Name)} begins at byte {entry.Begin} where {end} was expected: there is {(entry.Begin > end ? "a hole" : "an overlap")}");
            end = entry.End;
        }
        if (end > dataBytes) throw Bad($"its header describes {end} bytes of data and {dataBytes} are there: the file is cut short");
        if (end < dataBytes) throw Bad($"its header describes {end} bytes of data and {dataBytes} are there: something was appended");
    }

    private BadInputException Bad(string what) => new($"{_path} is not a sound safetensors file: {what}. Fetch or save it again.");

    /// <summary>Writes a header in canonical form: metadata first with its keys in ordinal order, then the tensors in the order of their bytes,
    /// padded with spaces so that the data begins at a multiple of 8 bytes.</summary>
    public static byte[] Format(IEnumerable<KeyValuePair<string, string>> metadata, IReadOnlyList<StoredTensor> tensors)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            KeyValuePair<string, string>[] pairs = [.. metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal)];
            if (pairs.Length > 0)
            {
                json.WriteStartObject(MetadataName);
                foreach (var (key, value) in pairs) json.WriteString(key, value);
                json.WriteEndObject();
            }
            long at = 0;
            foreach (StoredTensor tensor in tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", DataTypes.NameOf(tensor.Type));
                json.WriteStartArray("shape");
                foreach (long size in tensor.Shape) json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(at);
                json.WriteNumberValue(at += tensor.Bytes.Length);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        var header = new byte[(buffer.WrittenCount + 7) & ~7];
        header.AsSpan().Fill((byte)' ');
        buffer.WrittenSpan.CopyTo(header);
        return header;
    }
}
