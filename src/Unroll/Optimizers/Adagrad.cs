using Unroll.Kernels;

namespace Unroll.Optimizers;

/// <summary>The constants of <see cref="Adagrad"/>.</summary>
public sealed record AdagradOptions : OptimizerOptions
{
    /// <inheritdoc/>
    public override string Name => "adagrad";

    /// <inheritdoc/>
    public override float LearningRate { get; init; } = 1e-2f;

    /// <summary>The learning rate of step t is divided by 1 + (t − 1) times this.</summary>
    public double LearningRateDecay { get; init; }

    /// <summary>What the sum of squares begins with, 0 or more.</summary>
    public float InitialSum { get; init; }

    /// <summary>ε: keeps the division finite, above 0.</summary>
    public float Epsilon { get; init; } = 1e-10f;

    /// <inheritdoc/>
    public override Optimizer Create()
    {
        RequireRates();
        Require(LearningRateDecay >= 0, "decay of the learning rate", LearningRateDecay, "0 or more");
        Require(InitialSum >= 0, "initial sum", InitialSum, "0 or more");
        Require(Epsilon > 0, "epsilon", Epsilon, "above 0");
        return new Adagrad(this);
    }
}

/// <summary>Gradients divided by the root of the sum of all their squares: s ← s + g², w ← w − η g / (√s + ε), with λw added to g.
/// Duchi, Hazan &amp; Singer 2011.</summary>
public sealed class Adagrad(AdagradOptions options) : Optimizer("sum_of_squares")
{
    /// <inheritdoc/>
    protected override float InitialState => options.InitialSum;

    /// <inheritdoc/>
    protected override void Update(in ParameterUpdate update) =>
        OptimizerKernels.Adagrad(
            update.Values, update.Gradient, update.First, update.GradientScale, (float)(update.LearningRate / (1 + (update.Step - 1) * options.LearningRateDecay)),
            options.Epsilon, options.WeightDecay);
}
