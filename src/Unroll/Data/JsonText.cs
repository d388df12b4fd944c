using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Unroll.Data;

/// <summary>JSON as text, with no more letters escaped than JSON asks for.</summary>
internal static class JsonText
{
    /// <summary>A value as JSON.</summary>
    /// <param name="write">Writes the value.</param>
    /// <param name="indented">Whether it takes a line for each of its parts.</param>
    public static string Of(Action<Utf8JsonWriter> write, bool indented = false)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = indented, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            write(json);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>An object as JSON.</summary>
    /// <param name="write">Writes its properties.</param>
    /// <param name="indented">Whether it takes a line for each of its parts.</param>
    public static string OfObject(Action<Utf8JsonWriter> write, bool indented = false) => Of(json =>
    {
        json.WriteStartObject();
        write(json);
        json.WriteEndObject();
    }, indented);

    /// <summary>A list of texts as JSON.</summary>
    public static string OfList(IEnumerable<string> texts) => Of(json =>
    {
        json.WriteStartArray();
        foreach (string text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    });

    /// <summary>The value that a text is.</summary>
    /// <exception cref="BadInputException">It is no JSON; the message names the file.</exception>
    public static JsonElement Parse(string text, string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException error)
        {
            throw new BadInputException($"{path}: no sound JSON: {error.Message.ReplaceLineEndings(" ")}", error);
        }
    }

    /// <summary>Writes a number; one that JSON cannot say becomes null.</summary>
    public static void WriteFinite(this Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value)) json.WriteNumber(name, value);
        else json.WriteNull(name);
    }
}
