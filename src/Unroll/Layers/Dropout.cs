using Unroll.Tensors;

namespace Unroll.Layers;

/// <summary>In training every feature is 0 with a probability, else divided by one minus it (Srivastava et al. 2014); in evaluation nothing
/// happens. It acts when <see cref="Tape.Current"/> is training, and draws from that tape's <see cref="Tape.Random"/>.</summary>
public sealed class Dropout : Module
{
    /// <summary>Creates the layer.</summary>
    /// <param name="probability">Of a feature being 0.</param>
    /// <exception cref="BadUsageException">The probability is not in [0, 1).</exception>
    public Dropout(float probability)
    {
        if (!(probability >= 0 && probability < 1))
            throw new BadUsageException($"The probability of dropout is {probability}; it is at least 0 and below 1.");
        Probability = probability;
    }

    /// <summary>The probability of a feature being 0.</summary>
    public float Probability { get; }

    /// <summary>Applies dropout to a tensor of any shape.</summary>
    public Tensor Forward(Tensor x) => Probability > 0 && Tape.Current is { Training: true } tape ? x.Dropout(Probability, tape.Random) : x;
}
