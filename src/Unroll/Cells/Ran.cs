using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>The recurrent additive network: the cell state is a sum of inputs weighted by gates, and no product of the state but the gates'. Lee,
/// Levy &amp; Zettlemoyer 2017, "Recurrent additive networks", with g = tanh.</summary>
public sealed class Ran : Cell
{
    /// <inheritdoc/>
    public override string Paper => "Lee, Levy & Zettlemoyer 2017, Recurrent additive networks";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h, c) = (cell.Input, cell.State("h"), cell.State("c"));
        var candidate = cell.Let("ĉ", cell.Affine("c", cell.HiddenSize, false, ParameterStart.Default, x));
        var i = cell.Let("i", Sigmoid(cell.Affine("i", x, h)));
        var f = cell.Let("f", Sigmoid(cell.Affine("f", cell.HiddenSize, true, ParameterStart.ForgetBias, x, h)));
        cell.Next(c, i * candidate + f * c);
        cell.Next(h, Tanh(cell.NextOf(c)));
        cell.Output(cell.NextOf(h));
    }
}
