using System.Globalization;
using System.Text.Json;
using Unroll.Data;
using Unroll.Files;

namespace Unroll.Tasks;

/// <summary>What was measured when a model was saved, kept in its file for people to read.</summary>
internal static class TrainingFigures
{
    private const string Key = "figures";

    /// <summary>Writes figures and the metrics of the last validation into a model file.</summary>
    public static void Write(ModelFile file, IEnumerable<Fact> figures, IReadOnlyDictionary<string, double> metrics) => file.Metadata[Key] = JsonText.OfObject(json =>
    {
        foreach (Fact figure in figures) json.WriteString(figure.Label, figure.Text);
        foreach ((string name, double value) in metrics) json.WriteString($"validation {name.Replace('_', ' ')}", value.ToString("G6", CultureInfo.InvariantCulture));
    });

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="BadInputException">There is none, or it is damaged.</exception>
    public static IReadOnlyList<Fact> Read(ModelFile file)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(file.Text(Key));
            return [.. document.RootElement.EnumerateObject().Select(figure => new Fact(figure.Name, figure.Value.GetString() ?? ""))];
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new BadInputException($"The model's training figures are damaged: {error.Message.ReplaceLineEndings(" ")}", error);
        }
    }
}
