using Unroll.Kernels;

namespace Unroll.Optimizers;

/// <summary>The constants of <see cref="Sgd"/>.</summary>
public sealed record SgdOptions : OptimizerOptions
{
    /// <inheritdoc/>
    public override string Name => "sgd";

    /// <inheritdoc/>
    public override float LearningRate { get; init; } = 1e-2f;

    /// <inheritdoc/>
    public override Optimizer Create()
    {
        RequireRates();
        return new Sgd(this);
    }
}

/// <summary>Stochastic gradient descent: w ← w − η (g + λw). Robbins &amp; Monro 1951.</summary>
public sealed class Sgd(SgdOptions options) : Optimizer
{
    /// <inheritdoc/>
    protected override void Update(in ParameterUpdate update) =>
        OptimizerKernels.Sgd(update.Values, update.Gradient, update.GradientScale, update.LearningRate, options.WeightDecay);
}
