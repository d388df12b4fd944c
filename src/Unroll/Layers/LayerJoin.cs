using Unroll.Tensors;
using Unroll.Tensors.Operations;

namespace Unroll.Layers;

/// <summary>What happens to a recurrent layer's output before the next layer reads it: layer normalisation, then the connection past the layer.</summary>
internal sealed class LayerJoin : Module
{
    private readonly LayerConnection connection;
    private readonly LayerNorm? norm;
    private readonly Parameter? gateWeight, gateBias;
    private readonly int features;

    /// <param name="features">Of the layer's output, and of its input if there is a connection.</param>
    /// <param name="layerNorm">Whether the layer's output is normalised.</param>
    /// <param name="connection">What leads past the layer.</param>
    public LayerJoin(int features, bool layerNorm, LayerConnection connection)
    {
        (this.features, this.connection) = (features, connection);
        if (layerNorm) norm = Add("norm", new LayerNorm(features));
        if (connection != LayerConnection.Highway) return;
        gateWeight = Add("gate_weight", [features, features], ParameterKind.Weight, Initializer.Uniform(1 / MathF.Sqrt(features)));
        gateBias = Add("gate_bias", [features], ParameterKind.Bias, Initializer.Constant(-1));
    }

    /// <summary>Floats of what it makes of each step.</summary>
    public long FloatsPerStep => features * ((norm is null ? 0L : 2) + connection switch { LayerConnection.Residual => 1, LayerConnection.Highway => 6, _ => 0 });

    /// <summary>Multiply-adds of each step.</summary>
    public long MultiplyAddsPerStep => gateWeight?.Shape.Count ?? 0;

    /// <summary>Joins.</summary>
    /// <param name="x">What the layer read: [batch, time, features].</param>
    /// <param name="y">What it gave out: [batch, time, features], zero beyond a sequence's length.</param>
    /// <param name="lengths">Steps of each sequence; all if empty.</param>
    /// <returns>[batch, time, features], zero beyond a sequence's length.</returns>
    public Tensor Forward(Tensor x, Tensor y, ReadOnlySpan<int> lengths)
    {
        if (norm is not null)
        {
            y = norm.Forward(y);
            // The bias of the normalisation is there beyond a sequence's length too.
            if (!lengths.IsEmpty) y *= LengthMask.Apply(lengths, y.Shape[1], within: 1, beyond: 0).Reshape(y.Shape[0], y.Shape[1], 1);
        }
        switch (connection)
        {
            case LayerConnection.Residual: return x + y;
            case LayerConnection.Highway:
                Tensor t = (x.MatMul(gateWeight!.Tensor, transposeRight: true) + gateBias!.Tensor).Sigmoid();
                return x + t * (y - x);
            default: return y;
        }
    }
}
