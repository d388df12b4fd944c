using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>The minimal recurrent network: the input is mapped into the space of the state, where one gate weighs the two. Chen 2017, "MinimalRNN: toward more
/// interpretable and trainable recurrent neural networks".</summary>
public sealed class MinimalRnn : Cell
{
    /// <inheritdoc/>
    public override string Paper => "Chen 2017, MinimalRNN: toward more interpretable and trainable recurrent neural networks";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h) = (cell.Input, cell.State("h"));
        var z = cell.Let("z", Tanh(cell.Affine("z", x)));
        var u = cell.Let("u", Sigmoid(cell.Affine("u", h, z)));
        cell.Next(h, u * h + (1 - u) * z);
    }
}
