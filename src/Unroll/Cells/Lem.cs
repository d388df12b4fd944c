using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>Long expressive memory: two states, each with time steps that the input and the state choose. Rusch, Mishra, Erichson &amp; Mahoney 2022, "Long expressive
/// memory for sequence modeling".</summary>
/// <param name="step">Δt, the longest time step.</param>
public sealed class Lem(double step) : Cell
{
    /// <summary>With Δt = 1, the paper's default.</summary>
    public Lem() : this(1) { }

    /// <inheritdoc/>
    public override string Paper => "Rusch, Mishra, Erichson & Mahoney 2022, Long expressive memory for sequence modeling";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (u, y, z) = (cell.Input, cell.State("y"), cell.State("z"));
        var stepOfZ = cell.Let("δ_z", step * Sigmoid(cell.Affine("1", u, y)));
        var stepOfY = cell.Let("δ_y", step * Sigmoid(cell.Affine("2", u, y)));
        cell.Next(z, (1 - stepOfZ) * z + stepOfZ * Tanh(cell.Affine("z", u, y)));
        cell.Next(y, (1 - stepOfY) * y + stepOfY * Tanh(cell.Affine("y", u, cell.NextOf(z))));
        cell.Output(cell.NextOf(y));
    }
}
