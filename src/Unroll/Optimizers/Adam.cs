using Unroll.Kernels;

namespace Unroll.Optimizers;

/// <summary>The constants of <see cref="Adam"/>.</summary>
public sealed record AdamOptions : MomentsOptions
{
    /// <inheritdoc/>
    public override string Name => "adam";

    /// <inheritdoc/>
    public override Optimizer Create()
    {
        RequireMoments();
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
