using System.Numerics.Tensors;
using Unroll.Tensors;

namespace Unroll.Losses;

/// <summary>What is believed about the weights before seeing data. Adding −log p(w)/N to the mean loss over N symbols makes the trained model the
/// most probable one given data and prior (maximum a posteriori) instead of the one under which the data is most likely. Priors act on weights
/// and embeddings, not on biases and gains.</summary>
public abstract record Prior
{
    private Prior(double scale, string name)
    {
        if (!(scale > 0 && double.IsFinite(scale))) throw new BadUsageException($"The {name} of the prior is {scale}; it must be above 0.");
        Scale = scale;
    }

    /// <summary>σ or b.</summary>
    private protected double Scale { get; }

    /// <summary>Independent normal distributions with mean 0: −log p(w) = w²/2σ² + log σ√2π, which shrinks weights in proportion to their size.</summary>
    /// <exception cref="BadUsageException">σ is not above 0.</exception>
    public static Prior Gaussian(double sigma) => new GaussianPrior(sigma);

    /// <summary>Independent Laplace distributions with mean 0: −log p(w) = |w|/b + log 2b, which drives weights to zero one by one.</summary>
    /// <exception cref="BadUsageException">b is not above 0.</exception>
    public static Prior Laplace(double b) => new LaplacePrior(b);

    /// <summary>−log p(w) summed over all weights and embeddings, divided by the number of observations: the term to add to the mean loss.</summary>
    /// <param name="parameters">The parameters of a model.</param>
    /// <param name="observations">N: how many symbols or examples the data has.</param>
    public double Loss(IReadOnlyList<Parameter> parameters, long observations)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        double sum = 0;
        for (int i = 0; i < parameters.Count; i++)
            if (ActsOn(parameters[i])) sum += NegativeLog(parameters[i].Values);
        return sum / observations;
    }

    /// <summary>Adds the gradient of that term to the parameters' gradients.</summary>
    /// <param name="parameters">The parameters of a model.</param>
    /// <param name="observations">N: how many symbols or examples the data has.</param>
    /// <param name="factor">By how much the stored gradients exceed the true ones, as when those of several batches are added up.</param>
    public void AddGradient(IReadOnlyList<Parameter> parameters, long observations, double factor = 1)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        for (int i = 0; i < parameters.Count; i++)
            if (ActsOn(parameters[i])) AddGradient(parameters[i].Values, parameters[i].Gradient, factor / observations);
    }

    private protected abstract double NegativeLog(ReadOnlySpan<float> weights);

    private protected abstract void AddGradient(ReadOnlySpan<float> weights, Span<float> gradient, double factor);

    private static bool ActsOn(Parameter parameter) => parameter.Kind is ParameterKind.Weight or ParameterKind.Embedding;

    private sealed record GaussianPrior(double Sigma) : Prior(Sigma, "standard deviation σ")
    {
        private protected override double NegativeLog(ReadOnlySpan<float> weights)
        {
            double squares = 0;
            foreach (float w in weights) squares += (double)w * w;
            return squares / (2 * Scale * Scale) + weights.Length * Math.Log(Scale * Math.Sqrt(2 * Math.PI));
        }

        private protected override void AddGradient(ReadOnlySpan<float> weights, Span<float> gradient, double factor) =>
            TensorPrimitives.MultiplyAdd(weights, (float)(factor / (Scale * Scale)), gradient, gradient);
    }

    private sealed record LaplacePrior(double B) : Prior(B, "scale b")
    {
        private protected override double NegativeLog(ReadOnlySpan<float> weights)
        {
            double sizes = 0;
            foreach (float w in weights) sizes += Math.Abs(w);
            return sizes / Scale + weights.Length * Math.Log(2 * Scale);
        }

        private protected override void AddGradient(ReadOnlySpan<float> weights, Span<float> gradient, double factor)
        {
            float slope = (float)(factor / Scale);
            for (int i = 0; i < weights.Length; i++)
                gradient[i] += weights[i] > 0 ? slope : weights[i] < 0 ? -slope : 0;
        }
    }
}
