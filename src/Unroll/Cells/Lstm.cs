using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>Long short-term memory with a forget gate. Hochreiter &amp; Schmidhuber 1997, "Long short-term memory";
/// Gers, Schmidhuber &amp; Cummins 2000, "Learning to forget".</summary>
public sealed class Lstm : Cell
{
    /// <inheritdoc/>
    public override string Paper => "Hochreiter & Schmidhuber 1997, Long short-term memory; Gers, Schmidhuber & Cummins 2000, Learning to forget";

    /// <inheritdoc/>
    internal override NativeForm? Native => new(NativeKind.Lstm, ["i", "f", "g", "o"]);

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h, c) = (cell.Input, cell.State("h"), cell.State("c"));
        var i = cell.Let("i", Sigmoid(cell.Affine("i", x, h)));
        var f = cell.Let("f", Sigmoid(cell.Affine("f", cell.HiddenSize, true, ParameterStart.ForgetBias, x, h)));
        var g = cell.Let("g", Tanh(cell.Affine("g", x, h)));
        var o = cell.Let("o", Sigmoid(cell.Affine("o", x, h)));
        cell.Next(c, f * c + i * g);
        cell.Next(h, o * Tanh(cell.NextOf(c)));
        cell.Output(cell.NextOf(h));
    }
}
