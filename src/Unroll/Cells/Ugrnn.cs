using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>The update gate network: a plain recurrent network with a gate that keeps. Collins, Sohl-Dickstein &amp; Sussillo 2016, "Capacity and trainability in
/// recurrent neural networks".</summary>
public sealed class Ugrnn : Cell
{
    /// <inheritdoc/>
    public override string Paper => "Collins, Sohl-Dickstein & Sussillo 2016, Capacity and trainability in recurrent neural networks";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h) = (cell.Input, cell.State("h"));
        var g = cell.Let("g", Sigmoid(cell.Affine("g", cell.HiddenSize, true, ParameterStart.ForgetBias, x, h)));
        var candidate = cell.Let("ĉ", Tanh(cell.Affine("c", x, h)));
        cell.Next(h, g * h + (1 - g) * candidate);
    }
}
