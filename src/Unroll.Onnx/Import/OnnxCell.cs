using Unroll.Cells;
using Unroll.Equations;

namespace Unroll.Onnx.Import;

/// <summary>One direction of ONNX's RNN, GRU or LSTM with all of the operator's attributes, its equations as the specification writes them
/// (https://onnx.ai/onnx/operators/onnx__LSTM.html, onnx__GRU.html, onnx__RNN.html). Matrices are declared in the order of ONNX's gates.</summary>
/// <param name="kind">The operator.</param>
/// <param name="activations">f; f and g; f, g and h.</param>
internal sealed class OnnxCell(NativeKind kind, Activation[] activations) : Cell
{
    /// <inheritdoc/>
    public override string Name => kind switch { NativeKind.Lstm => "ONNX LSTM", NativeKind.Gru => "ONNX GRU", _ => "ONNX RNN" };

    /// <summary>The gates of the peephole weights in ONNX's order.</summary>
    public const string PeepholeGates = "iof";

    /// <summary>What the sums that go into f and g are held between, −clip and clip; infinite for no bounds. The specification has the clip "applied to the input of activations", and h is one too; but
    /// what it reads is a state, and ONNX Runtime leaves it as it is. So does this cell.</summary>
    public double Clip { get; init; } = double.PositiveInfinity;

    /// <summary>Whether there are biases.</summary>
    public bool Biases { get; init; }

    /// <summary>Whether a GRU's reset gate acts on the product of the state, not on the state.</summary>
    public bool LinearBeforeReset { get; init; }

    /// <summary>Whether an LSTM forgets as much as it takes in. The specification says no more than "couple the input and forget gates"; here f = 1 − i, as in ONNX Runtime.</summary>
    public bool InputForget { get; init; }

    /// <summary>Whether an LSTM's gates see the cell state.</summary>
    public bool Peepholes { get; init; }

    /// <summary>An operator's gates in ONNX's order, by the last letter of their matrices' names.</summary>
    public static string GatesOf(NativeKind kind) => kind switch { NativeKind.Lstm => "iofc", NativeKind.Gru => "zrh", _ => "i" };

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        switch (kind)
        {
            case NativeKind.Rnn: DefineRnn(cell, cell.Input, cell.State("h")); break;
            case NativeKind.Gru: DefineGru(cell, cell.Input, cell.State("h")); break;
            default: DefineLstm(cell, cell.Input, cell.State("h"), cell.State("c")); break;
        }
    }

    private void DefineRnn(CellEquations cell, Expression x, Expression h) => cell.Next(h, Activated(0, Sum(cell, "i", x, h)));

    private void DefineGru(CellEquations cell, Expression x, Expression h)
    {
        var z = cell.Let("z", Activated(0, Sum(cell, "z", x, h)));
        var r = cell.Let("r", Activated(0, Sum(cell, "r", x, h)));
        var candidate = cell.Let("ĥ", Activated(1, LinearBeforeReset ? Sum(cell, "h", x) + r * Sum(cell, "h", h) : Sum(cell, "h", x, r * h)));
        cell.Next(h, (1 - z) * candidate + z * h);
    }

    private void DefineLstm(CellEquations cell, Expression x, Expression h, Expression c)
    {
        // Declared in ONNX's order, i, o, f, c; o is not whole before the next c is known.
        var (sumOfI, sumOfO) = (Sum(cell, "i", x, h), Sum(cell, "o", x, h));
        var i = cell.Let("i", Activated(0, Peeping(cell, "i", sumOfI, c)));
        var f = cell.Let("f", InputForget ? 1 - i : Activated(0, Peeping(cell, "f", Sum(cell, "f", x, h, ParameterStart.ForgetBias), c)));
        cell.Next(c, f * c + i * cell.Let("c̃", Activated(1, Sum(cell, "c", x, h))));
        var o = cell.Let("o", Activated(0, Peeping(cell, "o", sumOfO, cell.NextOf(c))));
        cell.Next(h, o * activations[2].Of(cell.NextOf(c)));
        cell.Output(cell.NextOf(h));
    }

    private Expression Sum(CellEquations cell, string gate, Expression a, Expression? b = null, ParameterStart bias = ParameterStart.Default) =>
        b is null ? cell.Affine(gate, cell.HiddenSize, Biases, bias, a) : cell.Affine(gate, cell.HiddenSize, Biases, bias, a, b);

    private Expression Peeping(CellEquations cell, string gate, Expression sum, Expression c) => Peepholes ? sum + cell.Vector($"p_{gate}") * c : sum;

    /// <summary>f or g of a sum, which is clipped before.</summary>
    private Expression Activated(int activation, Expression sum) => activations[activation].Of(double.IsFinite(Clip) ? Activation.Greatest(Activation.Least(sum, Clip), -Clip) : sum);
}
