using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>The antisymmetric network: a step of an ordinary differential equation whose Jacobian has eigenvalues of real part about zero, so that a state neither grows nor
/// fades. Chang, Chen, Haber &amp; Chi 2019, "AntisymmetricRNN: a dynamical system view on recurrent neural networks".</summary>
/// <param name="step">ε, the size of a step.</param>
/// <param name="diffusion">γ, which keeps the step stable.</param>
public sealed class AntisymmetricRnn(double step, double diffusion) : Cell
{
    /// <summary>With ε = γ = 0.01.</summary>
    public AntisymmetricRnn() : this(0.01, 0.01) { }

    /// <inheritdoc/>
    public override string Paper => "Chang, Chen, Haber & Chi 2019, AntisymmetricRNN: a dynamical system view on recurrent neural networks";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h) = (cell.Input, cell.State("h"));
        cell.Next(h, h + step * Tanh(cell.Affine("h", x, h) - cell.Transposed("U_h", h) - diffusion * h));
    }
}
