using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>Long short-term memory whose gates see the cell state through peephole weights. Gers &amp; Schmidhuber 2000, "Recurrent nets that
/// time and count"; Gers, Schraudolph &amp; Schmidhuber 2002, "Learning precise timing with LSTM recurrent networks".</summary>
public sealed class LstmPeephole : Cell
{
    /// <inheritdoc/>
    public override string Paper =>
        "Gers & Schmidhuber 2000, Recurrent nets that time and count; Gers, Schraudolph & Schmidhuber 2002, Learning precise timing with LSTM recurrent networks";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h, c) = (cell.Input, cell.State("h"), cell.State("c"));
        var i = cell.Let("i", Sigmoid(cell.Affine("i", x, h) + cell.Vector("p_i") * c));
        var f = cell.Let("f", Sigmoid(cell.Affine("f", cell.HiddenSize, true, ParameterStart.ForgetBias, x, h) + cell.Vector("p_f") * c));
        var g = cell.Let("g", Tanh(cell.Affine("g", x, h)));
        cell.Next(c, f * c + i * g);
        var o = cell.Let("o", Sigmoid(cell.Affine("o", x, h) + cell.Vector("p_o") * cell.NextOf(c)));
        cell.Next(h, o * Tanh(cell.NextOf(c)));
        cell.Output(cell.NextOf(h));
    }
}
