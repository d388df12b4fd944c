using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>The structurally constrained network: a context s that changes slowly beside a plain recurrent state. Mikolov, Joulin, Chopra, Mathieu &amp; Ranzato 2014,
/// "Learning longer memory in recurrent neural networks", with α = 0.95 and as many slow features as fast. What both say together is put out; the paper's
/// softmax of it is the layer above.</summary>
public sealed class Scrn : Cell
{
    // α and 1 − α, each as it is printed.
    private const double Keeps = 0.95, Takes = 0.05;

    /// <inheritdoc/>
    public override string Paper => "Mikolov, Joulin, Chopra, Mathieu & Ranzato 2014, Learning longer memory in recurrent neural networks";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h, s) = (cell.Input, cell.State("h"), cell.State("s"));
        Expression Linear(string name, params ReadOnlySpan<Expression> vectors) => cell.Affine(name, cell.HiddenSize, false, ParameterStart.Default, vectors);
        cell.Next(s, Takes * Linear("s", x) + Keeps * s);
        cell.Next(h, Sigmoid(Linear("h", x, h, cell.NextOf(s))));
        cell.Output(Linear("y", cell.NextOf(h), cell.NextOf(s)));
    }
}
