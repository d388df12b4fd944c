using Unroll.Tensors;

namespace Unroll.Onnx.Import;

/// <summary>One computation of a node: its inputs, and where its outputs go. Sizes that a graph asks for are checked here before anything is made.</summary>
/// <param name="node">The node.</param>
/// <param name="values">All values of the graph.</param>
/// <param name="inputs">Which of them the node reads; −1 for an input left out.</param>
/// <param name="outputs">Which of them the node gives; −1 for an output that nobody reads.</param>
internal readonly struct NodeCall(GraphNode node, OnnxValue[] values, int[] inputs, int[] outputs)
{
    /// <summary>The most elements of a tensor: 1 GiB of numbers. A few bytes of a graph may ask for any size.</summary>
    public const int MostElements = 1 << 28;

    /// <summary>The most whole numbers in one arrangement: 128 MiB.</summary>
    public const int MostIntegers = 1 << 24;

    public GraphNode Node => node;

    /// <summary>How many inputs there are, given or left out.</summary>
    public int InputCount => inputs.Length;

    public bool Has(int input) => input < inputs.Length && inputs[input] >= 0;

    /// <summary>Whether anybody reads an output.</summary>
    public bool Gives(int output) => output < outputs.Length && outputs[output] >= 0;

    public OnnxValue Value(int input) => Has(input) ? values[inputs[input]] : throw node.Bad($"lacks its input {input}");

    /// <summary>An input that must be a tensor.</summary>
    public Tensor Tensor(int input) => Value(input) is { IsInteger: false } value ? value.Tensor
        : throw node.Bad($"has whole numbers {Value(input).Shape} as input {input}; expected a tensor of single precision");

    /// <summary>An input that must be whole numbers or truth values.</summary>
    public IntegerTensor Integers(int input) => Value(input).WholeNumbers
        ?? throw node.Bad($"has a tensor {Value(input).Shape} as input {input}; expected whole numbers or truth values");

    /// <summary>An input of whole numbers in a row, or null where it is left out.</summary>
    public long[]? List(int input) => Has(input) ? Integers(input).Values : null;

    /// <summary>An input that is one number, whole or not.</summary>
    public double Number(int input)
    {
        OnnxValue value = Value(input);
        if (value.Shape.Count != 1) throw node.Bad($"has {value.Shape} as input {input}; expected one number");
        return value.IsInteger ? value.Integers[0] : value.Tensor.Span[0];
    }

    public void Set(int output, OnnxValue value)
    {
        if (Gives(output)) values[outputs[output]] = value;
    }

    /// <summary>The dimension that an index names.</summary>
    public int Axis(long axis, int rank) => axis >= -rank && axis < rank ? (int)(axis < 0 ? axis + rank : axis)
        : throw node.Bad($"has the axis {axis}; its input has {rank} dimensions");

    /// <summary>The dimensions that indices name, each once.</summary>
    public int[] Axes(long[] axes, int rank)
    {
        var found = new int[axes.Length];
        for (int i = 0; i < axes.Length; i++)
        {
            found[i] = Axis(axes[i], rank);
            if (found.AsSpan(0, i).Contains(found[i])) throw node.Bad($"names the axis {found[i]} twice");
        }
        return found;
    }

    /// <summary>A shape of sizes that the graph computed.</summary>
    public Shape ShapeOf(ReadOnlySpan<long> sizes, bool integers = false)
    {
        Span<int> small = stackalloc int[Shape.MaximumRank];
        if (sizes.Length > small.Length) throw node.Bad($"asks for {sizes.Length} dimensions; at most {Shape.MaximumRank} are known here");
        for (int i = 0; i < sizes.Length; i++)
            small[i] = sizes[i] is >= 0 and <= int.MaxValue ? (int)sizes[i] : throw node.Bad($"asks for the size {sizes[i]}; expected one from 0 to {int.MaxValue}");
        return Within(new Shape(small[..sizes.Length]), integers);
    }

    /// <summary>The shape, if that many elements may be made.</summary>
    public Shape Within(Shape shape, bool integers = false)
    {
        int most = integers ? MostIntegers : MostElements;
        return shape.Count <= most ? shape : throw node.Bad($"asks for {shape}, {shape.Count} elements; at most {most} are made here");
    }

    /// <summary>The shape that two broadcast to.</summary>
    public Shape Broadcast(Shape a, Shape b, bool integers = false) => Within(Tensors.Operations.Broadcast.Result(node.Operator, a, b), integers);
}
