using System.Globalization;
using System.Text.Json;
using Unroll.Files;
using Unroll.Tensors;

namespace Unroll.Training;

/// <summary>Reads back what a <see cref="CheckpointWriter"/> wrote, by the same names.</summary>
public sealed class CheckpointReader
{
    private readonly string _path, _prefix;
    private readonly SafetensorsFile _file;
    private readonly Dictionary<string, JsonElement> _values;

    private CheckpointReader(string path, SafetensorsFile file, Dictionary<string, JsonElement> values, string prefix) =>
        (_path, _file, _values, _prefix) = (path, file, values, prefix);

    /// <summary>Reads a checkpoint file.</summary>
    /// <exception cref="BadInputException">There is no such file, it is damaged or of another kind, or a newer version wrote it.</exception>
    internal static CheckpointReader Open(string path)
    {
        SafetensorsFile file = SafetensorsFile.Read(path);
        ModelFile.CheckFormat(path, file, CheckpointWriter.Format, CheckpointWriter.FormatVersion);
        var values = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        try
        {
            using JsonDocument document = JsonDocument.Parse(file.Metadata.TryGetValue(CheckpointWriter.ValuesKey, out string? text) ? text : "");
            foreach (JsonProperty value in document.RootElement.EnumerateObject()) values[value.Name] = value.Value.Clone();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new BadInputException($"{path} has unreadable values ({OneLine.Of(exception)}). Start the run again.", exception);
        }
        return new CheckpointReader(path, file, values, "");
    }

    /// <summary>The same checkpoint, with a prefix and a dot before every name.</summary>
    public CheckpointReader Within(string prefix) => new(_path, _file, _values, $"{_prefix}{prefix}.");

    /// <summary>Whether there is something of this name.</summary>
    public bool Contains(string name) => _values.ContainsKey(_prefix + name) || _file.Find(_prefix + name) is not null;

    /// <summary>How many numbers a name holds.</summary>
    /// <exception cref="BadInputException">There is nothing of this name.</exception>
    public int Count(string name) => Tensor(name).Count;

    /// <summary>Reads single-precision numbers; as many as the destination has.</summary>
    /// <exception cref="BadInputException">There is nothing of this name, or it has another type or length.</exception>
    public void Read(string name, Span<float> destination) => ReadRow(name, DataType.F32, destination);

    /// <summary>Reads double-precision numbers; as many as the destination has.</summary>
    /// <exception cref="BadInputException">There is nothing of this name, or it has another type or length.</exception>
    public void Read(string name, Span<double> destination) => ReadRow(name, DataType.F64, destination);

    /// <summary>Reads whole numbers; as many as the destination has.</summary>
    /// <exception cref="BadInputException">There is nothing of this name, or it has another type or length.</exception>
    public void Read(string name, Span<int> destination) => ReadRow(name, DataType.I32, destination);

    /// <summary>Restores a random source.</summary>
    /// <exception cref="BadInputException">There is nothing of this name, or it is no random source's state.</exception>
    public void Read(string name, RandomState random)
    {
        ArgumentNullException.ThrowIfNull(random);
        Span<ulong> state = stackalloc ulong[4];
        ReadRow(name, DataType.U64, state);
        if (state.IndexOfAnyExcept(0UL) < 0) throw Bad(name, "an all-zero random state");
        random.SetState(state);
    }

    /// <summary>One whole number.</summary>
    /// <exception cref="BadInputException">There is none of this name.</exception>
    public long Integer(string name) =>
        Value(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out long number) ? number : throw Bad(name, "no whole number");

    /// <summary>One number.</summary>
    /// <exception cref="BadInputException">There is none of this name.</exception>
    public double Number(string name)
    {
        JsonElement value = Value(name);
        if (value.ValueKind == JsonValueKind.Number) return value.GetDouble();
        return value.ValueKind == JsonValueKind.String && double.TryParse(value.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            ? number
            : throw Bad(name, "no number");
    }

    /// <summary>A text.</summary>
    /// <exception cref="BadInputException">There is none of this name.</exception>
    public string Text(string name) => Value(name) is { ValueKind: JsonValueKind.String } value ? value.GetString()! : throw Bad(name, "no text");

    /// <summary>A truth value.</summary>
    /// <exception cref="BadInputException">There is none of this name.</exception>
    public bool Flag(string name) =>
        Value(name) is { ValueKind: JsonValueKind.True or JsonValueKind.False } value ? value.GetBoolean() : throw Bad(name, "no truth value");

    private void ReadRow<T>(string name, DataType type, Span<T> destination) where T : unmanaged
    {
        StoredTensor tensor = Tensor(name);
        if (tensor.Type != type || tensor.Count != destination.Length)
            throw Bad(name, $"{tensor}, where {destination.Length} of {DataTypes.NameOf(type)} were expected");
        tensor.As<T>(type).CopyTo(destination);
    }

    private JsonElement Value(string name) => _values.TryGetValue(_prefix + name, out JsonElement value) ? value : throw Missing(name);

    private StoredTensor Tensor(string name) => _file.Find(_prefix + name) ?? throw Missing(name);

    private BadInputException Missing(string name) =>
        new($"{_path} has no '{_prefix}{name}': it was written for another model, with other options or by another version. Resume with the run's own recipe.");

    private BadInputException Bad(string name, string found) =>
        new($"{_path} holds {found} under '{_prefix}{name}': it was written for another model, with other options or by another version. Resume with the run's own recipe.");
}
