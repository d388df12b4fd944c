using Unroll.Kernels;

namespace Unroll.Equations;

/// <summary>The closed set of elementwise operations of cell equations. Each stands here once: its value in double precision, its
/// derivative as expressions, how it is written, and the kernel operation that computes it. Everything else - evaluator, symbolic
/// derivative, executor, LaTeX - reads this table.</summary>
internal sealed class ElementwiseOperation
{
    /// <summary>The adjoints of the operands, given the adjoint of the result, the result and the operands.</summary>
    public delegate (Expression? A, Expression? B) DerivativeRule(Expression adjoint, Expression y, Expression a, Expression? b);

    private ElementwiseOperation(string name, int operands, string text, string latex, string? torch, int strength, TileOperation kernel,
        Func<double, double, double> value, DerivativeRule derivative)
    {
        (Name, Operands, Text, Latex, Torch, Strength, Kernel, Value, Derivative) = (name, operands, text, latex, torch, strength, kernel, value, derivative);
    }

    public string Name { get; }
    /// <summary>One or two.</summary>
    public int Operands { get; }
    /// <summary>A format of the operands as plain text.</summary>
    public string Text { get; }
    /// <summary>A format of the operands as LaTeX.</summary>
    public string Latex { get; }
    /// <summary>A format of the operands as PyTorch; null for what stands in derivatives only.</summary>
    public string? Torch { get; }
    /// <summary>How tightly the operator binds: 1 for sums, 2 for products, 3 for functions (which need no parentheses).</summary>
    public int Strength { get; }
    public TileOperation Kernel { get; }
    public Func<double, double, double> Value { get; }
    public DerivativeRule Derivative { get; }
    /// <summary>Whether the value costs enough to be kept for the backward pass; cheap ones are computed again.</summary>
    public bool IsCostly => Strength == 3 && this != Positive && this != Sign && this != Absolute && this != Relu;

    public static readonly ElementwiseOperation Add = new("Add", 2, "{0} + {1}", "{0} + {1}", "{0} + {1}", 1, TileOperation.Add,
        (a, b) => a + b, (d, y, a, b) => (d, d));

    public static readonly ElementwiseOperation Subtract = new("Subtract", 2, "{0} − {1}", "{0} - {1}", "{0} - {1}", 1, TileOperation.Subtract,
        (a, b) => a - b, (d, y, a, b) => (d, -d));

    public static readonly ElementwiseOperation Multiply = new("Multiply", 2, "{0} ⊙ {1}", @"{0} \odot {1}", "{0} * {1}", 2, TileOperation.Multiply,
        (a, b) => a * b, (d, y, a, b) => a == b ? (d * 2 * a, null) : (d * b!, d * a));

    public static readonly ElementwiseOperation Divide = new("Divide", 2, "{0} / {1}", @"{0} \oslash {1}", "{0} / {1}", 2, TileOperation.Divide,
        (a, b) => a / b, (d, y, a, b) => (d / b!, d * -(y / b!)));

    public static readonly ElementwiseOperation Maximum = new("Maximum", 2, "max({0}, {1})", @"\max({0}, {1})", "torch.maximum({0}, {1})", 3, TileOperation.Maximum,
        Math.Max, (d, y, a, b) => (d * Expression.Of(Positive!, a - b!), d * (1 - Expression.Of(Positive!, a - b!))));

    public static readonly ElementwiseOperation Sigmoid = new("Sigmoid", 1, "σ({0})", @"\sigma({0})", "torch.sigmoid({0})", 3, TileOperation.Sigmoid,
        (a, _) => a >= 0 ? 1 / (1 + Math.Exp(-a)) : Math.Exp(a) / (1 + Math.Exp(a)), (d, y, a, _) => (Expression.Of(SigmoidSlope!, d, y), null));

    public static readonly ElementwiseOperation Tanh = new("Tanh", 1, "tanh({0})", @"\tanh({0})", "torch.tanh({0})", 3, TileOperation.Tanh,
        (a, _) => Math.Tanh(a), (d, y, a, _) => (Expression.Of(TanhSlope!, d, y), null));

    public static readonly ElementwiseOperation Relu = new("Relu", 1, "relu({0})", @"\operatorname{{relu}}({0})", "torch.relu({0})", 3, TileOperation.Relu,
        (a, _) => a > 0 ? a : a <= 0 ? 0 : a, (d, y, a, _) => (d * Expression.Of(Positive!, y), null));

    public static readonly ElementwiseOperation Exp = new("Exp", 1, "exp({0})", @"\exp({0})", "torch.exp({0})", 3, TileOperation.Exp,
        (a, _) => Math.Exp(a), (d, y, a, _) => (d * y, null));

    public static readonly ElementwiseOperation Log = new("Log", 1, "log({0})", @"\log({0})", "torch.log({0})", 3, TileOperation.Log,
        (a, _) => Math.Log(a), (d, y, a, _) => (d / a, null));

    public static readonly ElementwiseOperation Softplus = new("Softplus", 1, "softplus({0})", @"\operatorname{{softplus}}({0})", "F.softplus({0})", 3, TileOperation.Softplus,
        (a, _) => a > 0 ? a + Math.Log(1 + Math.Exp(-a)) : Math.Log(1 + Math.Exp(a)), (d, y, a, _) => (d * Expression.Of(Sigmoid!, a), null));

    public static readonly ElementwiseOperation SquareRoot = new("SquareRoot", 1, "√({0})", @"\sqrt{{{0}}}", "torch.sqrt({0})", 3, TileOperation.SquareRoot,
        (a, _) => Math.Sqrt(a), (d, y, a, _) => (d * (0.5 / y), null));

    public static readonly ElementwiseOperation Sine = new("Sine", 1, "sin({0})", @"\sin({0})", "torch.sin({0})", 3, TileOperation.Sine,
        (a, _) => Math.Sin(a), (d, y, a, _) => (d * Expression.Of(Cosine!, a), null));

    public static readonly ElementwiseOperation Cosine = new("Cosine", 1, "cos({0})", @"\cos({0})", "torch.cos({0})", 3, TileOperation.Cosine,
        (a, _) => Math.Cos(a), (d, y, a, _) => (-(d * Expression.Of(Sine, a)), null));

    public static readonly ElementwiseOperation Absolute = new("Absolute", 1, "|{0}|", @"\lvert {0} \rvert", "torch.abs({0})", 3, TileOperation.Absolute,
        (a, _) => Math.Abs(a), (d, y, a, _) => (d * Expression.Of(Sign!, a), null));

    /// <summary>1 where the argument is positive, else 0; its derivative is 0 wherever it has one.</summary>
    public static readonly ElementwiseOperation Positive = new("Positive", 1, "[{0} > 0]", "[{0} > 0]", "torch.gt({0}, 0).to(x.dtype)", 3, TileOperation.Positive,
        (a, _) => a > 0 ? 1 : 0, (d, y, a, _) => (null, null));

    // The three below appear in derivatives only; their own derivatives are never asked for.

    /// <summary>d·s·(1 − s): the adjoint of a sigmoid's argument.</summary>
    public static readonly ElementwiseOperation SigmoidSlope = new("SigmoidSlope", 2, "{0} ⊙ σ′({1})", @"{0} \odot {1} \odot (1 - {1})", null, 2,
        TileOperation.SigmoidSlope, (d, s) => d * s * (1 - s), NoDerivative);

    /// <summary>d·(1 − t²): the adjoint of a hyperbolic tangent's argument.</summary>
    public static readonly ElementwiseOperation TanhSlope = new("TanhSlope", 2, "{0} ⊙ tanh′({1})", @"{0} \odot (1 - {1}^2)", null, 2,
        TileOperation.TanhSlope, (d, t) => d * (1 - t * t), NoDerivative);

    /// <summary>−1, 0 or 1.</summary>
    public static readonly ElementwiseOperation Sign = new("Sign", 1, "sign({0})", @"\operatorname{{sign}}({0})", null, 3, TileOperation.Sign,
        (a, _) => a > 0 ? 1 : a < 0 ? -1 : 0, NoDerivative);

    /// <summary>Every operation, for tests that must miss none.</summary>
    public static IReadOnlyList<ElementwiseOperation> All { get; } =
        [Add, Subtract, Multiply, Divide, Maximum, Sigmoid, Tanh, Relu, Exp, Log, Softplus, SquareRoot, Sine, Cosine, Absolute, Positive, SigmoidSlope, TanhSlope, Sign];

    public override string ToString() => Name;

    private static (Expression? A, Expression? B) NoDerivative(Expression adjoint, Expression y, Expression a, Expression? b) =>
        throw new InvalidOperationException("Second derivatives of cell equations are not taken.");
}
