using Unroll.Onnx.Import;
using Unroll.Tensors;

namespace Unroll.Onnx;

/// <summary>What goes into an <see cref="OnnxNetwork"/> and comes out of it: a tensor of single-precision numbers, or whole numbers in an arrangement, such as symbols and lengths.</summary>
public readonly struct OnnxValue
{
    private readonly Tensor _tensor;
    private readonly IntegerTensor? _integers;

    private OnnxValue(Tensor tensor, IntegerTensor? integers) => (_tensor, _integers) = (tensor, integers);

    /// <summary>A tensor.</summary>
    public static OnnxValue Of(Tensor tensor) => new(tensor, null);

    /// <summary>Whole numbers, copied.</summary>
    /// <param name="values">The numbers, row-major.</param>
    /// <param name="shape">Their arrangement, such as [batch, time].</param>
    /// <exception cref="ShapeException">The shape has another number of elements.</exception>
    public static OnnxValue Of(ReadOnlySpan<long> values, Shape shape) => Of(new IntegerTensor(values.ToArray(), Checked(values.Length, shape)));

    /// <summary>Whole numbers, copied.</summary>
    /// <param name="values">The numbers, row-major.</param>
    /// <param name="shape">Their arrangement, such as [batch, time].</param>
    /// <exception cref="ShapeException">The shape has another number of elements.</exception>
    public static OnnxValue Of(ReadOnlySpan<int> values, Shape shape) => Of(new IntegerTensor(Array.ConvertAll(values.ToArray(), value => (long)value), Checked(values.Length, shape)));

    /// <summary>A tensor.</summary>
    public static implicit operator OnnxValue(Tensor tensor) => Of(tensor);

    /// <summary>Whether these are whole numbers.</summary>
    public bool IsInteger => _integers is not null;

    /// <summary>The sizes.</summary>
    /// <exception cref="InvalidOperationException">There is no value, or its step has ended.</exception>
    public Shape Shape => _integers?.Shape ?? _tensor.Shape;

    /// <summary>The tensor.</summary>
    /// <exception cref="InvalidOperationException">These are whole numbers.</exception>
    public Tensor Tensor => _integers is null ? _tensor : throw new InvalidOperationException($"These are whole numbers {_integers.Shape}; read them with Integers.");

    /// <summary>The whole numbers, row-major.</summary>
    /// <exception cref="InvalidOperationException">This is a tensor.</exception>
    public ReadOnlySpan<long> Integers => _integers is not null ? _integers.Values : throw new InvalidOperationException("This is a tensor; read it with Tensor.");

    internal IntegerTensor? WholeNumbers => _integers;

    internal bool IsEmpty => _integers is null && _tensor.IsEmpty;

    internal static OnnxValue Of(IntegerTensor integers) => new(default, integers);

    private static Shape Checked(int count, Shape shape) =>
        count == shape.Count ? shape : throw new ShapeException($"Of: {count} numbers do not fill the shape {shape}, which has {shape.Count}; give as many as it has.");
}
