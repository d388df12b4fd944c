using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>The original long short-term memory of 1997, without a forget gate. Hochreiter &amp; Schmidhuber 1997, "Long short-term memory": the cell state is only
/// added to, the constant error carousel; the input is squashed to ±2, the cell state to ±1. Gradients are the full ones, where the paper cuts them at the gates.</summary>
public sealed class LstmOriginal : Cell
{
    /// <inheritdoc/>
    public override string Paper => "Hochreiter & Schmidhuber 1997, Long short-term memory";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h, c) = (cell.Input, cell.State("h"), cell.State("c"));
        var i = cell.Let("i", Sigmoid(cell.Affine("i", x, h)));
        var g = cell.Let("g", 4 * Sigmoid(cell.Affine("g", x, h)) - 2);
        var o = cell.Let("o", Sigmoid(cell.Affine("o", x, h)));
        cell.Next(c, c + i * g);
        cell.Next(h, o * (2 * Sigmoid(cell.NextOf(c)) - 1));
        cell.Output(cell.NextOf(h));
    }
}
