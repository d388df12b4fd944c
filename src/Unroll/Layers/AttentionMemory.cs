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
}
