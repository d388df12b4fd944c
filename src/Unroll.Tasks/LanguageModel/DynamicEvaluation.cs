using Unroll.Optimizers;
using Unroll.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Unroll.Tasks.LanguageModel;

/// <summary>Learns from a text while reading it, so that the model becomes one of that text: after every few symbols, and after they were judged,
/// θ ← θ − η g + λ (θ₀ − θ), where g is the gradient of their mean loss and θ₀ the trained weights. With root mean squares r of the gradients on the training text,
/// θ ← θ − η g / (r + ε) + λ (r / mean r) (θ₀ − θ), with λ r / mean r at most 1.
/// Krause, Kahembwe, Murray &amp; Renals 2018, "Dynamic evaluation of neural sequence models"; Mikolov et al. 2010.</summary>
internal sealed class DynamicEvaluation
{
    /// <summary>ε: what keeps steps of weights with hardly any gradient small.</summary>
    public const float Epsilon = 0.002f;

    private readonly IReadOnlyList<Parameter> _parameters;
    private readonly Updates _updates;
    private readonly float _rate;

    /// <summary>Begins from the weights as they are.</summary>
    /// <param name="network">What learns.</param>
    /// <param name="rate">η.</param>
    /// <param name="decay">λ.</param>
    /// <param name="squares">The gradients' mean squares; null for plain gradient descent.</param>
    public DynamicEvaluation(LanguageModelNetwork network, double rate, double decay, GradientSquares? squares)
    {
        network.ClearGradients();
        (_parameters, _rate) = (network.Parameters, (float)rate);
        double mean = squares?.MeanRoot(_parameters) ?? 1;
        _updates = new Updates((float)decay, squares is null ? null : (float)(decay / mean));
        for (int i = 0; i < _parameters.Count; i++)
        {
            _parameters[i].Values.CopyTo(_updates.State(_parameters, i, 0));
            squares?.Roots(_parameters, i, _updates.State(_parameters, i, 1));
        }
    }

    /// <summary>Takes a step by the gradients that are there, which it clears.</summary>
    public void Learn() => _updates.Step(_parameters, _rate);

    /// <summary>Gives the weights back their values from before.</summary>
    public void Restore()
    {
        for (int i = 0; i < _parameters.Count; i++)
        {
            _updates.State(_parameters, i, 0).CopyTo(_parameters[i].Values);
            _parameters[i].Gradient.Clear();
            _parameters[i].Changed();
        }
    }

    /// <summary>The step; the first state is θ₀, the second r.</summary>
    private sealed class Updates(float decay, float? rootDecay) : Optimizer("start", "root_mean_square")
    {
        protected override void Update(in ParameterUpdate update)
        {
            Span<float> values = update.Values;
            for (int i = 0; i < values.Length; i++)
            {
                float root = update.Second[i];
                (float rate, float pull) = rootDecay is { } relative
                    ? (update.LearningRate / (root + Epsilon), Math.Min(1, relative * root))
                    : (update.LearningRate, decay);
                values[i] += pull * (update.First[i] - values[i]) - rate * update.Gradient[i];
            }
        }
    }
}

/// <summary>The mean of the squared gradients of several batches.</summary>
internal sealed class GradientSquares() : Optimizer("sum_of_squares")
{
    /// <summary>Adds the gradients that are there, and clears them.</summary>
    public void Add(IReadOnlyList<Parameter> parameters) => Step(parameters, learningRate: 0);

    /// <summary>Writes the root of a parameter's mean squares.</summary>
    public void Roots(IReadOnlyList<Parameter> parameters, int parameter, Span<float> to)
    {
        TensorPrimitives.Multiply(State(parameters, parameter, 0), 1f / Math.Max(1, Steps), to);
        TensorPrimitives.Sqrt(to, to);
    }

    /// <summary>The mean root over all parameters; 1 where no gradient was other than 0.</summary>
    public double MeanRoot(IReadOnlyList<Parameter> parameters)
    {
        double sum = 0;
        long count = 0;
        for (int i = 0; i < parameters.Count; i++)
        {
            foreach (float square in State(parameters, i, 0)) sum += Math.Sqrt(square / Math.Max(1, Steps));
            count += parameters[i].Shape.Count;
        }
        return sum > 0 ? sum / count : 1;
    }

    /// <inheritdoc/>
    protected override void Update(in ParameterUpdate update) => TensorPrimitives.MultiplyAdd(update.Gradient, update.Gradient, update.First, update.First);
}
