using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>The scalar LSTM of xLSTM: the input gate is exponential, n counts what the gates have let in, and m, the largest exponent so far, keeps both in range. Beck,
/// Pöppel, Spanring, Auer, Prudnikova, Kopp, Klambauer, Brandstetter &amp; Hochreiter 2024, "xLSTM: extended long short-term memory", with one head and a sigmoid forget
/// gate.</summary>
public sealed class SLstm : Cell
{
    /// <inheritdoc/>
    public override string Name => "sLSTM";

    /// <inheritdoc/>
    public override string Paper => "Beck et al. 2024, xLSTM: extended long short-term memory";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h, c, n, m) = (cell.Input, cell.State("h"), cell.State("c"), cell.State("n"), cell.State("m"));
        // log σ(a) = −softplus(−a).
        var kept = cell.Let("k", m - Softplus(-cell.Affine("f", cell.HiddenSize, true, ParameterStart.ForgetBias, x, h)));
        var entering = cell.Affine("i", x, h);
        cell.Next(m, Max(kept, entering));
        var f = cell.Let("f", Exp(kept - cell.NextOf(m)));
        var i = cell.Let("i", Exp(entering - cell.NextOf(m)));
        var z = cell.Let("z", Tanh(cell.Affine("z", x, h)));
        var o = cell.Let("o", Sigmoid(cell.Affine("o", x, h)));
        cell.Next(c, f * c + i * z);
        // A count is never negative; one that a user begins with may be, and must not cancel.
        cell.Next(n, f * Abs(n) + i);
        // Where nothing has come in, nothing is put out.
        cell.Next(h, o * (cell.NextOf(c) / (cell.NextOf(n) + 1e-30)));
        cell.Output(cell.NextOf(h));
    }
}
