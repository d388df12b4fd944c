using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>The light GRU: no reset gate, and relu for tanh. Ravanelli, Brakel, Omologo &amp; Bengio 2018, "Light gated recurrent units for speech recognition", without
/// the paper's batch normalisation of the input's products: biases stand in its place.</summary>
public sealed class LiGru : Cell
{
    /// <inheritdoc/>
    public override string Paper => "Ravanelli, Brakel, Omologo & Bengio 2018, Light gated recurrent units for speech recognition";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h) = (cell.Input, cell.State("h"));
        var z = cell.Let("z", Sigmoid(cell.Affine("z", x, h)));
        var candidate = cell.Let("ĥ", Relu(cell.Affine("h", x, h)));
        cell.Next(h, z * h + (1 - z) * candidate);
    }
}
