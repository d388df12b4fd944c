using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>Where a GRU's reset gate acts.</summary>
public enum ResetGate
{
    /// <summary>On the product: ĥ = tanh(W x + r ⊙ (U h + b)), as cuDNN and PyTorch.</summary>
    AfterProduct,
    /// <summary>On the state: ĥ = tanh(W x + U (r ⊙ h) + b), as Cho 2014 and the lectures.</summary>
    BeforeProduct,
}

/// <summary>What a GRU's open update gate does.</summary>
public enum UpdateGate
{
    /// <summary>hₜ = (1 − z) ⊙ ĥ + z ⊙ hₜ₋₁: an open gate keeps (Cho 2014, PyTorch).</summary>
    Keeps,
    /// <summary>hₜ = (1 − z) ⊙ hₜ₋₁ + z ⊙ ĥ: an open gate writes (Chung 2014, the lectures).</summary>
    Writes,
}

/// <summary>The gated recurrent unit. Cho et al. 2014, "Learning phrase representations using RNN encoder–decoder"; Chung et al. 2014,
/// "Empirical evaluation of gated recurrent neural networks".</summary>
/// <param name="reset">Where the reset gate acts.</param>
/// <param name="update">What an open update gate does.</param>
public sealed class Gru(ResetGate reset = ResetGate.AfterProduct, UpdateGate update = UpdateGate.Keeps) : Cell
{
    /// <summary>The names this cell goes by on the command line.</summary>
    public static IReadOnlyList<CellVariant> Variants { get; } =
    [
        new("gru", "gated recurrent unit, reset after the product, z keeps (cuDNN, PyTorch)", () => new Gru()),
        new("gru-writes", "gated recurrent unit, reset after the product, z writes", () => new Gru(update: UpdateGate.Writes)),
        new("gru-before", "gated recurrent unit, reset before the product, z keeps (Cho 2014)", () => new Gru(ResetGate.BeforeProduct)),
        new("gru-before-writes", "gated recurrent unit, reset before the product, z writes (Chung 2014, the lectures)", () => new Gru(ResetGate.BeforeProduct, UpdateGate.Writes)),
    ];

    /// <inheritdoc/>
    public override string Paper => "Cho et al. 2014, Learning phrase representations using RNN encoder-decoder";

    /// <inheritdoc/>
    internal override NativeForm? Native => new(NativeKind.Gru, ["r", "z", "n"]) { ResetsBefore = reset == ResetGate.BeforeProduct, Negated = update == UpdateGate.Writes ? "z" : null };

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h) = (cell.Input, cell.State("h"));
        var r = cell.Let("r", Sigmoid(cell.Affine("r", x, h)));
        var z = cell.Let("z", Sigmoid(cell.Affine("z", x, h)));
        var candidate = cell.Let("ĥ", Tanh(reset == ResetGate.BeforeProduct
            ? cell.Affine("n", x, r * h)
            : cell.Affine("n", x) + r * cell.Affine("n", h)));
        cell.Next(h, update == UpdateGate.Keeps ? (1 - z) * candidate + z * h : (1 - z) * h + z * candidate);
    }
}
