namespace Unroll.Tensors;

public readonly partial struct Tensor
{
    /// <summary>a + b, with broadcasting.</summary>
    /// <exception cref="ShapeException">The shapes do not match.</exception>
    public static Tensor operator +(Tensor a, Tensor b) => Apply(Operations.Add.Instance, a, b);

    /// <summary>a − b, with broadcasting.</summary>
    /// <exception cref="ShapeException">The shapes do not match.</exception>
    public static Tensor operator -(Tensor a, Tensor b) => Apply(Operations.Subtract.Instance, a, b);

    /// <summary>a·b element by element, with broadcasting.</summary>
    /// <exception cref="ShapeException">The shapes do not match.</exception>
    public static Tensor operator *(Tensor a, Tensor b) => Apply(Operations.Multiply.Instance, a, b);

    /// <summary>a / b, with broadcasting.</summary>
    /// <exception cref="ShapeException">The shapes do not match.</exception>
    public static Tensor operator /(Tensor a, Tensor b) => Apply(Operations.Divide.Instance, a, b);

    /// <summary>A number as a scalar tensor.</summary>
    public static implicit operator Tensor(float value) => From(value);

    /// <summary>The matrix product of [.., m, k] and [.., k, n] or [k, n], each with its last two dimensions transposed first if asked.</summary>
    /// <returns>[.., m, n]</returns>
    /// <exception cref="ShapeException">The inner or outer sizes differ, or an operand has fewer than two dimensions.</exception>
    public Tensor MatMul(Tensor right, bool transposeLeft = false, bool transposeRight = false) =>
        OperationCall.Start(Operations.MatMul.Instance).With(this).With(right).WithInteger(transposeLeft ? 1 : 0).WithInteger(transposeRight ? 1 : 0).Run();

    /// <summary>The sum of all elements, shape [].</summary>
    public Tensor Sum() => Reduce(Operations.Sum.AllAxes, false, 1);

    /// <summary>The sum over one dimension, which is dropped, or kept with size 1.</summary>
    /// <exception cref="ShapeException">There is no such dimension.</exception>
    public Tensor Sum(int axis, bool keep = false) => Reduce(axis, keep, 1);

    /// <summary>The mean of all elements, shape []; NaN when there are none.</summary>
    public Tensor Mean() => Reduce(Operations.Sum.AllAxes, false, 1f / Shape.Count);

    /// <summary>The mean over one dimension, which is dropped, or kept with size 1.</summary>
    /// <exception cref="ShapeException">There is no such dimension.</exception>
    public Tensor Mean(int axis, bool keep = false) => Reduce(axis, keep, 1f / Shape[axis]);

    /// <summary>The hyperbolic tangent.</summary>
    public Tensor Tanh() => Apply(Operations.Tanh.Instance, this);

    private Tensor Reduce(int axis, bool keep, float scale) =>
        OperationCall.Start(Operations.Sum.Instance).With(this).WithInteger(axis).WithInteger(keep ? 1 : 0).WithReal(scale).Run();

    private static Tensor Apply(Operation operation, Tensor x) => OperationCall.Start(operation).With(x).Run();

    private static Tensor Apply(Operation operation, Tensor a, Tensor b) => OperationCall.Start(operation).With(a).With(b).Run();
}
