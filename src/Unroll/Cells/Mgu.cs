using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>The minimal gated unit: a GRU whose one gate both resets and updates. Zhou, Wu, Zhang &amp; Zhou 2016, "Minimal gated unit for recurrent
/// neural networks".</summary>
public sealed class Mgu : Cell
{
    /// <inheritdoc/>
    public override string Paper => "Zhou, Wu, Zhang & Zhou 2016, Minimal gated unit for recurrent neural networks";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h) = (cell.Input, cell.State("h"));
        var f = cell.Let("f", Sigmoid(cell.Affine("f", x, h)));
        var candidate = cell.Let("ĥ", Tanh(cell.Affine("h", x, f * h)));
        cell.Next(h, (1 - f) * h + f * candidate);
    }
}
