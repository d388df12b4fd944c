namespace Unroll.Equations;

/// <summary>What a node of a cell's equations is.</summary>
internal enum ExpressionKind
{
    Constant,
    /// <summary>x, the layer's input at this step.</summary>
    Input,
    /// <summary>A state as the previous step left it.</summary>
    State,
    /// <summary>A parameter vector.</summary>
    Vector,
    /// <summary>Random zeros, filled before the steps.</summary>
    Mask,
    /// <summary>A sum of matrix products, with a bias or another addend.</summary>
    Affine,
    Elementwise,
    /// <summary>The mean of a vector over its features, in every feature.</summary>
    Mean,
    /// <summary>∂L/∂(next state), coming from the step after this one. Derivatives only.</summary>
    StateAdjoint,
    /// <summary>∂L/∂(output of this step), coming from the layer above. Derivatives only.</summary>
    OutputAdjoint,
    /// <summary>The sum of a vector parameter's adjoints over the steps after this one. Plans only.</summary>
    Gathered,
}

/// <summary>A matrix, or its transpose, times a vector.</summary>
internal readonly record struct AffineTerm(MatrixParameter Matrix, bool Transposed, Expression Vector);

/// <summary>A node of a cell's equations: a vector of features computed at every time step, for every sequence of the batch. Made by
/// <see cref="CellEquations"/> and by the operators and functions of <see cref="Cells.Cell"/>; equal expressions are one node.</summary>
public sealed class Expression
{
    internal Expression(CellEquations owner, int id, ExpressionKind kind, int size, string? name = null, ElementwiseOperation? operation = null,
        Expression? a = null, Expression? b = null, double value = 0, AffineTerm[]? terms = null, VectorParameter? vector = null, int state = -1)
    {
        (Owner, Id, Kind, Size, Name) = (owner, id, kind, size, name);
        (Operation, A, B, Value, Terms, Vector, StateIndex) = (operation, a, b, value, terms ?? [], vector, state);
        IsFixed = kind is ExpressionKind.Constant or ExpressionKind.Vector || kind == ExpressionKind.Elementwise && !IsCopy && Operands.All(o => o.IsFixed);
        IsRecurrent = kind == ExpressionKind.State || Operands.Any(o => o.IsRecurrent);
        IsUniform = kind == ExpressionKind.Mean || kind == ExpressionKind.Elementwise && !IsCopy && Operands.All(o => o.IsUniform || o.Kind == ExpressionKind.Constant);
    }

    /// <summary>The number of features; 0 for a constant, a scalar parameter and what is made of these alone, which fit any size.</summary>
    public int Size { get; }
    internal CellEquations Owner { get; }
    /// <summary>Position in the order of making; operands come before what uses them.</summary>
    internal int Id { get; }
    internal ExpressionKind Kind { get; }
    internal string? Name { get; }
    internal ElementwiseOperation? Operation { get; }
    /// <summary>First operand; of an affine node, the addend (null if none).</summary>
    internal Expression? A { get; }
    internal Expression? B { get; }
    /// <summary>A constant's value.</summary>
    internal double Value { get; }
    internal AffineTerm[] Terms { get; }
    /// <summary>The parameter of a vector node, or the bias of an affine node.</summary>
    internal VectorParameter? Vector { get; }
    internal int StateIndex { get; }

    /// <summary>Whether the value depends on a state: otherwise it can be computed for all steps before the loop.</summary>
    internal bool IsRecurrent { get; }
    /// <summary>Whether all features are equal at every step and in every sequence: a mean, or what is made of means alone. One number for each
    /// sequence is then computed and kept.</summary>
    internal bool IsUniform { get; }
    /// <summary>Whether the value is made of parameters and constants alone: it is computed when the parameters change, not at every step.</summary>
    internal bool IsFixed { get; }
    /// <summary>a + 0: a node of its own, where the place of a value matters (<see cref="CellEquations.Copy"/>).</summary>
    internal bool IsCopy => Operation == ElementwiseOperation.Add && B is { Kind: ExpressionKind.Constant, Value: 0 };

    /// <summary>What this node reads, in order.</summary>
    internal IEnumerable<Expression> Operands
    {
        get
        {
            foreach (var term in Terms) yield return term.Vector;
            if (A is not null) yield return A;
            if (B is not null) yield return B;
        }
    }

    /// <summary>Elementwise sum.</summary>
    /// <exception cref="EquationException">The sizes differ.</exception>
    public static Expression operator +(Expression a, Expression b) => Of(ElementwiseOperation.Add, a, b);

    /// <summary>Elementwise difference.</summary>
    /// <exception cref="EquationException">The sizes differ.</exception>
    public static Expression operator -(Expression a, Expression b) => Of(ElementwiseOperation.Subtract, a, b);

    /// <summary>Elementwise (Hadamard) product, ⊙ in the papers.</summary>
    /// <exception cref="EquationException">The sizes differ.</exception>
    public static Expression operator *(Expression a, Expression b) => Of(ElementwiseOperation.Multiply, a, b);

    /// <summary>Elementwise quotient.</summary>
    /// <exception cref="EquationException">The sizes differ.</exception>
    public static Expression operator /(Expression a, Expression b) => Of(ElementwiseOperation.Divide, a, b);

    /// <summary>Elementwise negation.</summary>
    public static Expression operator -(Expression a)
    {
        ArgumentNullException.ThrowIfNull(a);
        return a * -1;
    }

    /// <summary>Adds a constant to every feature.</summary>
    public static Expression operator +(Expression a, double b) => a + Constant(a, b);
    /// <summary>Adds a constant to every feature.</summary>
    public static Expression operator +(double a, Expression b) => Constant(b, a) + b;
    /// <summary>Subtracts a constant from every feature.</summary>
    public static Expression operator -(Expression a, double b) => a - Constant(a, b);
    /// <summary>Subtracts every feature from a constant, as in 1 − z.</summary>
    public static Expression operator -(double a, Expression b) => Constant(b, a) - b;
    /// <summary>Multiplies every feature by a constant.</summary>
    public static Expression operator *(Expression a, double b) => a * Constant(a, b);
    /// <summary>Multiplies every feature by a constant.</summary>
    public static Expression operator *(double a, Expression b) => Constant(b, a) * b;
    /// <summary>Divides every feature by a constant.</summary>
    public static Expression operator /(Expression a, double b) => a / Constant(a, b);
    /// <summary>Divides a constant by every feature.</summary>
    public static Expression operator /(double a, Expression b) => Constant(b, a) / b;

    /// <summary>The expression as text, as in <c>f ⊙ c + i ⊙ g</c>.</summary>
    public override string ToString() => EquationText.Of(this);

    internal static Expression Of(ElementwiseOperation operation, Expression a, Expression? b = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        if (operation.Operands == 2) ArgumentNullException.ThrowIfNull(b);
        return a.Owner.Elementwise(operation, a, b);
    }

    private static Expression Constant(Expression beside, double value)
    {
        ArgumentNullException.ThrowIfNull(beside);
        return beside.Owner.Constant(value);
    }
}
