using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>Long short-term memory whose output is projected to fewer features, which the gates then read: h is smaller than c. Sak, Senior &amp; Beaufays 2014, "Long
/// short-term memory recurrent neural network architectures for large scale acoustic modeling", without its peepholes, as PyTorch's <c>proj_size</c>.</summary>
/// <param name="projectionSize">Features of h; half the hidden size, rounded up, if not given.</param>
public sealed class LstmProjected(int? projectionSize) : Cell
{
    /// <summary>h has half the features of c.</summary>
    public LstmProjected() : this(null) { }

    /// <inheritdoc/>
    public override string Paper => "Sak, Senior & Beaufays 2014, Long short-term memory recurrent neural network architectures for large scale acoustic modeling";

    /// <inheritdoc/>
    internal override NativeForm? Native => new(NativeKind.Lstm, ["i", "f", "g", "o"]) { Projection = "h" };

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        int projected = projectionSize ?? (cell.HiddenSize + 1) / 2;
        var (x, h, c) = (cell.Input, cell.State("h", projected), cell.State("c"));
        var i = cell.Let("i", Sigmoid(cell.Affine("i", x, h)));
        var f = cell.Let("f", Sigmoid(cell.Affine("f", cell.HiddenSize, true, ParameterStart.ForgetBias, x, h)));
        var g = cell.Let("g", Tanh(cell.Affine("g", x, h)));
        var o = cell.Let("o", Sigmoid(cell.Affine("o", x, h)));
        cell.Next(c, f * c + i * g);
        cell.Next(h, cell.Affine("h", projected, false, ParameterStart.Default, o * Tanh(cell.NextOf(c))));
        cell.Output(cell.NextOf(h));
    }
}
