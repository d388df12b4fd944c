using System.Diagnostics.CodeAnalysis;
using System.Numerics.Tensors;

using Unroll.Kernels;

namespace Unroll.Tensors;

/// <summary>An n-dimensional array of single-precision numbers, row-major and immutable: a light handle that is copied freely and never
/// disposed of. Operations on tensors are recorded on the current <see cref="Tape"/>, if there is one, in whose memory their results then
/// live until its next step begins; without a tape results belong to the garbage collector. Shapes follow NumPy's rules of broadcasting:
/// sizes are matched from the last on, and 1 stretches.</summary>
public readonly partial struct Tensor
{
    private readonly TensorNode? _node;
    private readonly int _generation;

    internal Tensor(TensorNode node) => (_node, _generation) = (node, node.Generation);

    /// <summary>Whether this is the default value, no tensor at all.</summary>
    public bool IsEmpty => _node is null;

    /// <summary>The sizes.</summary>
    /// <exception cref="InvalidOperationException">No tensor, or its step has ended.</exception>
    public Shape Shape => Node.Shape;

    /// <summary>The numbers, row-major. Valid as long as the tensor is.</summary>
    /// <exception cref="InvalidOperationException">No tensor, or its step has ended.</exception>
    public ReadOnlySpan<float> Span => Node.Values;

    /// <summary>The number of a tensor with one element.</summary>
    /// <exception cref="InvalidOperationException">There is not exactly one element; or no tensor, or its step has ended.</exception>
    public float Item => Node.Values is [float value]
        ? value
        : throw new InvalidOperationException($"Item reads one number, but the shape is {Shape}; use Span or ToArray, or reduce it first.");

    /// <summary>A copy of the numbers, row-major.</summary>
    /// <exception cref="InvalidOperationException">No tensor, or its step has ended.</exception>
    public float[] ToArray() => Node.Values.ToArray();

    /// <summary>A copy that outlives the step and carries no gradient.</summary>
    /// <exception cref="InvalidOperationException">No tensor, or its step has ended.</exception>
    public Tensor Detach()
    {
        var node = new TensorNode();
        node.Hold(ToArray(), Shape);
        return new Tensor(node);
    }

    /// <summary>Copies numbers into a tensor; on the current tape's memory if there is one.</summary>
    /// <param name="values">The numbers, row-major.</param>
    /// <param name="shape">The sizes.</param>
    /// <exception cref="ShapeException">The shape has another number of elements.</exception>
    public static Tensor From(ReadOnlySpan<float> values, Shape shape)
    {
        if (values.Length != shape.Count)
            throw new ShapeException($"From: {values.Length} numbers do not fill the shape {shape}, which has {shape.Count}; give as many as it has.");
        TensorNode node = Create(shape);
        values.CopyTo(node.Values);
        return new Tensor(node);
    }

    /// <summary>A scalar: one number with shape [].</summary>
    public static Tensor From(float value) => From([value], default);

    /// <summary>A tensor of zeros.</summary>
    public static Tensor Zeros(Shape shape) => Full(shape, 0);

    /// <summary>A tensor with every number the same.</summary>
    public static Tensor Full(Shape shape, float value)
    {
        TensorNode node = Create(shape);
        node.Values.Fill(value);
        return new Tensor(node);
    }

    /// <summary>Copies a <see cref="ReadOnlyTensorSpan{T}"/> of the platform's tensor library.</summary>
    /// <exception cref="ShapeException">More than six dimensions, or more than 2³¹−1 elements.</exception>
    public static Tensor From(in ReadOnlyTensorSpan<float> values)
    {
        Span<int> sizes = stackalloc int[Shape.MaximumRank];
        if (values.Rank > Shape.MaximumRank)
            throw new ShapeException($"From: a tensor has at most {Shape.MaximumRank} dimensions; found {values.Rank}. Reshape it first.");
        for (int i = 0; i < values.Rank; i++) sizes[i] = checked((int)values.Lengths[i]);
        TensorNode node = Create(new Shape(sizes[..values.Rank]));
        values.FlattenTo(node.Values);
        return new Tensor(node);
    }

    /// <summary>The numbers as the platform's tensor type, without copying. Valid as long as the tensor is.</summary>
    /// <exception cref="InvalidOperationException">No tensor, or its step has ended.</exception>
    public ReadOnlyTensorSpan<float> AsTensorSpan()
    {
        Span<nint> sizes = stackalloc nint[Shape.MaximumRank];
        for (int i = 0; i < Shape.Rank; i++) sizes[i] = Shape[i];
        return new ReadOnlyTensorSpan<float>(Span, sizes[..Shape.Rank]);
    }

    /// <summary>Shape and, for a few numbers, the numbers.</summary>
    public override string ToString() =>
        _node is null ? "no tensor"
        : _node.Generation != _generation ? "a tensor of a step that has ended"
        : Shape.Count <= 16 ? $"{Shape} {{{string.Join(", ", ToArray())}}}" : Shape.ToString();

    internal TensorNode Node
    {
        get
        {
            if (_node is null || _node.Generation != _generation) ThrowUnusable();
            return _node;
        }
    }

    private static TensorNode Create(Shape shape)
    {
        TensorNode node;
        if (Tape.Current is { } tape)
        {
            node = tape.NextNode();
            node.Hold(BufferPool.Rent(shape.Count), shape);
        }
        else
        {
            node = new TensorNode();
            node.Hold(GC.AllocateUninitializedArray<float>(shape.Count, pinned: true), shape);
        }
        return node;
    }

    [DoesNotReturn]
    private void ThrowUnusable() => throw new InvalidOperationException(_node is null
        ? "This is no tensor: the default value of Tensor was used; give a tensor with values."
        : "This tensor belonged to a training step that has ended; copy it with ToArray() or Detach() before the step ends.");
}
