using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>The independently recurrent network: a unit sees of the state before only its own. Li, Li, Cook, Zhu &amp; Gao 2018, "Independently recurrent neural network
/// (IndRNN): building a longer and deeper RNN", with relu.</summary>
public sealed class IndRnn : Cell
{
    /// <inheritdoc/>
    public override string Paper => "Li, Li, Cook, Zhu & Gao 2018, Independently recurrent neural network (IndRNN): building a longer and deeper RNN";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h) = (cell.Input, cell.State("h"));
        cell.Next(h, Relu(cell.Affine("h", x) + cell.Vector("u", static start => start) * h));
    }
}
