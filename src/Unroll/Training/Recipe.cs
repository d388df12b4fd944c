using System.Text.Json;
using Unroll.Data;
using Unroll.Files;

namespace Unroll.Training;

/// <summary>How a run is made again: the task, the seed and the task's options as text, by the names the command has for them. A run folder holds it as
/// <c>recipe.json</c>, and a model file carries it.</summary>
/// <param name="Task">The task's name.</param>
/// <param name="Seed">The seed of everything random.</param>
/// <param name="Options">The options as text by name, without the leading dashes.</param>
public sealed record Recipe(string Task, ulong Seed, IReadOnlyDictionary<string, string> Options)
{
    /// <summary>The newest layout that this version of Unroll writes and reads.</summary>
    public const int FormatVersion = 1;

    private const string Format = "unroll-recipe";

    /// <summary>An option's text.</summary>
    /// <exception cref="BadInputException">The recipe lacks it.</exception>
    public string this[string option] =>
        Options.TryGetValue(option, out string? value)
            ? value
            : throw new BadInputException($"The recipe of the task {Task} lacks the option '{option}'; it was written by another version. Train again.");

    /// <summary>The recipe as indented JSON; the same recipe gives the same text.</summary>
    public string ToJson() => JsonText.OfObject(json =>
    {
        json.WriteString("format", Format);
        json.WriteNumber("version", FormatVersion);
        json.WriteString("task", Task);
        json.WriteNumber("seed", Seed);
        json.WriteStartObject("options");
        foreach (var (name, value) in Options.OrderBy(option => option.Key, StringComparer.Ordinal)) json.WriteString(name, value);
        json.WriteEndObject();
    }, indented: true) + "\n";

    /// <summary>Reads a recipe from JSON.</summary>
    /// <param name="json">The text.</param>
    /// <param name="source">Where it came from, for messages.</param>
    /// <exception cref="BadInputException">It is no recipe, or a newer version wrote it.</exception>
    public static Recipe FromJson(string json, string source)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            JsonElement root = document.RootElement;
            if (root.GetProperty("format").GetString() != Format) throw new BadInputException($"{source} is no recipe of Unroll. Choose another file.");
            int version = root.GetProperty("version").GetInt32();
            if (version > FormatVersion)
                throw new BadInputException($"{source} was written by a newer Unroll (format version {version}; this one reads up to {FormatVersion}). Update Unroll.");
            var options = new SortedDictionary<string, string>(StringComparer.Ordinal);
            foreach (JsonProperty option in root.GetProperty("options").EnumerateObject())
                options.Add(option.Name, option.Value.GetString() ?? throw new JsonException($"the option '{option.Name}' is null"));
            string task = root.GetProperty("task").GetString() ?? throw new JsonException("the task is null");
            return new Recipe(task, root.GetProperty("seed").GetUInt64(), options);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new BadInputException($"{source} is no sound recipe ({OneLine.Of(exception)}). Train again, or mend the file.", exception);
        }
    }

    /// <summary>Writes the recipe: to a temporary file in the same folder, flushed to the disk and renamed.</summary>
    /// <exception cref="RunFailedException">Writing failed; what the path named before is untouched.</exception>
    public void Save(string path) => AtomicFile.WriteText(path, ToJson());

    /// <summary>Reads a recipe from a file.</summary>
    /// <exception cref="BadInputException">There is no such file, it is no recipe, or a newer version wrote it.</exception>
    public static Recipe Read(string path)
    {
        try
        {
            return FromJson(File.ReadAllText(path), path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new BadInputException($"There is no recipe {path}. Check the path; a run that never started has none.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"Cannot read {path}: {OneLine.Of(exception)}.", exception);
        }
    }
}
