using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>Long short-term memory with layer normalisation of its products and of its cell state. Ba, Kiros &amp; Hinton 2016, "Layer normalization", supplement:
/// the four gates' input products are normalised together, so are their recurrent products, and the cell state is where it is put out. The paper's three biases of a
/// gate are one here: only their sum acts.</summary>
public sealed class LstmLayerNorm : Cell
{
    /// <inheritdoc/>
    public override string Paper => "Ba, Kiros & Hinton 2016, Layer normalization";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h, c) = (cell.Input, cell.State("h"), cell.State("c"));
        Expression Product(string gate, Expression vector) => cell.Affine(gate, cell.HiddenSize, false, ParameterStart.Default, vector);
        var ofX = cell.LayerNorm("x", Product("i", x), Product("f", x), Product("g", x), Product("o", x));
        var ofH = cell.LayerNorm("h", Product("i", h), Product("f", h), Product("g", h), Product("o", h));
        var i = cell.Let("i", Sigmoid(ofX[0] + ofH[0] + cell.Bias("i")));
        var f = cell.Let("f", Sigmoid(ofX[1] + ofH[1] + cell.Bias("f", ParameterStart.ForgetBias)));
        var g = cell.Let("g", Tanh(ofX[2] + ofH[2] + cell.Bias("g")));
        var o = cell.Let("o", Sigmoid(ofX[3] + ofH[3] + cell.Bias("o")));
        cell.Next(c, f * c + i * g);
        cell.Next(h, o * Tanh(cell.LayerNorm("c", cell.NextOf(c)) + cell.Bias("c")));
        cell.Output(cell.NextOf(h));
    }
}
