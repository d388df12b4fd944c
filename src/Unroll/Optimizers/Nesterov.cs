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
    protected override void Update(in ParameterUpdate update)
    {
        Span<float> values = update.Values, velocity = update.First;
        ReadOnlySpan<float> gradient = update.Gradient;
        float scale = update.GradientScale, decay = options.WeightDecay, rate = update.LearningRate, kept = options.Momentum;
        for (int i = 0; i < values.Length; i++)
        {
            float g = gradient[i] * scale + decay * values[i];
            velocity[i] = kept * velocity[i] + g;
            values[i] -= rate * (g + kept * velocity[i]);
        }
    }
}
