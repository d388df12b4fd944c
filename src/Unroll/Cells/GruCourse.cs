using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>The GRU in the notation of the deep-learning course that the lectures quote: gates Γ, and c for the state. Γ_u writes, Γ_r acts before the product: the full GRU,
/// the same function as <c>gru-before-writes</c>. Ng 2018, "Sequence models", after Cho et al. 2014.</summary>
public sealed class GruCourse : Cell
{
    /// <inheritdoc/>
    public override string Paper => "Cho et al. 2014, Learning phrase representations using RNN encoder-decoder, in the notation of Ng 2018, Sequence models";

    /// <inheritdoc/>
    internal override NativeForm? Native => new(NativeKind.Gru, ["r", "u", "c"]) { ResetsBefore = true, Negated = "u" };

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, c) = (cell.Input, cell.State("c"));
        var update = cell.Let("Γ_u", Sigmoid(cell.Affine("u", x, c)));
        var relevance = cell.Let("Γ_r", Sigmoid(cell.Affine("r", x, c)));
        var candidate = cell.Let("c̃", Tanh(cell.Affine("c", x, relevance * c)));
        cell.Next(c, update * candidate + (1 - update) * c);
    }
}
