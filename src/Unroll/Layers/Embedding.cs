using Unroll.Tensors;

namespace Unroll.Layers;

/// <summary>A learned vector for every symbol. Parameter: weight [symbols, features]; at first normally distributed with variance 1, as in
/// PyTorch.</summary>
public sealed class Embedding : Module
{
    /// <summary>Creates the layer.</summary>
    /// <param name="symbols">How many symbols there are.</param>
    /// <param name="features">The length of each vector.</param>
    /// <param name="initializer">How the vectors are drawn; normally with variance 1 when left out.</param>
    /// <exception cref="BadUsageException">A size is not positive.</exception>
    public Embedding(int symbols, int features, Initializer? initializer = null)
    {
        if (symbols < 1 || features < 1)
            throw new BadUsageException($"An embedding of {symbols} symbols in {features} features makes no sense; both are 1 or more.");
        Weight = Add("weight", [symbols, features], ParameterKind.Embedding, initializer ?? Initializer.Normal(1));
    }

    /// <summary>The vectors [symbols, features].</summary>
    public Parameter Weight { get; }

    /// <summary>Looks symbols up.</summary>
    /// <param name="symbols">Symbol numbers, as many as <paramref name="shape"/> has elements.</param>
    /// <param name="shape">Their arrangement, for instance [batch, time].</param>
    /// <returns>[.., features], for instance [batch, time, features]</returns>
    /// <exception cref="ShapeException">There is no such symbol, or the numbers do not fill the shape.</exception>
    public Tensor Forward(ReadOnlySpan<int> symbols, Shape shape) => Weight.Tensor.Gather(symbols, shape);
}
