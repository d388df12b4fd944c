namespace Unroll.Optimizers;

/// <summary>The constants of the optimizers that keep a mean of the gradient and of its square.</summary>
public abstract record MomentsOptions : OptimizerOptions
{
    /// <inheritdoc/>
    public override float LearningRate { get; init; } = 1e-3f;

    /// <summary>β₁: how much of the mean gradient is kept from step to step, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>β₂: how much of the mean square is kept from step to step, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>ε: keeps the division finite, above 0.</summary>
    public float Epsilon { get; init; } = 1e-8f;

    /// <summary>Checks the constants.</summary>
    /// <exception cref="BadUsageException">One is out of its range.</exception>
    private protected void RequireMoments()
    {
        RequireRates();
        Require(Beta1 is >= 0 and < 1, "beta 1", Beta1, "in [0, 1)");
        Require(Beta2 is >= 0 and < 1, "beta 2", Beta2, "in [0, 1)");
        Require(Epsilon > 0, "epsilon", Epsilon, "above 0");
    }
}
