using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>The simple recurrent unit: every matrix multiplies the input alone, and a second gate lets the input pass around the state. Lei, Zhang, Wang, Dai &amp; Artzi
/// 2018, "Simple recurrent units for highly parallelizable recurrence"; without the state in the gates it is that of the first version of 2017, whose recurrence is linear in
/// the state. An input of another size passes through a matrix of its own.</summary>
/// <param name="readsState">Whether the gates read the state, unit by unit.</param>
public sealed class Sru(bool readsState) : Cell
{
    /// <summary>The names this cell goes by on the command line.</summary>
    public static IReadOnlyList<CellVariant> Variants { get; } =
    [
        new("sru", "simple recurrent unit, its gates read the input alone (Lei 2017)", () => new Sru(false)),
        new("sru-state", "simple recurrent unit, its gates read the state too, unit by unit (Lei 2018)", () => new Sru(true)),
    ];

    /// <inheritdoc/>
    public override string Paper => "Lei, Zhang, Wang, Dai & Artzi 2018, Simple recurrent units for highly parallelizable recurrence";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, c) = (cell.Input, cell.State("c"));
        Expression Linear(string name) => cell.Affine(name, cell.HiddenSize, false, ParameterStart.Default, x);
        Expression Gate(string name)
        {
            var sum = cell.Affine(name, x);
            return cell.Let(name, Sigmoid(readsState ? sum + cell.Vector($"v_{name}") * c : sum));
        }
        var candidate = cell.Let("x̃", Linear("c"));
        var (f, r) = (Gate("f"), Gate("r"));
        cell.Next(c, f * c + (1 - f) * candidate);
        cell.Output(r * cell.NextOf(c) + (1 - r) * (cell.InputSize == cell.HiddenSize ? x : Linear("x")));
    }
}
