using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>Just another network: an LSTM that has kept only its forget gate. Van der Westhuizen &amp; Lasenby 2018, "The unreasonable effectiveness of the forget gate",
/// with their β = 1, by which the input's share is the smaller. The forget bias starts as the layer's options say, where the paper draws it from the longest
/// dependency expected (chrono initialisation).</summary>
public sealed class Janet : Cell
{
    private const double Beta = 1;

    /// <inheritdoc/>
    public override string Paper => "van der Westhuizen & Lasenby 2018, The unreasonable effectiveness of the forget gate";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h) = (cell.Input, cell.State("h"));
        var s = cell.Let("s", cell.Affine("f", cell.HiddenSize, true, ParameterStart.ForgetBias, x, h));
        var candidate = cell.Let("ĉ", Tanh(cell.Affine("c", x, h)));
        cell.Next(h, Sigmoid(s) * h + (1 - Sigmoid(s - Beta)) * candidate);
    }
}
