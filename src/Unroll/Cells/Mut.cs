using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>Which of the three best mutations.</summary>
public enum Mutation
{
    /// <summary>MUT1: the update gate reads the input alone.</summary>
    First,
    /// <summary>MUT2: the reset gate reads the input without a gate's matrix.</summary>
    Second,
    /// <summary>MUT3: the update gate reads the state through tanh.</summary>
    Third,
}

/// <summary>The mutated gated units MUT1, MUT2 and MUT3, found by an evolutionary search. Józefowicz, Zaremba &amp; Sutskever 2015, "An empirical exploration of
/// recurrent network architectures". Where MUT1 and MUT2 add x itself, which fits inputs of the hidden size alone, a matrix W_x without a bias brings it to that
/// size.</summary>
/// <param name="mutation">Which of the three.</param>
public sealed class Mut(Mutation mutation) : Cell
{
    /// <summary>The names this cell goes by on the command line.</summary>
    public static IReadOnlyList<CellVariant> Variants { get; } =
    [
        new("mut1", "mutated gated unit 1, the update gate reads the input alone", () => new Mut(Mutation.First)),
        new("mut2", "mutated gated unit 2, the reset gate adds the input itself", () => new Mut(Mutation.Second)),
        new("mut3", "mutated gated unit 3, the update gate reads tanh of the state", () => new Mut(Mutation.Third)),
    ];

    /// <inheritdoc/>
    public override string Paper => "Józefowicz, Zaremba & Sutskever 2015, An empirical exploration of recurrent network architectures";

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h) = (cell.Input, cell.State("h"));
        Expression InputItself() => cell.Affine("x", cell.HiddenSize, false, ParameterStart.Default, x);
        var z = cell.Let("z", Sigmoid(mutation switch
        {
            Mutation.First => cell.Affine("z", x),
            Mutation.Second => cell.Affine("z", x, h),
            _ => cell.Affine("z", x, Tanh(h)),
        }));
        var r = cell.Let("r", Sigmoid(mutation == Mutation.Second ? InputItself() + cell.Affine("r", h) : cell.Affine("r", x, h)));
        var candidate = cell.Let("ĥ", Tanh(mutation == Mutation.First ? cell.Affine("h", r * h) + Tanh(InputItself()) : cell.Affine("h", x, r * h)));
        cell.Next(h, candidate * z + h * (1 - z));
    }
}
