using Unroll.Kernels;

namespace Unroll.Optimizers;

/// <summary>The constants of <see cref="Nesterov"/>.</summary>
public sealed record NesterovOptions : OptimizerOptions
{
    /// <inheritdoc/>
    public override string Name => "nesterov";

    /// <inheritdoc/>
    public override float LearningRate { get; init; } = 1e-2f;

    /// <summary>μ: how much of the velocity is kept from step to step, in [0, 1).</summary>
    public float Momentum { get; init; } = 0.9f;

    /// <inheritdoc/>
    public override Optimizer Create()
    {
        RequireRates();
        Require(Momentum is >= 0 and < 1, "momentum", Momentum, "in [0, 1)");
        return new Nesterov(this);
    }
}

/// <summary>Nesterov's accelerated gradient in the form that looks ahead from the present parameters:
/// v ← μv + g + λw, w ← w − η (g + λw + μv). Nesterov 1983; Sutskever, Martens, Dahl &amp; Hinton 2013.</summary>
public sealed class Nesterov(NesterovOptions options) : Optimizer("velocity")
{
    /// <inheritdoc/>
    protected override void Update(in ParameterUpdate update) =>
        OptimizerKernels.Nesterov(
            update.Values, update.Gradient, update.First, update.GradientScale, update.LearningRate, options.Momentum, options.WeightDecay);
}
