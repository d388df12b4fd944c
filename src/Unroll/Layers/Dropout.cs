using Unroll.Tensors;

namespace Unroll.Layers;

/// <summary>In training every feature is 0 with a probability, else divided by one minus it (Srivastava et al. 2014); in evaluation nothing
/// happens. It acts when <see cref="Tape.Current"/> is training, and draws from that tape's <see cref="Tape.Random"/>.</summary>
public sealed class Dropout : Module
{
    private readonly int _shared;

    /// <summary>Creates the layer.</summary>
    /// <param name="probability">Of a feature being 0.</param>
    /// <param name="overTime">Whether one mask serves all steps of a sequence, of [batch, time, features] (Gal &amp; Ghahramani 2016, "A theoretically
    /// grounded application of dropout in recurrent neural networks").</param>
    /// <exception cref="BadUsageException">The probability is not in [0, 1).</exception>
    public Dropout(float probability, bool overTime = false)
    {
        if (!(probability >= 0 && probability < 1))
            throw new BadUsageException($"The probability of dropout is {probability}; it is at least 0 and below 1.");
        (Probability, _shared) = (probability, overTime ? 1 : -1);
    }

    /// <summary>The probability of a feature being 0.</summary>
    public float Probability { get; }

    /// <summary>Applies dropout.</summary>
    /// <param name="x">Any shape; [batch, time, features] where one mask serves all steps.</param>
    /// <returns>A tensor of the same shape.</returns>
    /// <exception cref="ShapeException">One mask is to serve all steps, and x has another number of dimensions.</exception>
    public Tensor Forward(Tensor x)
    {
        if (_shared >= 0 && x.Shape.Rank != 3) throw new ShapeException($"Dropout: x is {x.Shape}; with one mask for all steps it must be [batch, time, features].");
        return Probability > 0 && Tape.Current is { Training: true } tape ? Unroll.Tensors.Operations.Dropout.Apply(x, Probability, tape.Random, _shared) : x;
    }
}
