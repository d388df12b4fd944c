namespace Unroll.Kernels;

/// <summary>Optimizer steps fused into one pass over parameters, state and gradient; PyTorch's formulas. The gradient is scaled on the fly (clipping, averaging) and
/// left as it is. All spans of a call have the same length. Threads share out elements, so the bits do not depend on their number.</summary>
internal static class OptimizerKernels
{
    /// <summary>Stochastic gradient descent.</summary>
    /// <param name="parameters">The parameters, updated in place.</param>
    /// <param name="gradient">Their gradient.</param>
    /// <param name="gradientScale">What the gradient is multiplied by first.</param>
    /// <param name="rate">The learning rate η.</param>
    /// <param name="weightDecay">The L2 penalty λ, added to the gradient as λ·p.</param>
    public static void Sgd(Span<float> parameters, ReadOnlySpan<float> gradient, float gradientScale, float rate, float weightDecay = 0) =>
        UpdateWork<SgdUpdate>.Run(new(rate, weightDecay), parameters, gradient, [], [], gradientScale);

    /// <summary>Stochastic gradient descent and the mean of the parameters after each step (Polyak &amp; Juditsky 1992). <paramref name="average"/> starts at zero;
    /// <paramref name="count"/> is how many steps it is over with this one, from 1.</summary>
    /// <inheritdoc cref="Sgd"/>
    public static void Asgd(Span<float> parameters, ReadOnlySpan<float> gradient, Span<float> average, float gradientScale, float rate, long count,
        float weightDecay = 0) => UpdateWork<AsgdUpdate>.Run(new(rate, weightDecay, 1f / count), parameters, gradient, average, [], gradientScale);

    /// <summary>Heavy-ball momentum (Polyak 1964). <paramref name="velocity"/> starts at zero; <paramref name="momentum"/> is μ.</summary>
    /// <inheritdoc cref="Sgd"/>
    public static void Momentum(Span<float> parameters, ReadOnlySpan<float> gradient, Span<float> velocity, float gradientScale, float rate, float momentum,
        float weightDecay = 0) => UpdateWork<MomentumUpdate>.Run(new(rate, momentum, weightDecay), parameters, gradient, velocity, [], gradientScale);

    /// <summary>Nesterov's momentum (Nesterov 1983; Sutskever et al. 2013). <paramref name="velocity"/> starts at zero; <paramref name="momentum"/> is μ.</summary>
    /// <inheritdoc cref="Sgd"/>
    public static void Nesterov(Span<float> parameters, ReadOnlySpan<float> gradient, Span<float> velocity, float gradientScale, float rate, float momentum,
        float weightDecay = 0) => UpdateWork<NesterovUpdate>.Run(new(rate, momentum, weightDecay), parameters, gradient, velocity, [], gradientScale);

    /// <summary>RMSProp (Tieleman &amp; Hinton 2012). <paramref name="meanSquare"/> starts at zero; <paramref name="decay"/> is α.</summary>
    /// <inheritdoc cref="Sgd"/>
    public static void RmsProp(Span<float> parameters, ReadOnlySpan<float> gradient, Span<float> meanSquare, float gradientScale, float rate, double decay = 0.99,
        float epsilon = 1e-8f, float weightDecay = 0) =>
        UpdateWork<RmsPropUpdate>.Run(new(rate, decay, epsilon, weightDecay), parameters, gradient, meanSquare, [], gradientScale);

    /// <summary>Adagrad (Duchi et al. 2011). <paramref name="sumOfSquares"/> starts at zero.</summary>
    /// <inheritdoc cref="Sgd"/>
    public static void Adagrad(Span<float> parameters, ReadOnlySpan<float> gradient, Span<float> sumOfSquares, float gradientScale, float rate, float epsilon = 1e-10f,
        float weightDecay = 0) => UpdateWork<AdagradUpdate>.Run(new(rate, epsilon, weightDecay), parameters, gradient, sumOfSquares, [], gradientScale);

    /// <summary>Adam (Kingma &amp; Ba 2015). Both moments start at zero; <paramref name="step"/> counts from 1.</summary>
    /// <inheritdoc cref="Sgd"/>
    public static void Adam(Span<float> parameters, ReadOnlySpan<float> gradient, Span<float> firstMoment, Span<float> secondMoment, float gradientScale, long step,
        double rate = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 0) =>
        UpdateWork<AdamUpdate>.Run(new(rate, beta1, beta2, epsilon, weightDecay, false, step), parameters, gradient, firstMoment, secondMoment, gradientScale);

    /// <summary>Adam with decoupled weight decay (Loshchilov &amp; Hutter 2019): parameters shrink by 1 − η·λ before the step.</summary>
    /// <inheritdoc cref="Adam"/>
    public static void AdamW(Span<float> parameters, ReadOnlySpan<float> gradient, Span<float> firstMoment, Span<float> secondMoment, float gradientScale, long step,
        double rate = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 1e-2) =>
        UpdateWork<AdamUpdate>.Run(new(rate, beta1, beta2, epsilon, weightDecay, true, step), parameters, gradient, firstMoment, secondMoment, gradientScale);
}
