using Op = Unroll.Tensors.Operations;

namespace Unroll.Tensors;

public readonly partial struct Tensor
{
    /// <summary>a + b, with broadcasting.</summary>
    /// <exception cref="ShapeException">The shapes do not match.</exception>
    public static Tensor operator +(Tensor a, Tensor b) => Apply(Op.Add.Instance, a, b);

    /// <summary>a − b, with broadcasting.</summary>
    /// <exception cref="ShapeException">The shapes do not match.</exception>
    public static Tensor operator -(Tensor a, Tensor b) => Apply(Op.Subtract.Instance, a, b);

    /// <summary>a·b element by element, with broadcasting.</summary>
    /// <exception cref="ShapeException">The shapes do not match.</exception>
    public static Tensor operator *(Tensor a, Tensor b) => Apply(Op.Multiply.Instance, a, b);

    /// <summary>a / b, with broadcasting.</summary>
    /// <exception cref="ShapeException">The shapes do not match.</exception>
    public static Tensor operator /(Tensor a, Tensor b) => Apply(Op.Divide.Instance, a, b);

    /// <summary>−x.</summary>
    public static Tensor operator -(Tensor x) => Apply(Op.Negate.Instance, x);

    /// <summary>A number as a scalar tensor.</summary>
    public static implicit operator Tensor(float value) => From(value);

    /// <summary>The matrix product of [.., m, k] and [.., k, n] or [k, n], each with its last two dimensions transposed first if asked.</summary>
    /// <returns>[.., m, n]</returns>
    /// <exception cref="ShapeException">The inner or outer sizes differ, or an operand has fewer than two dimensions.</exception>
    public Tensor MatMul(Tensor right, bool transposeLeft = false, bool transposeRight = false) =>
        OperationCall.Start(Op.MatMul.Instance).With(this).With(right).WithInteger(transposeLeft ? 1 : 0).WithInteger(transposeRight ? 1 : 0).Run();

    /// <summary>eˣ.</summary>
    public Tensor Exp() => Apply(Op.Exp.Instance, this);

    /// <summary>The natural logarithm.</summary>
    public Tensor Log() => Apply(Op.Log.Instance, this);

    /// <summary>The square root.</summary>
    public Tensor Sqrt() => Apply(Op.Sqrt.Instance, this);

    /// <summary>x².</summary>
    public Tensor Square() => Apply(Op.Square.Instance, this);

    /// <summary>The hyperbolic tangent.</summary>
    public Tensor Tanh() => Apply(Op.Tanh.Instance, this);

    /// <summary>σ(x) = 1/(1 + e⁻ˣ).</summary>
    public Tensor Sigmoid() => Apply(Op.Sigmoid.Instance, this);

    /// <summary>max(x, 0).</summary>
    public Tensor Relu() => Apply(Op.Relu.Instance, this);

    /// <summary>ln(1 + eˣ).</summary>
    public Tensor Softplus() => Apply(Op.Softplus.Instance, this);

    /// <summary>e^xᵢ / Σⱼ e^xⱼ along a dimension, by default the last.</summary>
    /// <exception cref="ShapeException">There is no such dimension.</exception>
    public Tensor Softmax(int axis = -1) => AlongLast(Op.Softmax.Instance, axis);

    /// <summary>xᵢ − ln Σⱼ e^xⱼ along a dimension, by default the last.</summary>
    /// <exception cref="ShapeException">There is no such dimension.</exception>
    public Tensor LogSoftmax(int axis = -1) => AlongLast(Op.LogSoftmax.Instance, axis);

    /// <summary>The sum of all elements, shape [].</summary>
    public Tensor Sum() => Reduce(Op.Sum.AllAxes, false, 1);

    /// <summary>The sum over one dimension, which is dropped, or kept with size 1.</summary>
    /// <exception cref="ShapeException">There is no such dimension.</exception>
    public Tensor Sum(int axis, bool keep = false) => Reduce(axis, keep, 1);

    /// <summary>The mean of all elements, shape []; NaN when there are none.</summary>
    public Tensor Mean() => Reduce(Op.Sum.AllAxes, false, 1f / Shape.Count);

    /// <summary>The mean over one dimension, which is dropped, or kept with size 1; NaN when it is empty.</summary>
    /// <exception cref="ShapeException">There is no such dimension.</exception>
    public Tensor Mean(int axis, bool keep = false) => Reduce(axis, keep, 1f / Shape[axis]);

    /// <summary>The largest of all elements, shape []. Its gradient goes to the first that has it.</summary>
    /// <exception cref="ShapeException">There are no elements.</exception>
    public Tensor Max() => OperationCall.Start(Op.Max.Instance).With(this).WithInteger(Op.Sum.AllAxes).WithInteger(0).Run();

    /// <summary>The largest along one dimension, which is dropped, or kept with size 1. Its gradient goes to the first that has it.</summary>
    /// <exception cref="ShapeException">There is no such dimension, or it is empty.</exception>
    public Tensor Max(int axis, bool keep = false) => OperationCall.Start(Op.Max.Instance).With(this).WithInteger(axis).WithInteger(keep ? 1 : 0).Run();

    /// <summary>The same numbers under another shape, without copying; one size may be −1, which stands for what is left.</summary>
    /// <exception cref="ShapeException">The shape has another number of elements.</exception>
    public Tensor Reshape(params ReadOnlySpan<int> sizes) => Op.Reshape.Apply(this, sizes);

    /// <summary>The same numbers under another shape, without copying.</summary>
    /// <exception cref="ShapeException">The shape has another number of elements.</exception>
    public Tensor Reshape(Shape shape)
    {
        Span<int> sizes = stackalloc int[Shape.MaximumRank];
        shape.CopyTo(sizes);
        return Op.Reshape.Apply(this, sizes[..shape.Rank]);
    }

    /// <summary>The dimensions in another order: dimension i of the result is the one that <paramref name="order"/>[i] names.</summary>
    /// <exception cref="ShapeException">The order does not name each dimension once.</exception>
    public Tensor Permute(params ReadOnlySpan<int> order) => Op.Permute.Apply(this, order);

    /// <summary>Two dimensions exchanged, by default the last two.</summary>
    /// <exception cref="ShapeException">There are no such dimensions.</exception>
    public Tensor Transpose(int first = -2, int second = -1)
    {
        Shape shape = Shape;
        Span<int> order = stackalloc int[Shape.MaximumRank];
        for (int i = 0; i < shape.Rank; i++) order[i] = i;
        (first, second) = (shape.Axis(first), shape.Axis(second));
        (order[first], order[second]) = (second, first);
        return Op.Permute.Apply(this, order[..shape.Rank]);
    }

    /// <summary>A stretch of one dimension. Along the outermost dimension nothing is copied.</summary>
    /// <exception cref="ShapeException">The stretch lies outside the dimension.</exception>
    public Tensor Slice(int axis, int start, int length) => Op.Slice.Apply(this, axis, start, length);

    /// <summary>One place of one dimension, which is dropped.</summary>
    /// <exception cref="ShapeException">There is no such place.</exception>
    public Tensor Select(int axis, int index) => Slice(axis, index, 1).Reshape(Shape.Without(Shape.Axis(axis)));

    /// <summary>Tensors one after the other along a dimension; the other sizes are equal.</summary>
    /// <exception cref="ShapeException">There are none, or other sizes differ.</exception>
    public static Tensor Concat(int axis, params ReadOnlySpan<Tensor> parts) => Op.Concat.Apply(parts, axis);

    /// <summary>Tensors of equal shape side by side along a new dimension.</summary>
    /// <exception cref="ShapeException">There are none, or their shapes differ.</exception>
    public static Tensor Stack(int axis, params ReadOnlySpan<Tensor> parts) => Op.Stack.Apply(parts, axis);

    /// <summary>Rows of this table [rows, features] by their numbers.</summary>
    /// <param name="rows">Row numbers, as many as <paramref name="shape"/> has elements.</param>
    /// <param name="shape">Their arrangement, for instance [batch, time].</param>
    /// <returns>[.., features], for instance [batch, time, features]</returns>
    /// <exception cref="ShapeException">This is not a table, it lacks a row, or the numbers do not fill the shape.</exception>
    public Tensor Gather(ReadOnlySpan<int> rows, Shape shape) => Op.Gather.Apply(this, rows, shape);

    /// <summary><paramref name="yes"/> where the condition is not 0, else <paramref name="no"/>, with broadcasting. What is not taken has no
    /// influence, were it infinite or NaN.</summary>
    /// <exception cref="ShapeException">The shapes do not match.</exception>
    public static Tensor Where(Tensor condition, Tensor yes, Tensor no) => Op.Where.Apply(condition, yes, no);

    /// <summary><paramref name="value"/> where the mask is not 0, else the tensor's own numbers, with broadcasting: −∞ before a softmax leaves
    /// places out.</summary>
    /// <exception cref="ShapeException">The shapes do not match.</exception>
    public Tensor MaskedFill(Tensor mask, float value) => Op.Where.Apply(mask, value, this);

    /// <summary>Every element 0 with the given probability, else divided by one minus it. Acts whether training or not; the layer
    /// <see cref="Layers.Dropout"/> looks at <see cref="Tape.Training"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The probability is not in [0, 1).</exception>
    public Tensor Dropout(float probability, RandomState random)
    {
        ArgumentNullException.ThrowIfNull(random);
        if (!(probability >= 0 && probability < 1))
            throw new ArgumentOutOfRangeException(nameof(probability), probability, "The probability of dropout is at least 0 and below 1.");
        return Op.Dropout.Apply(this, probability, random);
    }

    private Tensor Reduce(int axis, bool keep, float scale) =>
        OperationCall.Start(Op.Sum.Instance).With(this).WithInteger(axis).WithInteger(keep ? 1 : 0).WithReal(scale).Run();

    private Tensor AlongLast(Operation operation, int axis)
    {
        Shape shape = Shape;
        return shape.Rank == 0 || shape.Axis(axis) == shape.Rank - 1 ? Apply(operation, this) : Apply(operation, Transpose(axis, -1)).Transpose(axis, -1);
    }

    private static Tensor Apply(Operation operation, Tensor x) => OperationCall.Start(operation).With(x).Run();

    private static Tensor Apply(Operation operation, Tensor a, Tensor b) => OperationCall.Start(operation).With(a).With(b).Run();
}
