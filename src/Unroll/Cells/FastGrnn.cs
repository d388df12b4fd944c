using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>The gated form of FastRNN: gate and candidate share their matrices and differ in their biases alone. Kusupati, Singh, Bhatia, Kumar, Jain &amp; Varma 2018,
/// "FastGRNN: a fast, accurate, stable and tiny kilobyte sized gated recurrent neural network", with whole matrices; ζ and ν start as in the authors' code.</summary>
public sealed class FastGrnn : Cell
{
    /// <inheritdoc/>
    public override string Paper => "Kusupati, Singh, Bhatia, Kumar, Jain & Varma 2018, FastGRNN: a fast, accurate, stable and tiny kilobyte sized gated recurrent neural network";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h) = (cell.Input, cell.State("h"));
        var a = cell.Let("a", cell.Affine("a", cell.HiddenSize, false, ParameterStart.Default, x, h));
        var z = cell.Let("z", Sigmoid(a + cell.Bias("z")));
        var candidate = cell.Let("ĥ", Tanh(a + cell.Bias("h")));
        cell.Next(h, (Sigmoid(cell.Scalar("ζ", 1)) * (1 - z) + Sigmoid(cell.Scalar("ν", -4))) * candidate + z * h);
    }
}
