using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>The minimal LSTM: gates and candidate read the input alone, and the gates are scaled to a sum of 1, so that the recurrence is linear in the state. Feng,
/// Tung, Ahmed, Bengio &amp; Hajimirsadeghi 2024, "Were RNNs all we needed?".</summary>
public sealed class MinLstm : Cell
{
    /// <inheritdoc/>
    public override string Paper => "Feng, Tung, Ahmed, Bengio & Hajimirsadeghi 2024, Were RNNs all we needed?";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h) = (cell.Input, cell.State("h"));
        var f = cell.Let("f", Sigmoid(cell.Affine("f", cell.HiddenSize, true, ParameterStart.ForgetBias, x)));
        var i = cell.Let("i", Sigmoid(cell.Affine("i", x)));
        var candidate = cell.Let("ĥ", cell.Affine("h", x));
        cell.Next(h, f / (f + i) * h + i / (f + i) * candidate);
    }
}
