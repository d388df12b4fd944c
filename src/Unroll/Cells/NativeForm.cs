namespace Unroll.Cells;

/// <summary>The recurrent operators that PyTorch and ONNX have.</summary>
internal enum NativeKind { Rnn, Lstm, Gru }

/// <summary>How a cell is one of the operators that PyTorch and ONNX have: the one place that knows how those name and order what is a cell's own.</summary>
/// <param name="Kind">The operator.</param>
/// <param name="Gates">The cell's names of the operator's gates, in PyTorch's order: of an LSTM the input gate, forget gate, candidate and output gate; of a GRU the reset gate, update gate and candidate; of an RNN
/// its one sum.</param>
internal sealed record NativeForm(NativeKind Kind, string[] Gates)
{
    /// <summary>Whether an RNN is one of relu, not of tanh.</summary>
    public bool IsRelu { get; init; }

    /// <summary>Whether a GRU's reset gate acts before the product (ONNX with linear_before_reset = 0; PyTorch has no such operator), not after it.</summary>
    public bool ResetsBefore { get; init; }

    /// <summary>The gate that opens where the operator's closes, if there is one: all that goes into it has the other sign, as σ(−a) = 1 − σ(a).</summary>
    public string? Negated { get; init; }

    /// <summary>The cell's name of what an LSTM's output is projected to, if it is.</summary>
    public string? Projection { get; init; }
}
