using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>The quasi-recurrent network: gates and candidate are a convolution over this input and the one before, and the recurrence is elementwise and linear in the
/// state. Bradbury, Merity, Xiong &amp; Socher 2017, "Quasi-recurrent neural networks", with a filter of width 2 and fo-pooling; the state p is the input before.</summary>
public sealed class Qrnn : Cell
{
    /// <inheritdoc/>
    public override string Paper => "Bradbury, Merity, Xiong & Socher 2017, Quasi-recurrent neural networks";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, c, p) = (cell.Input, cell.State("c"), cell.State("p", cell.InputSize));
        var z = cell.Let("z", Tanh(cell.Affine("z", x, p)));
        var f = cell.Let("f", Sigmoid(cell.Affine("f", x, p)));
        var o = cell.Let("o", Sigmoid(cell.Affine("o", x, p)));
        cell.Next(c, f * c + (1 - f) * z);
        cell.Next(p, x);
        cell.Output(o * cell.NextOf(c));
    }
}
