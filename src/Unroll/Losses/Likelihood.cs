using Unroll.Tensors;
using Unroll.Tensors.Operations;

namespace Unroll.Losses;

/// <summary>Losses: the negative logarithm, in nats, of the likelihood that a model gives to what was observed. Minimising one is
/// maximum-likelihood estimation; adding a prior makes it maximum a posteriori.</summary>
public static class Likelihood
{
    /// <summary>One of several classes: −ln softmax(logits)[target], the mean over the counted targets; 0 when none counts.</summary>
    /// <param name="logits">[.., classes], for instance [batch, time, classes].</param>
    /// <param name="targets">The class of every row, row-major.</param>
    /// <param name="ignore">The target of rows that do not count, such as padding.</param>
    /// <param name="smoothing">Label smoothing (Szegedy et al. 2016, "Rethinking the Inception architecture for computer vision"): so much of the probability that is wanted is given to all classes alike,
    /// the rest to the target, so that no model is driven to be certain. Above 0 the loss is a cross-entropy, and no longer a likelihood.</param>
    /// <returns>A scalar: mean nats per counted target.</returns>
    /// <exception cref="ShapeException">The number of targets is not that of rows, or a class does not exist.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The smoothing is not 0 or more and less than 1.</exception>
    public static Tensor Categorical(Tensor logits, ReadOnlySpan<int> targets, int ignore = -1, float smoothing = 0) => CategoricalLikelihood.Apply(logits, targets, ignore, smoothing);

    /// <summary>One of many classes, from a linear layer's input: −ln softmax(x·weightᵀ + bias)[target], the mean over the counted targets; 0 when none counts. The
    /// same as <see cref="Categorical(Tensor, ReadOnlySpan{int}, int, float)"/> of the linear layer's output, but rows are taken in chunks, and never are all logits in memory: for
    /// large vocabularies.</summary>
    /// <param name="x">[.., features], for instance [batch, time, features].</param>
    /// <param name="weight">[classes, features].</param>
    /// <param name="bias">[classes].</param>
    /// <param name="targets">The class of every row, row-major.</param>
    /// <param name="ignore">The target of rows that do not count, such as padding.</param>
    /// <param name="smoothing">Label smoothing (Szegedy et al. 2016, "Rethinking the Inception architecture for computer vision"): so much of the probability that is wanted is given to all classes alike,
    /// the rest to the target, so that no model is driven to be certain. Above 0 the loss is a cross-entropy, and no longer a likelihood.</param>
    /// <returns>A scalar: mean nats per counted target.</returns>
    /// <exception cref="ShapeException">The shapes do not match, the number of targets is not that of rows, or a class does not exist.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The smoothing is not 0 or more and less than 1.</exception>
    public static Tensor Categorical(Tensor x, Tensor weight, Tensor bias, ReadOnlySpan<int> targets, int ignore = -1, float smoothing = 0) => ProjectedCategorical.Apply(x, weight, bias, targets, ignore, smoothing);

    /// <summary>Independent binary features, with p(1) = σ(logit): the sum over the features, the mean over the counted rows; 0 when none
    /// counts.</summary>
    /// <param name="logits">[.., features]</param>
    /// <param name="targets">0 or 1 (or a probability), the same shape.</param>
    /// <param name="counted">One mark per row, 0 for those that do not count, such as padding; empty when all do.</param>
    /// <returns>A scalar: mean nats per counted row.</returns>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Tensor Bernoulli(Tensor logits, Tensor targets, ReadOnlySpan<int> counted = default) =>
        OperationCall.Start(BernoulliLikelihood.Instance).With(logits).With(targets).WithIntegers(counted).WithReal(0).Run();

    /// <summary>Independent normal features with a fixed standard deviation: the sum over the features, the mean over the counted rows; 0 when
    /// none counts. Up to a constant and a factor this is the squared error.</summary>
    /// <param name="mean">[.., features]</param>
    /// <param name="targets">The same shape.</param>
    /// <param name="deviation">The standard deviation σ.</param>
    /// <param name="counted">One mark per row, 0 for those that do not count, such as padding; empty when all do.</param>
    /// <returns>A scalar: mean nats per counted row.</returns>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The deviation is not positive.</exception>
    public static Tensor Gaussian(Tensor mean, Tensor targets, float deviation = 1, ReadOnlySpan<int> counted = default)
    {
        if (!(deviation > 0 && float.IsFinite(deviation)))
            throw new ArgumentOutOfRangeException(nameof(deviation), deviation, "The standard deviation is above 0 and finite.");
        return OperationCall.Start(GaussianLikelihood.Instance).With(mean).With(targets).WithIntegers(counted).WithReal(deviation).Run();
    }

    /// <summary>Independent normal features whose variance is predicted too (Nix &amp; Weigend 1994): the sum over the features, the mean over the
    /// counted rows; 0 when none counts.</summary>
    /// <param name="mean">[.., features]</param>
    /// <param name="logVariance">ln σ², the same shape.</param>
    /// <param name="targets">The same shape.</param>
    /// <param name="counted">One mark per row, 0 for those that do not count, such as padding; empty when all do.</param>
    /// <returns>A scalar: mean nats per counted row.</returns>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Tensor Gaussian(Tensor mean, Tensor logVariance, Tensor targets, ReadOnlySpan<int> counted = default) =>
        OperationCall.Start(GaussianVarianceLikelihood.Instance).With(mean).With(logVariance).With(targets).WithIntegers(counted).WithReal(0).Run();
}
