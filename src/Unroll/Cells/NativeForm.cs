namespace Unroll.Cells;

/// <summary>The recurrent operators that PyTorch and ONNX have.</summary>
internal enum NativeKind { Rnn, Lstm, Gru }

/// <summary>How a cell is one of the operators that PyTorch and ONNX have: the one place that knows how those name and order what is a cell's own.</summary>
/// <param name="Kind">The operator.</param>
/// <param name="Gates">The cell's names of the operator's gates, in PyTorch's order: of an LSTM the input gate, forget gate, candidate and output gate; of a GRU the reset gate, update gate and candidate; of an RNN
/// its one sum.</param>
internal sealed record NativeForm(NativeKind Kind, string[] Gates)
{
    /// <summary>Another φ of an RNN than tanh.</summary>
    public Activation Activation { get; init; } = Activation.Tanh;

    /// <summary>Another activation than tanh of an LSTM's candidate, and of what it puts out.</summary>
    public (Activation Candidate, Activation Output) Squashing { get; init; } = (Activation.Tanh, Activation.Tanh);

    /// <summary>Whether an LSTM's gates see the cell state through peephole weights, the vectors p_i, p_f and p_o (ONNX's P).</summary>
    public bool HasPeepholes { get; init; }

    /// <summary>Whether an LSTM's forget gate is what its input gate leaves (ONNX's input_forget); there are no weights of it then.</summary>
    public bool IsCoupled { get; init; }

    /// <summary>Whether a GRU's reset gate acts before the product (ONNX with linear_before_reset = 0; PyTorch has no such operator), not after it.</summary>
    public bool ResetsBefore { get; init; }

    /// <summary>The gate that opens where the operator's closes, if there is one: all that goes into it has the other sign, as σ(−a) = 1 − σ(a).</summary>
    public string? Negated { get; init; }

    /// <summary>The cell's name of what an LSTM's output is projected to, if it is (PyTorch's proj_size; ONNX has no such operator).</summary>
    public string? Projection { get; init; }

    /// <summary>Whether PyTorch has a layer of the same equations.</summary>
    public bool IsTorch => !ResetsBefore && !HasPeepholes && !IsCoupled && Squashing == (Activation.Tanh, Activation.Tanh) && Activation is Activation.Tanh or Activation.Relu;

    /// <summary>Whether ONNX has an operator of the same equations.</summary>
    public bool IsOnnx => Projection is null;
}
