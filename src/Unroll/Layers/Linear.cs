using Unroll.Tensors;

namespace Unroll.Layers;

/// <summary>An affine map of the last dimension: y = x·Wᵀ + b. Parameters: weight [outputs, inputs], bias [outputs]; at first uniform within
/// ±1/√inputs, as in PyTorch.</summary>
public sealed class Linear : Module
{
    private readonly Parameter _weight;
    private readonly Parameter? _bias;

    /// <summary>Creates the layer.</summary>
    /// <param name="inputs">Size of the last dimension of x.</param>
    /// <param name="outputs">Size of the last dimension of y.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="initializer">How the weight is drawn; uniform within ±1/√inputs when left out.</param>
    /// <exception cref="BadUsageException">A size is not positive.</exception>
    public Linear(int inputs, int outputs, bool bias = true, Initializer? initializer = null)
    {
        if (inputs < 1 || outputs < 1)
            throw new BadUsageException($"A linear layer from {inputs} to {outputs} features makes no sense; both are 1 or more.");
        var uniform = Initializer.Uniform(1 / MathF.Sqrt(inputs));
        _weight = Add("weight", [outputs, inputs], ParameterKind.Weight, initializer ?? uniform);
        if (bias) _bias = Add("bias", [outputs], ParameterKind.Bias, uniform);
    }

    /// <summary>The weight [outputs, inputs].</summary>
    public Parameter Weight => _weight;

    /// <summary>The bias [outputs], or null.</summary>
    public Parameter? Bias => _bias;

    /// <summary>Applies the layer.</summary>
    /// <param name="x">[.., inputs], for instance [batch, time, inputs].</param>
    /// <returns>[.., outputs]</returns>
    /// <exception cref="ShapeException">The last dimension of <paramref name="x"/> has another size.</exception>
    public Tensor Forward(Tensor x)
    {
        if (x.Shape.Rank == 1) return Forward(x.Reshape(1, x.Shape[0])).Reshape(_weight.Shape[0]);
        Tensor y = x.MatMul(_weight.Tensor, transposeRight: true);
        return _bias is null ? y : y + _bias.Tensor;
    }
}
