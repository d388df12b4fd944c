using Unroll.Tensors;

namespace Unroll.Layers;

/// <summary>A learned vector for every symbol. Parameter: weight [symbols, features]; at first normally distributed with variance 1, as in
/// PyTorch.</summary>
public sealed class Embedding : Module
{
    private readonly float _dropout;

    /// <summary>Creates the layer.</summary>
    /// <param name="symbols">How many symbols there are.</param>
    /// <param name="features">The length of each vector.</param>
    /// <param name="initializer">How the vectors are drawn; normally with variance 1 when left out.</param>
    /// <param name="dropout">The probability of a symbol being dropped in a call while training: its vector is zero wherever it stands, the others are divided by
    /// one minus the probability (Gal &amp; Ghahramani 2016; Merity, Keskar &amp; Socher 2018).</param>
    /// <exception cref="BadUsageException">A size is not positive, or the probability is not in [0, 1).</exception>
    public Embedding(int symbols, int features, Initializer? initializer = null, float dropout = 0)
    {
        if (!(dropout >= 0 && dropout < 1)) throw new BadUsageException($"The probability of a symbol being dropped is {dropout}; it is at least 0 and below 1.");
        _dropout = dropout;
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
    public Tensor Forward(ReadOnlySpan<int> symbols, Shape shape)
    {
        Tensor vectors = Weight.Tensor.Gather(symbols, shape);
        if (_dropout == 0 || Tape.Current is not { Training: true } tape) return vectors;
        // A mask over the symbols that there are, of which only those that occur are looked up.
        var mask = new DropoutMask(tape.Random.NextUInt64(), _dropout);
        Tensor factors = Tensor.Zeros([symbols.Length, 1]);
        Span<float> values = factors.Node.Values;
        for (int i = 0; i < symbols.Length; i++) values[i] = mask.Keeps(symbols[i]) ? 1 / (1 - _dropout) : 0;
        return (vectors.Reshape(symbols.Length, Weight.Shape[1]) * factors).Reshape(vectors.Shape);
    }
}
