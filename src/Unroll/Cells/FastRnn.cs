using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>The plain recurrent network with a weighted residual connection: two learned numbers say how much of a step is new. Kusupati, Singh, Bhatia, Kumar, Jain &amp;
/// Varma 2018, "FastGRNN: a fast, accurate, stable and tiny kilobyte sized gated recurrent neural network"; α and β start as in the authors' code.</summary>
public sealed class FastRnn : Cell
{
    /// <inheritdoc/>
    public override string Paper => "Kusupati, Singh, Bhatia, Kumar, Jain & Varma 2018, FastGRNN: a fast, accurate, stable and tiny kilobyte sized gated recurrent neural network";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h) = (cell.Input, cell.State("h"));
        var candidate = cell.Let("ĥ", Tanh(cell.Affine("h", x, h)));
        cell.Next(h, Sigmoid(cell.Scalar("α", -3)) * candidate + Sigmoid(cell.Scalar("β", 3)) * h);
    }
}
