using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>The cell that a search found: eight branches of the input and the state, joined two by two. Zoph &amp; Le 2017, "Neural architecture search with
/// reinforcement learning", without biases as there.</summary>
public sealed class Nas : Cell
{
    /// <inheritdoc/>
    public override string Paper => "Zoph & Le 2017, Neural architecture search with reinforcement learning";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h, c) = (cell.Input, cell.State("h"), cell.State("c"));
        Expression Sum(string branch, params ReadOnlySpan<Expression> vectors) => cell.Affine(branch, cell.HiddenSize, false, ParameterStart.Default, vectors);
        var a = cell.Let("a", Tanh(Sigmoid(Sum("1", x, h)) * Relu(Sum("2", x, h))));
        var b = cell.Let("b", Tanh(Sigmoid(Sum("3", x, h)) + Relu(Sum("4", x) * Sum("4", h))));
        var d = cell.Let("d", Tanh(Tanh(Sum("5", x, h)) * Sigmoid(Sum("6", x, h))));
        var e = cell.Let("e", Sigmoid(Tanh(Sum("7", x, h)) + Sigmoid(Sum("8", x, h))));
        cell.Next(c, Tanh(a + c) * b);
        cell.Next(h, Tanh(cell.NextOf(c) * Tanh(d + e)));
        cell.Output(cell.NextOf(h));
    }
}
