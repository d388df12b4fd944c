using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Unroll.Files;
using Unroll.Tensors;

namespace Unroll.Training;

/// <summary>Collects named values for a checkpoint: numbers in their exact bits, texts, random sources. Names are unique; a part of the state
/// writes under a prefix of its own (<see cref="Within"/>).</summary>
public sealed class CheckpointWriter
{
    internal const string Format = "unroll-checkpoint";
    internal const int FormatVersion = 1;
    internal const string ValuesKey = "values";

    private readonly SafetensorsFile _file;
    private readonly JsonObject _values;
    private readonly string _prefix;

    /// <summary>An empty checkpoint.</summary>
    internal CheckpointWriter()
        : this(new SafetensorsFile(), [], "")
    {
    }

    private CheckpointWriter(SafetensorsFile file, JsonObject values, string prefix) => (_file, _values, _prefix) = (file, values, prefix);

    /// <summary>The same checkpoint, with a prefix and a dot before every name.</summary>
    public CheckpointWriter Within(string prefix) => new(_file, _values, $"{_prefix}{prefix}.");

    /// <summary>Adds single-precision numbers with a shape.</summary>
    /// <exception cref="ArgumentException">The name is taken, or the shape has another count.</exception>
    public void Add(string name, ReadOnlySpan<float> values, Shape shape) => _file.Add(_prefix + name, values, shape);

    /// <summary>Adds single-precision numbers.</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public void Add(string name, ReadOnlySpan<float> values) => AddRow(name, DataType.F32, values);

    /// <summary>Adds double-precision numbers.</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public void Add(string name, ReadOnlySpan<double> values) => AddRow(name, DataType.F64, values);

    /// <summary>Adds whole numbers.</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public void Add(string name, ReadOnlySpan<int> values) => AddRow(name, DataType.I32, values);

    /// <summary>Adds the state of a random source.</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public void Add(string name, RandomState random)
    {
        ArgumentNullException.ThrowIfNull(random);
        AddRow<ulong>(name, DataType.U64, random.GetState());
    }

    /// <summary>Adds one whole number.</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public void Add(string name, long value) => AddValue(name, JsonValue.Create(value));

    /// <summary>Adds one number; infinities and not-a-number are kept too.</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public void Add(string name, double value) =>
        AddValue(name, double.IsFinite(value) ? JsonValue.Create(value) : JsonValue.Create(value.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Adds a text.</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public void Add(string name, string text) => AddValue(name, JsonValue.Create(text));

    /// <summary>Adds a truth value.</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public void Add(string name, bool value) => AddValue(name, JsonValue.Create(value));

    private void AddRow<T>(string name, DataType type, ReadOnlySpan<T> values) where T : unmanaged =>
        _file.Add(_prefix + name, type, [values.Length], MemoryMarshal.AsBytes(values));

    private void AddValue(string name, JsonValue value)
    {
        if (!_values.TryAdd(_prefix + name, value)) throw new ArgumentException($"The checkpoint already has a value '{_prefix}{name}'.", nameof(name));
    }

    /// <summary>Replaces a checkpoint file as a whole.</summary>
    /// <exception cref="RunFailedException">Writing failed; what the path named before is untouched.</exception>
    internal void Save(string path)
    {
        _file.Metadata["format"] = Format;
        _file.Metadata["version"] = FormatVersion.ToString(CultureInfo.InvariantCulture);
        _file.Metadata[ValuesKey] = _values.ToJsonString();
        _file.Save(path);
    }
}
