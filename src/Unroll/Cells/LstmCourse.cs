using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>The LSTM in the notation of the deep-learning course that the lectures quote: gates Γ_u, Γ_f and Γ_o, and a for what is put out. The same function as
/// <c>lstm</c>. Ng 2018, "Sequence models", after Hochreiter &amp; Schmidhuber 1997.</summary>
public sealed class LstmCourse : Cell
{
    /// <inheritdoc/>
    public override string Paper => "Hochreiter & Schmidhuber 1997, Long short-term memory, in the notation of Ng 2018, Sequence models";

    /// <inheritdoc/>
    internal override NativeForm? Native => new(NativeKind.Lstm, ["u", "f", "c", "o"]);

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, a, c) = (cell.Input, cell.State("a"), cell.State("c"));
        var candidate = cell.Let("c̃", Tanh(cell.Affine("c", x, a)));
        var update = cell.Let("Γ_u", Sigmoid(cell.Affine("u", x, a)));
        var forget = cell.Let("Γ_f", Sigmoid(cell.Affine("f", cell.HiddenSize, true, ParameterStart.ForgetBias, x, a)));
        var output = cell.Let("Γ_o", Sigmoid(cell.Affine("o", x, a)));
        cell.Next(c, update * candidate + forget * c);
        cell.Next(a, output * Tanh(cell.NextOf(c)));
        cell.Output(cell.NextOf(a));
    }
}
