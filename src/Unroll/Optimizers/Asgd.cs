using Unroll.Kernels;
using Unroll.Tensors;

namespace Unroll.Optimizers;

/// <summary>The constants of <see cref="Asgd"/>.</summary>
public sealed record AsgdOptions : OptimizerOptions
{
    /// <inheritdoc/>
    public override string Name => "asgd";

    /// <inheritdoc/>
    public override float LearningRate { get; init; } = 1e-2f;

    /// <summary>n: averaging begins once a validation loss is above the lowest of all but the n before it (NT-ASGD); 0: with the first step.</summary>
    public int AverageAfter { get; init; } = 5;

    /// <inheritdoc/>
    public override Optimizer Create()
    {
        RequireRates();
        Require(AverageAfter >= 0, "number of validations before averaging", AverageAfter, "0 or more");
        return new Asgd(this);
    }
}

/// <summary>Averaged stochastic gradient descent: w ← w − η (g + λw), beside it the mean of w after every step since averaging began. The mean is what a
/// <see cref="Training.Trainer"/> validates and saves; training goes on from w. Polyak &amp; Juditsky 1992; begun when the validation loss no longer falls:
/// Merity, Keskar &amp; Socher 2018, "Regularizing and optimizing LSTM language models" (NT-ASGD).</summary>
public sealed class Asgd : Optimizer
{
    private readonly AsgdOptions options;

    /// <summary>An optimizer that has taken no step.</summary>
    /// <param name="options">Its constants.</param>
    public Asgd(AsgdOptions options)
        : base("average")
    {
        ArgumentNullException.ThrowIfNull(options);
        this.options = options;
        AverageFrom = options.AverageAfter == 0 ? 0 : -1;
    }

    /// <summary>The steps taken when averaging began; −1 before.</summary>
    internal long AverageFrom { get; set; }

    /// <summary>Tells of the validation losses so far, oldest first, on which it depends when averaging begins.</summary>
    internal void OnValidation(ReadOnlySpan<double> losses)
    {
        if (AverageFrom >= 0 || losses.Length <= options.AverageAfter + 1) return;
        double best = double.PositiveInfinity;
        foreach (double loss in losses[..^(options.AverageAfter + 1)]) best = loss < best ? loss : best;
        if (losses[^1] > best) AverageFrom = Steps;
    }

    /// <summary>Puts the means in the parameters' place and the parameters in theirs; the second time all is as it was. Does nothing while nothing is averaged.</summary>
    internal void Exchange(IReadOnlyList<Parameter> parameters)
    {
        if (AverageFrom < 0 || Steps <= AverageFrom) return;
        Span<float> held = stackalloc float[1024];
        for (int i = 0; i < parameters.Count; i++)
        {
            Span<float> values = parameters[i].Values, average = State(parameters, i, 0);
            for (int from = 0; from < values.Length; from += held.Length)
            {
                int length = Math.Min(held.Length, values.Length - from);
                Span<float> value = values.Slice(from, length), mean = average.Slice(from, length);
                value.CopyTo(held);
                mean.CopyTo(value);
                held[..length].CopyTo(mean);
            }
            parameters[i].Changed();
        }
    }

    /// <inheritdoc/>
    protected override void Update(in ParameterUpdate update)
    {
        if (AverageFrom < 0) OptimizerKernels.Sgd(update.Values, update.Gradient, update.GradientScale, update.LearningRate, options.WeightDecay);
        else OptimizerKernels.Asgd(update.Values, update.Gradient, update.First, update.GradientScale, update.LearningRate, update.Step - AverageFrom, options.WeightDecay);
    }
}
