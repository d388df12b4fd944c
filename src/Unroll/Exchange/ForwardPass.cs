using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Exchange;

/// <summary>
/// What a model computes, as other programs are given it: named inputs, named outputs, and the C# that leads from one to the other. That code is not described a second time: an exporter runs it and watches
/// which operations it uses. So it may use sizes and inputs only through tensors and what <see cref="PassValues"/> gives it; a number that the code itself makes of them is found out and refused.
/// <code>
/// var pass = new ForwardPass("scores", [PassInput.Whole("words", below: 5000, "batch", "time"), PassInput.Lengths("lengths", "batch", "time")],
///     values => [new("scores", network.Forward(values.Whole("words"), values.Whole("lengths")))]);
/// </code>
/// </summary>
public sealed class ForwardPass
{
    private readonly Func<PassValues, IReadOnlyList<PassOutput>> _run;

    /// <summary>Describes a pass.</summary>
    /// <param name="name">What it does, in a word: it becomes the graph's name, and part of a file's where a model has several.</param>
    /// <param name="inputs">What it reads.</param>
    /// <param name="run">Computes the outputs on the current tape, without gradients.</param>
    /// <exception cref="ArgumentException">Two inputs have one name.</exception>
    public ForwardPass(string name, IReadOnlyList<PassInput> inputs, Func<PassValues, IReadOnlyList<PassOutput>> run)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(run);
        if (inputs.Select(input => input.Name).Distinct(StringComparer.Ordinal).Count() != inputs.Count) throw new ArgumentException("Two inputs have one name; names differ.", nameof(inputs));
        (Name, Inputs, _run) = (name, inputs, run);
        Sizes = [.. inputs.SelectMany(input => input.Sizes.Append(input.Below)).Where(size => size.Name is not null).Select(size => size.Name!).Distinct()];
    }

    /// <summary>What it does, in a word.</summary>
    public string Name { get; }

    /// <summary>What it reads.</summary>
    public IReadOnlyList<PassInput> Inputs { get; }

    /// <summary>The names of the sizes that may be any, such as batch and time.</summary>
    public IReadOnlyList<string> Sizes { get; }

    /// <summary>Runs the pass on the current tape.</summary>
    /// <param name="values">Its inputs.</param>
    /// <returns>Its outputs, valid as long as the tape's step.</returns>
    /// <exception cref="ShapeException">The inputs do not fit.</exception>
    public IReadOnlyList<PassOutput> Run(PassValues values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return _run(values);
    }
}

/// <summary>A size of an input: a number, or a name where it may be any.</summary>
/// <param name="Name">The name; null for a number.</param>
/// <param name="Value">The number.</param>
public readonly record struct PassSize(string? Name, int Value)
{
    /// <summary>A size that may be any, 1 or more.</summary>
    public static implicit operator PassSize(string name) => new(name, 0);

    /// <summary>A size that is given.</summary>
    public static implicit operator PassSize(int value) => new(null, value);
}

/// <summary>An input of a <see cref="ForwardPass"/>.</summary>
public sealed record PassInput
{
    private PassInput(string name, PassSize[] sizes, int least, PassSize below) => (Name, Sizes, Least, Below) = (name, sizes, least, below);

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Its sizes, outermost first.</summary>
    public IReadOnlyList<PassSize> Sizes { get; }

    /// <summary>Of whole numbers the least.</summary>
    public int Least { get; }

    /// <summary>Of whole numbers the one that all are below; 0 where the input holds real numbers.</summary>
    public PassSize Below { get; }

    /// <summary>Whether it holds whole numbers: symbols, or how long sequences are.</summary>
    public bool IsWhole => Below != 0;

    /// <summary>Whether the numbers are at most the size that <see cref="Below"/> names, and not below it: lengths.</summary>
    public bool IsLengths { get; private init; }

    /// <summary>Real numbers.</summary>
    public static PassInput Numbers(string name, params PassSize[] sizes) => new(name, sizes, 0, 0);

    /// <summary>Whole numbers, such as symbols.</summary>
    /// <param name="name">The input's name.</param>
    /// <param name="below">All are below it, and 0 or more.</param>
    /// <param name="sizes">Its sizes, such as batch and time.</param>
    public static PassInput Whole(string name, PassSize below, params PassSize[] sizes) => new(name, sizes, 0, below);

    /// <summary>How many steps of each sequence there are.</summary>
    /// <param name="name">The input's name.</param>
    /// <param name="batch">How many sequences.</param>
    /// <param name="time">For how many steps there is room.</param>
    /// <param name="least">The fewest steps.</param>
    public static PassInput Lengths(string name, PassSize batch, PassSize time, int least = 0) => new(name, [batch], least, time) { IsLengths = true };

    /// <summary>The states of recurrent layers, an input for each: named by the equations, as in h_l0 and c_l1, with a prefix.</summary>
    /// <param name="layers">The layers.</param>
    /// <param name="batch">How many sequences.</param>
    /// <param name="prefix">What the names begin with.</param>
    public static IEnumerable<PassInput> States(Recurrent layers, PassSize batch, string prefix = "")
    {
        ArgumentNullException.ThrowIfNull(layers);
        return layers.StateNames.Select(state => Numbers(prefix + state.Name, batch, state.Size));
    }
}

/// <summary>An output of a <see cref="ForwardPass"/>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value.</param>
public readonly record struct PassOutput(string Name, Tensor Value)
{
    /// <summary>The states of recurrent layers after the steps, an output for each: those of <see cref="PassInput.States"/> with another ending.</summary>
    /// <param name="layers">The layers.</param>
    /// <param name="state">The states.</param>
    /// <param name="prefix">What the names begin with.</param>
    /// <param name="suffix">What they end with.</param>
    public static IEnumerable<PassOutput> States(Recurrent layers, RecurrentState state, string prefix = "", string suffix = "_next")
    {
        ArgumentNullException.ThrowIfNull(layers);
        Tensor[] tensors = state.Tensors;
        return layers.StateNames.Select((one, i) => new PassOutput(prefix + one.Name + suffix, tensors[i]));
    }
}

/// <summary>The values of a pass's inputs.</summary>
public sealed class PassValues
{
    private readonly Dictionary<string, Tensor> _numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int[]> _whole = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _sizes = new(StringComparer.Ordinal);

    /// <summary>Sets an input of real numbers.</summary>
    /// <returns>This object.</returns>
    public PassValues Set(string name, Tensor value)
    {
        _numbers[name] = value;
        return this;
    }

    /// <summary>Sets an input of whole numbers.</summary>
    /// <returns>This object.</returns>
    public PassValues Set(string name, int[] value)
    {
        _whole[name] = value;
        return this;
    }

    /// <summary>Sets a size that may be any.</summary>
    /// <returns>This object.</returns>
    public PassValues SetSize(string name, int value)
    {
        _sizes[name] = value;
        return this;
    }

    /// <summary>An input of real numbers.</summary>
    /// <exception cref="BadUsageException">It was not set.</exception>
    public Tensor Numbers(string name) => _numbers.TryGetValue(name, out Tensor value) ? value : throw Missing("input of real numbers", name, _numbers.Keys);

    /// <summary>An input of whole numbers, row-major.</summary>
    /// <exception cref="BadUsageException">It was not set.</exception>
    public int[] Whole(string name) => _whole.TryGetValue(name, out int[]? value) ? value : throw Missing("input of whole numbers", name, _whole.Keys);

    /// <summary>A size that may be any.</summary>
    /// <exception cref="BadUsageException">It was not set.</exception>
    public int Size(string name) => _sizes.TryGetValue(name, out int value) ? value : throw Missing("size", name, _sizes.Keys);

    /// <summary>The states of recurrent layers that <see cref="PassInput.States"/> named.</summary>
    /// <param name="layers">The layers.</param>
    /// <param name="prefix">What the names begin with.</param>
    /// <exception cref="BadUsageException">One was not set.</exception>
    public RecurrentState States(Recurrent layers, string prefix = "")
    {
        ArgumentNullException.ThrowIfNull(layers);
        return layers.StateOf([.. layers.StateNames.Select(state => Numbers(prefix + state.Name))]);
    }

    private static BadUsageException Missing(string what, string name, IEnumerable<string> names) =>
        new($"The pass has no {what} called '{name}'; there is {string.Join(", ", names.DefaultIfEmpty("none"))}.");
}
