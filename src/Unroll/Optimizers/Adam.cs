using Unroll.Kernels;

namespace Unroll.Optimizers;

/// <summary>The constants of <see cref="Adam"/>.</summary>
public sealed record AdamOptions : OptimizerOptions
{
    /// <inheritdoc/>
    public override string Name => "adam";

    /// <inheritdoc/>
    public override float LearningRate { get; init; } = 1e-3f;

    /// <summary>β₁: how much of the mean gradient is kept from step to step, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>β₂: how much of the mean square is kept from step to step, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>ε: keeps the division finite, above 0.</summary>
    public float Epsilon { get; init; } = 1e-8f;

    /// <inheritdoc/>
    public override Optimizer Create()
    {
        RequireRates();
        Require(Beta1 is >= 0 and < 1, "beta 1", Beta1, "in [0, 1)");
        Require(Beta2 is >= 0 and < 1, "beta 2", Beta2, "in [0, 1)");
        Require(Epsilon > 0, "epsilon", Epsilon, "above 0");
        return new Adam(this);
    }
}

/// <summary>Adaptive moments: m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², w ← w − η m̂ / (√v̂ + ε), where m̂ = m/(1 − β₁ᵗ) and v̂ = v/(1 − β₂ᵗ) and
/// λw is added to g. Kingma &amp; Ba 2015.</summary>
public sealed class Adam(AdamOptions options) : Optimizer("first_moment", "second_moment")
{
    /// <inheritdoc/>
    protected override void Update(in ParameterUpdate update) =>
        OptimizerKernels.Adam(
            update.Values, update.Gradient, update.First, update.Second, update.GradientScale, update.Step, update.LearningRate, options.Beta1, options.Beta2,
            options.Epsilon, options.WeightDecay);
}
