using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>A recurrent cell, written as its equations. Derive, write <see cref="Define"/> the way the paper does, and the engine makes from
/// it the forward pass, backpropagation through time, the double-precision reference, documentation and counts.</summary>
public abstract class Cell
{
    /// <summary>The name shown in documentation and errors; the class's unless overridden.</summary>
    public virtual string Name => GetType().Name;

    /// <summary>The paper the equations come from.</summary>
    public virtual string Paper => "";

    /// <summary>Which recurrent operator of PyTorch and ONNX computes the same; null for none.</summary>
    internal virtual NativeForm? Native => null;

    /// <summary>Writes the equations.</summary>
    /// <param name="cell">Gives the input, states and parameters, and takes the next states and the output.</param>
    protected abstract void Define(CellEquations cell);

    /// <summary>The equations at given sizes, checked.</summary>
    /// <param name="inputSize">Features of the input.</param>
    /// <param name="hiddenSize">Features of a state, unless the cell says otherwise.</param>
    /// <param name="noise">What is done to its states.</param>
    /// <exception cref="EquationException">The equations are wrong; the message says where.</exception>
    /// <exception cref="BadUsageException">A size is below 1.</exception>
    internal CellEquations Build(int inputSize, int hiddenSize, StateNoise noise = default)
    {
        if (inputSize < 1) throw new BadUsageException($"{Name}: the input size is {inputSize}; it must be at least 1.");
        if (hiddenSize < 1) throw new BadUsageException($"{Name}: the hidden size is {hiddenSize}; it must be at least 1.");
        var equations = new CellEquations(Name, inputSize, hiddenSize, noise);
        Define(equations);
        return equations.Complete();
    }

    /// <summary>Whether no matrix and no mean stands between a state and its next value, as where the recurrence is linear in the state. The layer then computes every
    /// product for many steps together, and step after step only what is elementwise, each feature on its own: a scan over time.</summary>
    public bool IsScan => ElementwiseRecurrence.Of(Build(1, 1)) is not null;

    /// <summary>The equations as text, a line each, as in <c>z = σ(W_z xₜ + U_z hₜ₋₁ + b_z)</c>.</summary>
    public IReadOnlyList<string> Equations => EquationText.Lines(Build(1, 1), latex: false);

    /// <summary>The equations as LaTeX, a line each.</summary>
    public IReadOnlyList<string> Latex => EquationText.Lines(Build(1, 1), latex: true);

    /// <summary>The equations as the source of a PyTorch module that computes the same: its parameters have this cell's names and slices, its forward takes
    /// x [batch, time, input] and the states [batch, size] and gives the outputs of all steps and the last states. TorchScript takes it too.</summary>
    /// <param name="inputSize">Features of the input.</param>
    /// <param name="hiddenSize">Features of a state, unless the cell says otherwise.</param>
    /// <exception cref="EquationException">The equations are wrong; the message says where.</exception>
    /// <exception cref="BadUsageException">A size is below 1.</exception>
    public string PyTorch(int inputSize, int hiddenSize) => TorchText.Of(Build(inputSize, hiddenSize), Paper.Length > 0 ? [$"{Name}. {Paper}."] : [$"{Name}."]);

    /// <summary>σ(x) = 1 / (1 + e⁻ˣ).</summary>
    protected static Expression Sigmoid(Expression x) => Expression.Of(ElementwiseOperation.Sigmoid, x);
    /// <summary>The hyperbolic tangent.</summary>
    protected static Expression Tanh(Expression x) => Expression.Of(ElementwiseOperation.Tanh, x);
    /// <summary>max(0, x).</summary>
    protected static Expression Relu(Expression x) => Expression.Of(ElementwiseOperation.Relu, x);
    /// <summary>eˣ.</summary>
    protected static Expression Exp(Expression x) => Expression.Of(ElementwiseOperation.Exp, x);
    /// <summary>The natural logarithm.</summary>
    protected static Expression Log(Expression x) => Expression.Of(ElementwiseOperation.Log, x);
    /// <summary>log(1 + eˣ).</summary>
    protected static Expression Softplus(Expression x) => Expression.Of(ElementwiseOperation.Softplus, x);
    /// <summary>√x.</summary>
    protected static Expression Sqrt(Expression x) => Expression.Of(ElementwiseOperation.SquareRoot, x);
    /// <summary>The sine, x in radians.</summary>
    protected static Expression Sin(Expression x) => Expression.Of(ElementwiseOperation.Sine, x);
    /// <summary>The cosine, x in radians.</summary>
    protected static Expression Cos(Expression x) => Expression.Of(ElementwiseOperation.Cosine, x);
    /// <summary>|x|.</summary>
    protected static Expression Abs(Expression x) => Expression.Of(ElementwiseOperation.Absolute, x);
    /// <summary>The mean over the features, in every feature: a vector of the same size.</summary>
    protected static Expression Mean(Expression x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.Owner.Mean(x);
    }
    /// <summary>The larger of the two, elementwise.</summary>
    protected static Expression Max(Expression a, Expression b) => Expression.Of(ElementwiseOperation.Maximum, a, b);
}
