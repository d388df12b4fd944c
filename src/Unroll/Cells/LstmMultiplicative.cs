using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>Multiplicative long short-term memory: the gates read m, the product of what the input and the state say, so that each input has a recurrent
/// matrix of its own. Krause, Lu, Murray &amp; Renals 2016, "Multiplicative LSTM for sequence modelling".</summary>
public sealed class LstmMultiplicative : Cell
{
    /// <inheritdoc/>
    public override string Paper => "Krause, Lu, Murray & Renals 2016, Multiplicative LSTM for sequence modelling";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h, c) = (cell.Input, cell.State("h"), cell.State("c"));
        Expression Product(Expression vector) => cell.Affine("m", cell.HiddenSize, false, ParameterStart.Default, vector);
        var m = cell.Let("m", Product(x) * Product(h));
        var i = cell.Let("i", Sigmoid(cell.Affine("i", x, m)));
        var f = cell.Let("f", Sigmoid(cell.Affine("f", cell.HiddenSize, true, ParameterStart.ForgetBias, x, m)));
        var g = cell.Let("g", Tanh(cell.Affine("g", x, m)));
        var o = cell.Let("o", Sigmoid(cell.Affine("o", x, m)));
        cell.Next(c, f * c + i * g);
        cell.Next(h, o * Tanh(cell.NextOf(c)));
        cell.Output(cell.NextOf(h));
    }
}
