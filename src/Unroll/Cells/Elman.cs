using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>The nonlinearity φ of a plain recurrent cell.</summary>
public enum Activation
{
    /// <summary>The hyperbolic tangent.</summary>
    Tanh,
    /// <summary>max(0, x).</summary>
    Relu,
    /// <summary>The logistic function.</summary>
    Sigmoid,
    /// <summary>φ(x) = x: a linear recurrence.</summary>
    Identity,
}

/// <summary>The plain ("vanilla") recurrent network: hₜ = φ(W xₜ + U hₜ₋₁ + b).
/// Elman 1990, "Finding structure in time".</summary>
/// <param name="activation">φ.</param>
public sealed class Elman(Activation activation = Activation.Tanh) : Cell
{
    /// <summary>The names this cell goes by on the command line.</summary>
    public static IReadOnlyList<CellVariant> Variants { get; } =
    [
        new("elman", "plain recurrent network, φ = tanh", () => new Elman()),
        new("elman-relu", "plain recurrent network, φ = relu", () => new Elman(Activation.Relu)),
        new("elman-sigmoid", "plain recurrent network, φ = sigmoid", () => new Elman(Activation.Sigmoid)),
        new("elman-identity", "plain recurrent network, φ = identity (linear)", () => new Elman(Activation.Identity)),
    ];

    /// <inheritdoc/>
    public override string Paper => "Elman 1990, Finding structure in time";

    /// <inheritdoc/>
    internal override NativeForm? Native => new(NativeKind.Rnn, ["h"]) { Activation = activation };

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h) = (cell.Input, cell.State("h"));
        var a = cell.Affine("h", x, h);
        cell.Next(h, activation switch
        {
            Activation.Tanh => Tanh(a),
            Activation.Relu => Relu(a),
            Activation.Sigmoid => Sigmoid(a),
            _ => a,
        });
    }
}
