using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>The gated recurrent unit with layer normalisation of its products. Ba, Kiros &amp; Hinton 2016, "Layer normalization", supplement: the gates' input
/// products are normalised together, so are their recurrent products, and each of the candidate's two by itself. Of two biases that are only added, one
/// is kept.</summary>
public sealed class GruLayerNorm : Cell
{
    /// <inheritdoc/>
    public override string Paper => "Ba, Kiros & Hinton 2016, Layer normalization";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h) = (cell.Input, cell.State("h"));
        Expression Product(string gate, Expression vector) => cell.Affine(gate, cell.HiddenSize, false, ParameterStart.Default, vector);
        var ofX = cell.LayerNorm("x", Product("r", x), Product("z", x));
        var ofH = cell.LayerNorm("h", Product("r", h), Product("z", h));
        var r = cell.Let("r", Sigmoid(ofX[0] + ofH[0] + cell.Bias("r")));
        var z = cell.Let("z", Sigmoid(ofX[1] + ofH[1] + cell.Bias("z")));
        var candidate = cell.Let("ĥ", Tanh(cell.LayerNorm("nx", Product("n", x)) + cell.Bias("n") + r * (cell.LayerNorm("nh", Product("n", h)) + cell.Bias("n"))));
        cell.Next(h, (1 - z) * h + z * candidate);
    }
}
