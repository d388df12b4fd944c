using Unroll.Tensors;

namespace Unroll.Layers;

/// <summary>What <see cref="Attention"/> attends to. A light handle, valid as long as the tensor it was made from.</summary>
public readonly struct AttentionMemory
{
    internal AttentionMemory(Tensor values, Tensor keys, Tensor mask) => (Values, Keys, Mask) = (values, keys, mask);

    /// <summary>[batch, places, memory size]</summary>
    public Tensor Values { get; }

    /// <summary>What queries are compared with, [batch, places, ..].</summary>
    internal Tensor Keys { get; }

    /// <summary>−∞ at places that do not count, else 0, [batch, 1, places]; or empty.</summary>
    internal Tensor Mask { get; }

    /// <summary>The memory of some of the sequences.</summary>
    /// <param name="sequences">Which, [new batch].</param>
    internal AttentionMemory Of(ReadOnlySpan<int> sequences) =>
        new(Of(Values, sequences), Of(Keys, sequences), Mask.IsEmpty ? Mask : Of(Mask, sequences));

    private static Tensor Of(Tensor tensor, ReadOnlySpan<int> sequences)
    {
        Shape shape = tensor.Shape;
        return tensor.Reshape(shape[0], shape[1] * shape[2]).Gather(sequences, [sequences.Length]).Reshape(sequences.Length, shape[1], shape[2]);
    }
}
