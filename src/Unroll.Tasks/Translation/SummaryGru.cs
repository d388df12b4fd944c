using Unroll.Cells;
using Unroll.Equations;

namespace Unroll.Tasks.Translation;

/// <summary>The decoder's unit of the RNN Encoder–Decoder: a gated recurrent unit that reads the source's summary c at every step, and whose reset gate acts on what the state and the summary say
/// together. The summary is kept as a state that never changes. Cho et al. 2014, appendix A.1.2.</summary>
/// <param name="summarySize">Features of c.</param>
internal sealed class SummaryGru(int summarySize) : Cell
{
    /// <inheritdoc/>
    public override string Paper => "Cho et al. 2014, Learning phrase representations using RNN encoder-decoder for statistical machine translation";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h, c) = (cell.Input, cell.State("h"), cell.State("c", summarySize));
        var r = cell.Let("r", Sigmoid(cell.Affine("r", x, h, c)));
        var z = cell.Let("z", Sigmoid(cell.Affine("z", x, h, c)));
        var candidate = cell.Let("ĥ", Tanh(cell.Affine("n", x) + r * cell.Affine("n", h, c)));
        cell.Next(h, z * h + (1 - z) * candidate);
        cell.Next(c, c);
        cell.Output(cell.NextOf(h));
    }
}
