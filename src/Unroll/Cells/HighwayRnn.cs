using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>The recurrent highway network: several highway layers within a time step. Zilly, Srivastava, Koutník &amp; Schmidhuber 2017, "Recurrent highway networks",
/// with coupled gates, c = 1 − t.</summary>
/// <param name="depth">Highway layers of a step, at least 1; the input enters the first.</param>
public sealed class HighwayRnn(int depth) : Cell
{
    /// <summary>Of depth 3.</summary>
    public HighwayRnn() : this(3) { }

    /// <inheritdoc/>
    public override string Paper => "Zilly, Srivastava, Koutník & Schmidhuber 2017, Recurrent highway networks";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        if (depth < 1) throw new EquationException($"{Name}: the depth is {depth}; give it at least 1.");
        var (x, s) = (cell.Input, cell.State("s"));
        var below = s;
        for (int layer = 1; layer <= depth; layer++)
        {
            Expression[] reads = layer == 1 ? [x, below] : [below];
            var h = cell.Let($"h_{layer}", Tanh(cell.Affine($"h{layer}", reads)));
            var t = cell.Let($"t_{layer}", Sigmoid(cell.Affine($"t{layer}", reads)));
            below = h * t + below * (1 - t);
            if (layer < depth) cell.Let($"s_{layer}", below);
        }
        cell.Next(s, below);
    }
}
