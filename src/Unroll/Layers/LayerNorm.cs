using Unroll.Tensors;
using Unroll.Tensors.Operations;

namespace Unroll.Layers;

/// <summary>Shifts and scales the last dimension to mean 0 and variance 1, then applies a learned gain and bias: Ba, Kiros &amp; Hinton 2016.
/// Parameters as in PyTorch: weight [features], the gain, at first 1; bias [features], at first 0.</summary>
public sealed class LayerNorm : Module
{
    private readonly float _epsilon;

    /// <summary>Creates the layer.</summary>
    /// <param name="features">Size of the last dimension.</param>
    /// <param name="epsilon">Added to the variance, so that equal numbers do not divide by zero.</param>
    /// <exception cref="BadUsageException">A size or <paramref name="epsilon"/> is not positive.</exception>
    public LayerNorm(int features, float epsilon = 1e-5f)
    {
        if (features < 1) throw new BadUsageException($"Layer normalisation of {features} features makes no sense; there is 1 or more.");
        if (!(epsilon > 0)) throw new BadUsageException($"The epsilon of layer normalisation is {epsilon}; it is above 0.");
        _epsilon = epsilon;
        Weight = Add("weight", [features], ParameterKind.Gain, Initializer.Ones);
        Bias = Add("bias", [features], ParameterKind.Bias, Initializer.Zeros);
    }

    /// <summary>The gain [features].</summary>
    public Parameter Weight { get; }

    /// <summary>The bias [features].</summary>
    public Parameter Bias { get; }

    /// <summary>Applies the layer.</summary>
    /// <param name="x">[.., features], for instance [batch, time, features].</param>
    /// <returns>A tensor of the same shape.</returns>
    /// <exception cref="ShapeException">The last dimension of <paramref name="x"/> has another size.</exception>
    public Tensor Forward(Tensor x) => LayerNormalization.Apply(x, Weight.Tensor, Bias.Tensor, _epsilon);
}
