using Unroll.Kernels;

namespace Unroll.Optimizers;

/// <summary>The constants of <see cref="RmsProp"/>.</summary>
public sealed record RmsPropOptions : OptimizerOptions
{
    /// <inheritdoc/>
    public override string Name => "rmsprop";

    /// <inheritdoc/>
    public override float LearningRate { get; init; } = 1e-2f;

    /// <summary>α: how much of the mean square is kept from step to step, in [0, 1).</summary>
    public double Decay { get; init; } = 0.99;

    /// <summary>ε: keeps the division finite, above 0.</summary>
    public float Epsilon { get; init; } = 1e-8f;

    /// <inheritdoc/>
    public override Optimizer Create()
    {
        RequireRates();
        Require(Decay is >= 0 and < 1, "decay", Decay, "in [0, 1)");
        Require(Epsilon > 0, "epsilon", Epsilon, "above 0");
        return new RmsProp(this);
    }
}

/// <summary>Gradients divided by a running root of their mean square: s ← αs + (1 − α)g², w ← w − η g / (√s + ε), with λw added to g.
/// Tieleman &amp; Hinton 2012.</summary>
public sealed class RmsProp(RmsPropOptions options) : Optimizer("mean_square")
{
    /// <inheritdoc/>
    protected override void Update(in ParameterUpdate update) =>
        OptimizerKernels.RmsProp(
            update.Values, update.Gradient, update.First, update.GradientScale, update.LearningRate, options.Decay, options.Epsilon, options.WeightDecay);
}
