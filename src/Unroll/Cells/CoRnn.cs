using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>The coupled oscillatory network: each unit is a damped oscillator, y its position and z its velocity, driven by the others and the input. Rusch &amp; Mishra 2021,
/// "Coupled oscillatory recurrent neural network (coRNN)", with explicit damping.</summary>
/// <param name="step">Δt, the time step.</param>
/// <param name="frequency">γ, the square of the frequency.</param>
/// <param name="damping">ε.</param>
public sealed class CoRnn(double step, double frequency, double damping) : Cell
{
    /// <summary>With Δt = 0.042, γ = 2.7 and ε = 4.7, what the paper's code takes for sequential MNIST.</summary>
    public CoRnn() : this(0.042, 2.7, 4.7) { }

    /// <inheritdoc/>
    public override string Paper => "Rusch & Mishra 2021, Coupled oscillatory recurrent neural network (coRNN)";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (u, y, z) = (cell.Input, cell.State("y"), cell.State("z"));
        cell.Next(z, z + step * (Tanh(cell.Affine("z", u, y, z)) - frequency * y - damping * z));
        cell.Next(y, y + step * cell.NextOf(z));
        cell.Output(cell.NextOf(y));
    }
}
