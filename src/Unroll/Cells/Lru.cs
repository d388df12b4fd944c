using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>The linear recurrent unit: a diagonal, complex recurrence that is linear in the state and stable whatever its parameters. The state is h = p + iq, and the
/// eigenvalues λ = e^(−e^ν + ie^θ) start spread over a ring. Orvieto, Smith, Gu, Fernando, Gulcehre, Pascanu &amp; De 2023, "Resurrecting recurrent neural
/// networks for long sequences". The paper trains the scale of the input, γ, from √(1 − |λ|²) on; here it is that root times a factor e^δ that starts as 1.</summary>
/// <param name="leastRadius">The least |λ| at first.</param>
/// <param name="greatestRadius">The greatest |λ| at first.</param>
public sealed class Lru(double leastRadius, double greatestRadius) : Cell
{
    /// <summary>The unit with eigenvalues spread over the whole unit disk.</summary>
    public Lru() : this(0, 1)
    {
    }

    /// <inheritdoc/>
    public override string Paper => "Orvieto, Smith, Gu, Fernando, Gulcehre, Pascanu & De 2023, Resurrecting recurrent neural networks for long sequences";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, p, q) = (cell.Input, cell.State("p"), cell.State("q"));
        double least = leastRadius * leastRadius, greatest = greatestRadius * greatestRadius;
        // Uniform over the area of the ring.
        var decay = Exp(cell.Vector("ν", u => Math.Log(-0.5 * Math.Log(least + u * (greatest - least)))));
        var phase = Exp(cell.Vector("θ", u => Math.Log(2 * Math.PI * u)));
        var a = cell.Let("a", Exp(-decay) * Cos(phase));
        var b = cell.Let("b", Exp(-decay) * Sin(phase));
        var scale = cell.Let("γ", Sqrt(1 - Exp(-2 * decay)) * Exp(cell.Vector("δ", cell.HiddenSize, ParameterStart.Zeros)));
        cell.Next(p, a * p - b * q + scale * cell.Affine("p", cell.HiddenSize, false, ParameterStart.Default, x));
        cell.Next(q, b * p + a * q + scale * cell.Affine("q", cell.HiddenSize, false, ParameterStart.Default, x));
        cell.Output(cell.Affine("y", cell.HiddenSize, false, ParameterStart.Default, cell.NextOf(p), cell.NextOf(q), x));
    }
}
