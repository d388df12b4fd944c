using System.Globalization;
using Unroll.Tensors;

namespace Unroll.Files;

/// <summary>A trained model as a file: its weights under PyTorch's dotted names, the task it does, the recipe it was trained by, and whatever else
/// the task needs to use it (a vocabulary, tag names), in one safetensors file with a checksum. Nothing in it is ever executed.</summary>
public sealed class ModelFile
{
    /// <summary>The newest layout of the metadata that this version of Unroll writes and reads.</summary>
    public const int FormatVersion = 1;

    private const string FormatKey = "format", VersionKey = "version", TaskKey = "task", RecipeKey = "recipe", Format = "unroll";
    private static readonly string[] ReservedKeys = [FormatKey, VersionKey, TaskKey, RecipeKey, SafetensorsFile.ChecksumKey];
    private readonly SafetensorsFile _file;
    private readonly string _source;

    /// <summary>A file for a model of a task, without weights yet.</summary>
    /// <param name="task">The task's name, such as <c>language-model</c>.</param>
    /// <param name="recipe">How the model is built and was trained, as JSON.</param>
    public ModelFile(string task, string recipe)
        : this(new SafetensorsFile(), "the model", task, recipe)
    {
    }

    private ModelFile(SafetensorsFile file, string source, string task, string recipe)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(recipe);
        (_file, _source, Task, Recipe) = (file, source, task, recipe);
    }

    /// <summary>The name of the task the model does.</summary>
    public string Task { get; }

    /// <summary>How the model is built and was trained, as JSON.</summary>
    public string Recipe { get; }

    /// <summary>What else the task needs to use the model: text by key. The keys <c>format</c>, <c>version</c>, <c>task</c>, <c>recipe</c> and
    /// <c>unroll.checksum</c> are taken.</summary>
    public IDictionary<string, string> Metadata { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The tensors of the file.</summary>
    public IReadOnlyList<StoredTensor> Tensors => _file.Tensors;

    /// <summary>The text under a key of the metadata.</summary>
    /// <exception cref="BadInputException">There is none.</exception>
    public string Text(string key) =>
        Metadata.TryGetValue(key, out string? value)
            ? value
            : throw new BadInputException($"{_source} lacks the entry {OneLine.Quote(key)} that the task {Task} needs. Save the model again with this version.");

    /// <summary>Takes in the parameters of a model.</summary>
    /// <exception cref="ArgumentException">The file already has a tensor of one of the names.</exception>
    public void Add(IReadOnlyList<Parameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        foreach (Parameter parameter in parameters) _file.Add(parameter.Name, parameter.Values, parameter.Shape);
    }

    /// <summary>Sets the parameters of a model. Names and shapes must agree exactly.</summary>
    /// <exception cref="BadInputException">A parameter is missing, has another shape, or the file has one the model lacks.</exception>
    public void CopyTo(IReadOnlyList<Parameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        foreach (Parameter parameter in parameters)
        {
            StoredTensor stored = _file.Find(parameter.Name)
                ?? throw new BadInputException($"{_source} has no tensor {OneLine.Quote(parameter.Name)}, which the model it describes needs. Save the model again.");
            if (!stored.Shape.SequenceEqual(Array.ConvertAll(parameter.Shape.ToArray(), size => (long)size)))
                throw new BadInputException($"{_source} holds {OneLine.Quote(parameter.Name)} as {stored}; the model needs {parameter.Shape}. Build the model with the sizes it was trained with.");
        }
        if (_file.Tensors.Count != parameters.Count)
        {
            var names = parameters.Select(parameter => parameter.Name).ToHashSet(StringComparer.Ordinal);
            StoredTensor extra = _file.Tensors.First(tensor => !names.Contains(tensor.Name));
            throw new BadInputException($"{_source} holds {OneLine.Quote(extra.Name)}, which the model has no place for. Build the model with the sizes it was trained with.");
        }
        foreach (Parameter parameter in parameters)
        {
            _file[parameter.Name].CopyTo(parameter.Values);
            parameter.Changed();
        }
    }

    /// <summary>Writes the file: to a temporary file in the same folder, flushed to the disk and renamed.</summary>
    /// <exception cref="RunFailedException">Writing failed; what the path named before is untouched.</exception>
    /// <exception cref="ArgumentException">The metadata uses a key that is taken.</exception>
    public void Save(string path)
    {
        foreach (string key in ReservedKeys)
            if (Metadata.ContainsKey(key)) throw new ArgumentException($"The metadata key '{key}' belongs to the file format; choose another.");
        _file.Metadata.Clear();
        foreach (var (key, value) in Metadata) _file.Metadata.Add(key, value);
        _file.Metadata[FormatKey] = Format;
        _file.Metadata[VersionKey] = FormatVersion.ToString(CultureInfo.InvariantCulture);
        _file.Metadata[TaskKey] = Task;
        _file.Metadata[RecipeKey] = Recipe;
        _file.Save(path);
    }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="task">The task the model must do; null takes any.</param>
    /// <exception cref="BadInputException">There is no such file, it is damaged or of another kind, a newer version wrote it, or its model does another task.</exception>
    public static ModelFile Read(string path, string? task = null)
    {
        SafetensorsFile file = SafetensorsFile.Read(path);
        CheckFormat(path, file, Format, FormatVersion);
        if (!file.Metadata.TryGetValue(TaskKey, out string? found) || !file.Metadata.TryGetValue(RecipeKey, out string? recipe))
            throw new BadInputException($"{path} names no task or has no recipe. Save the model again.");
        if (task is not null && found != task)
            throw new BadInputException($"{path} holds a model of the task {OneLine.Quote(found)}; one of the task '{task}' was expected. Choose another model or task.");
        var model = new ModelFile(file, path, found, recipe);
        foreach (var (key, value) in file.Metadata)
            if (!ReservedKeys.Contains(key)) model.Metadata.Add(key, value);
        return model;
    }

    /// <summary>Checks that a file is of one of Unroll's own formats, of a version this one reads, and carries its checksum.</summary>
    /// <exception cref="BadInputException">It is not.</exception>
    internal static void CheckFormat(string path, SafetensorsFile file, string format, int newest)
    {
        if (!file.Metadata.TryGetValue(FormatKey, out string? found) || found != format)
        {
            string instead = found is null ? "says no format" : $"says the format {OneLine.Quote(found)}";
            throw new BadInputException($"{path} {instead}; '{format}' was expected. Choose a file that Unroll wrote for this purpose, or import this one.");
        }
        if (!file.Metadata.TryGetValue(VersionKey, out string? text)
            || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int version) || version < 1)
            throw new BadInputException($"{path} has no readable format version. Save it again.");
        if (version > newest)
            throw new BadInputException($"{path} was written by a newer Unroll (format version {version}; this one reads up to {newest}). Update Unroll.");
        if (!file.WasChecked) throw new BadInputException($"{path} has lost its checksum and may be damaged. Fetch or save it again.");
    }
}
