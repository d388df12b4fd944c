using Unroll.Equations;
using Unroll.Files;
using Op = Unroll.Equations.ElementwiseOperation;

namespace Unroll.Onnx.Import;

/// <summary>An activation function of ONNX's recurrent operators with its constants, as an expression of cell equations.</summary>
/// <param name="Name">One of <see cref="Forms"/>, in any case.</param>
/// <param name="Alpha">α, where the function has one.</param>
/// <param name="Beta">β, where the function has one.</param>
internal sealed record Activation(string Name, double Alpha = 0, double Beta = 0)
{
    /// <summary>A function, and its constants' values where a node gives none; null where the function has no such constant.</summary>
    private sealed record Form(float? Alpha, float? Beta, Func<Expression, double, double, Expression> Of);

    /// <summary>All there are. Where a node does not give them the constants are those of the operators of the same names; Affine was an operator of the first versions, with 1 and 0, and a ScaledTanh
    /// without constants, which no version defines, is taken for a Tanh.</summary>
    private static readonly Dictionary<string, Form> Forms = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Relu"] = new(null, null, (x, _, _) => Relu(x)),
        ["Tanh"] = new(null, null, (x, _, _) => Expression.Of(Op.Tanh, x)),
        ["Sigmoid"] = new(null, null, (x, _, _) => Expression.Of(Op.Sigmoid, x)),
        ["Affine"] = new(1, 0, (x, α, β) => α * x + β),
        ["LeakyRelu"] = new(0.01f, null, (x, α, _) => Relu(x) - α * Relu(-x)),
        // x where x ≥ α; the derivative of the condition is none.
        ["ThresholdedRelu"] = new(1, null, (x, α, _) => x * (1 - Expression.Of(Op.Positive, α - x))),
        ["ScaledTanh"] = new(1, 1, (x, α, β) => α * Expression.Of(Op.Tanh, β * x)),
        ["HardSigmoid"] = new(0.2f, 0.5f, (x, α, β) => Least(Relu(α * x + β), 1)),
        // The exponential of what is negative alone, which cannot overflow.
        ["Elu"] = new(1, null, (x, α, _) => Relu(x) + α * (Expression.Of(Op.Exp, -Relu(-x)) - 1)),
        ["Softsign"] = new(null, null, (x, _, _) => x / (1 + Expression.Of(Op.Absolute, x))),
        ["Softplus"] = new(null, null, (x, _, _) => Expression.Of(Op.Softplus, x)),
    };

    /// <summary>The names, for messages and tests.</summary>
    public static IEnumerable<string> Names => Forms.Keys;

    /// <summary>The activations a node names. Its lists of constants are used up in order, by those that have such a constant.</summary>
    /// <exception cref="BadInputException">There is no such function, or there are more constants than they take.</exception>
    public static Activation[] Read(GraphNode node, string[] names, float[] alphas, float[] betas)
    {
        int alpha = 0, beta = 0;
        var found = new Activation[names.Length];
        for (int i = 0; i < names.Length; i++)
        {
            if (!Forms.TryGetValue(names[i], out Form? form)) throw node.Bad($"has the activation {OneLine.Quote(names[i])}; known ones are {string.Join(", ", Names)}");
            found[i] = new Activation(names[i].ToUpperInvariant(), Next(form.Alpha, alphas, ref alpha), Next(form.Beta, betas, ref beta));
        }
        if (alpha < alphas.Length) throw node.Bad($"has {alphas.Length} numbers of activation_alpha; its activations take {alpha}");
        if (beta < betas.Length) throw node.Bad($"has {betas.Length} numbers of activation_beta; its activations take {beta}");
        return found;

        static double Next(float? otherwise, float[] given, ref int used) => otherwise is null ? 0 : used < given.Length ? given[used++] : otherwise.Value;
    }

    /// <summary>The function of an expression.</summary>
    public Expression Of(Expression x) => Forms[Name].Of(x, Alpha, Beta);

    /// <summary>min(x, most), exactly.</summary>
    public static Expression Least(Expression x, double most) => -Greatest(-x, -most);

    /// <summary>max(x, least), exactly.</summary>
    public static Expression Greatest(Expression x, double least) => Expression.Of(Op.Maximum, x, x.Owner.Constant(least));

    private static Expression Relu(Expression x) => Expression.Of(Op.Relu, x);
}
