using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>The minimal GRU: gate and candidate read the input alone, so that the recurrence is linear in the state. Feng, Tung, Ahmed, Bengio &amp; Hajimirsadeghi 2024,
/// "Were RNNs all we needed?".</summary>
public sealed class MinGru : Cell
{
    /// <inheritdoc/>
    public override string Paper => "Feng, Tung, Ahmed, Bengio & Hajimirsadeghi 2024, Were RNNs all we needed?";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h) = (cell.Input, cell.State("h"));
        var z = cell.Let("z", Sigmoid(cell.Affine("z", x)));
        var candidate = cell.Let("ĥ", cell.Affine("h", x));
        cell.Next(h, (1 - z) * h + z * candidate);
    }
}
