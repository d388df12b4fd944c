using Unroll.Equations;

namespace Unroll.Layers;

/// <summary>Noise around any cell while training, against learning by heart. Nothing of it acts in evaluation, but for zoneout, which then takes the mean.</summary>
public sealed record RecurrentRegularization
{
    /// <summary>Probability that a feature of the network's input is dropped, the same ones at all steps of a sequence.
    /// Gal &amp; Ghahramani 2016, "A theoretically grounded application of dropout in recurrent neural networks".</summary>
    public float InputDropout { get; init; }

    /// <summary>Probability that a feature of the last layer's output is dropped, the same ones at all steps of a sequence (Gal &amp; Ghahramani 2016).</summary>
    public float OutputDropout { get; init; }

    /// <summary>Probability that a feature of what a recurrent matrix multiplies is dropped, the same ones at all steps of a sequence (Gal &amp; Ghahramani 2016): U h
    /// becomes U (m ⊙ h). The state itself keeps its value.</summary>
    public float StateDropout { get; init; }

    /// <summary>Probability that a unit of a state keeps its value from the step before, drawn at every step: s becomes m ⊙ sₜ₋₁ + (1 − m) ⊙ sₜ; in
    /// evaluation m is the probability. Krueger et al. 2017, "Zoneout: regularizing RNNs by randomly preserving hidden activations".</summary>
    public float Zoneout { get; init; }

    /// <summary>Probability that an entry of a recurrent matrix is zero, the same ones at all steps and in all sequences of a call, the others divided by one minus
    /// it. Merity, Keskar &amp; Socher 2018, "Regularizing and optimizing LSTM language models"; DropConnect: Wan et al. 2013.</summary>
    public float WeightDrop { get; init; }

    /// <summary>Whether <see cref="RecurrentOptions.Dropout"/>, between layers, drops the same features at all steps of a sequence too.</summary>
    public bool Variational { get; init; }

    /// <summary>Whether something acts within the steps, and not on tensors around them.</summary>
    internal bool IsWithinSteps => StateDropout > 0 || Zoneout > 0 || WeightDrop > 0;

    /// <summary>What is done to the states within the steps.</summary>
    internal StateNoise ToStates(bool isDrawn) => new(StateDropout, Zoneout, isDrawn);

    /// <summary>Checks the probabilities.</summary>
    internal void Check()
    {
        foreach (var (what, value) in new[] { ("dropout on inputs", InputDropout), ("dropout on outputs", OutputDropout), ("dropout on states", StateDropout), ("zoneout", Zoneout), ("weight drop", WeightDrop) })
            if (!(value >= 0 && value < 1)) throw new BadUsageException($"the probability of {what} is {value}; it must be at least 0 and below 1.");
    }
}
