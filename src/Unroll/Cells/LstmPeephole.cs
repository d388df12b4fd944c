using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>What a variant of the peephole LSTM leaves out, couples or adds. Greff et al. 2015, "LSTM: A search space odyssey".</summary>
public enum LstmVariant
{
    /// <summary>Nothing: the baseline.</summary>
    Vanilla,
    /// <summary>NIG: no input gate, i = 1.</summary>
    NoInputGate,
    /// <summary>NFG: no forget gate, f = 1.</summary>
    NoForgetGate,
    /// <summary>NOG: no output gate, o = 1.</summary>
    NoOutputGate,
    /// <summary>NIAF: no input activation function, g is not squashed.</summary>
    NoInputActivation,
    /// <summary>NOAF: no output activation function, the cell state is put out as it is.</summary>
    NoOutputActivation,
    /// <summary>CIFG: coupled input and forget gate, f = 1 − i.</summary>
    CoupledGates,
    /// <summary>FGR: full gate recurrence, every gate sees all gates of the step before.</summary>
    FullGateRecurrence,
}

/// <summary>Long short-term memory whose gates see the cell state through peephole weights. Gers &amp; Schmidhuber 2000, "Recurrent nets that
/// time and count"; Gers, Schraudolph &amp; Schmidhuber 2002, "Learning precise timing with LSTM recurrent networks"; its variants: Greff et al. 2015, "LSTM: A search
/// space odyssey". Their eighth, NP, has no peepholes: it is <see cref="Lstm"/>.</summary>
/// <param name="variant">What differs from the baseline.</param>
public sealed class LstmPeephole(LstmVariant variant = LstmVariant.Vanilla) : Cell
{
    /// <summary>The names this cell goes by on the command line.</summary>
    public static IReadOnlyList<CellVariant> Variants { get; } =
    [
        new("lstm-peephole", "long short-term memory whose gates see the cell state through peephole weights", () => new LstmPeephole()),
        new("lstm-nig", "peephole LSTM without an input gate (Greff 2015, NIG)", () => new LstmPeephole(LstmVariant.NoInputGate)),
        new("lstm-nfg", "peephole LSTM without a forget gate (Greff 2015, NFG)", () => new LstmPeephole(LstmVariant.NoForgetGate)),
        new("lstm-nog", "peephole LSTM without an output gate (Greff 2015, NOG)", () => new LstmPeephole(LstmVariant.NoOutputGate)),
        new("lstm-niaf", "peephole LSTM without an input activation function (Greff 2015, NIAF)", () => new LstmPeephole(LstmVariant.NoInputActivation)),
        new("lstm-noaf", "peephole LSTM without an output activation function (Greff 2015, NOAF)", () => new LstmPeephole(LstmVariant.NoOutputActivation)),
        new("lstm-cifg", "peephole LSTM with coupled input and forget gate (Greff 2015, CIFG)", () => new LstmPeephole(LstmVariant.CoupledGates)),
        new("lstm-fgr", "peephole LSTM with full gate recurrence (Greff 2015, FGR)", () => new LstmPeephole(LstmVariant.FullGateRecurrence)),
    ];

    /// <inheritdoc/>
    public override string Paper => variant == LstmVariant.Vanilla
        ? "Gers & Schmidhuber 2000, Recurrent nets that time and count; Gers, Schraudolph & Schmidhuber 2002, Learning precise timing with LSTM recurrent networks"
        : "Greff, Srivastava, Koutník, Steunebrink & Schmidhuber 2015, LSTM: A search space odyssey";

    /// <inheritdoc/>
    internal override NativeForm? Native => variant is LstmVariant.Vanilla or LstmVariant.CoupledGates or LstmVariant.NoInputActivation or LstmVariant.NoOutputActivation ? new(NativeKind.Lstm, ["i", "f", "g", "o"])
    {
        HasPeepholes = true,
        IsCoupled = variant == LstmVariant.CoupledGates,
        Squashing = (variant == LstmVariant.NoInputActivation ? Activation.Identity : Activation.Tanh, variant == LstmVariant.NoOutputActivation ? Activation.Identity : Activation.Tanh),
    } : null;

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h, c) = (cell.Input, cell.State("h"), cell.State("c"));
        // With full gate recurrence the gates are states: a gate reads them all as the step before left them.
        string[] recurrent = variant == LstmVariant.FullGateRecurrence ? ["i", "f", "o"] : [];
        var gates = recurrent.ToDictionary(gate => gate, gate => cell.State(gate));
        Expression Gate(string name, Expression cellState, ParameterStart bias = ParameterStart.Default)
        {
            var open = Sigmoid(cell.Affine(name, cell.HiddenSize, true, bias, [x, h, .. gates.Values]) + cell.Vector($"p_{name}") * cellState);
            if (!gates.TryGetValue(name, out var gate)) return cell.Let(name, open);
            cell.Next(gate, open);
            return cell.NextOf(gate);
        }

        var i = variant == LstmVariant.NoInputGate ? null : Gate("i", c);
        var f = variant switch
        {
            LstmVariant.NoForgetGate => null,
            LstmVariant.CoupledGates => cell.Let("f", 1 - i!),
            _ => Gate("f", c, ParameterStart.ForgetBias),
        };
        var a = cell.Affine("g", x, h);
        var g = cell.Let("g", variant == LstmVariant.NoInputActivation ? a : Tanh(a));
        cell.Next(c, Through(f, c) + Through(i, g));
        var o = variant == LstmVariant.NoOutputGate ? null : Gate("o", cell.NextOf(c));
        cell.Next(h, Through(o, variant == LstmVariant.NoOutputActivation ? cell.NextOf(c) : Tanh(cell.NextOf(c))));
        cell.Output(cell.NextOf(h));
    }

    /// <summary>A value behind a gate; a gate that is left out is open.</summary>
    private static Expression Through(Expression? gate, Expression value) => gate is null ? value : gate * value;
}
