using Unroll.Kernels;

namespace Unroll.Optimizers;

/// <summary>The constants of <see cref="Momentum"/>.</summary>
public sealed record MomentumOptions : OptimizerOptions
{
    /// <inheritdoc/>
    public override string Name => "momentum";

    /// <inheritdoc/>
    public override float LearningRate { get; init; } = 1e-2f;

    /// <summary>μ: how much of the velocity is kept from step to step, in [0, 1).</summary>
    public float Momentum { get; init; } = 0.9f;

    /// <inheritdoc/>
    public override Optimizer Create()
    {
        RequireRates();
        Require(Momentum is >= 0 and < 1, "momentum", Momentum, "in [0, 1)");
        return new Momentum(this);
    }
}

/// <summary>Gradient descent with momentum: v ← μv + g + λw, w ← w − ηv. Polyak 1964.</summary>
public sealed class Momentum(MomentumOptions options) : Optimizer("velocity")
{
    /// <inheritdoc/>
    protected override void Update(in ParameterUpdate update) =>
        OptimizerKernels.Momentum(
            update.Values, update.Gradient, update.First, update.GradientScale, update.LearningRate, options.Momentum, options.WeightDecay);
}
