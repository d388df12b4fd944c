using Unroll.Kernels;

namespace Unroll.Optimizers;

/// <summary>The constants of <see cref="AdamW"/>.</summary>
public sealed record AdamWOptions : MomentsOptions
{
    /// <inheritdoc/>
    public override string Name => "adamw";

    /// <inheritdoc/>
    public override float WeightDecay { get; init; } = 1e-2f;

    /// <inheritdoc/>
    public override Optimizer Create()
    {
        RequireMoments();
        return new AdamW(this);
    }
}

/// <summary>Adam whose weight decay does not pass through the moments: w ← w − ηλw, then Adam's step. Loshchilov &amp; Hutter 2019.</summary>
public sealed class AdamW(AdamWOptions options) : Optimizer("first_moment", "second_moment")
{
    /// <inheritdoc/>
    protected override void Update(in ParameterUpdate update) =>
        OptimizerKernels.AdamW(
            update.Values, update.Gradient, update.First, update.Second, update.GradientScale, update.Step, update.LearningRate, options.Beta1, options.Beta2,
            options.Epsilon, options.WeightDecay);
}
