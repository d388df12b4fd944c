using Unroll.Kernels;

namespace Unroll.Tensors.Operations;

/// <summary>The mean of −Σ q·ln softmax(x) over the counted rows, where q gives 1 − smoothing to the target and the rest to all classes alike;
/// ∂L/∂x = (softmax(x) − q)/count. Softmax and logarithm are one operation, so that nothing overflows and no probabilities are stored.</summary>
internal sealed class CategoricalLikelihood : Operation
{
    public static readonly CategoricalLikelihood Instance = new();

    public override string Name => "Categorical";

    /// <summary>Applies the operation; rows whose target is <paramref name="ignore"/> do not count.</summary>
    public static Tensor Apply(Tensor logits, ReadOnlySpan<int> targets, int ignore, float smoothing) =>
        OperationCall.Start(Instance).With(logits).WithIntegers(targets).WithInteger(ignore).WithReal(Smoothing(smoothing)).Run();

    /// <summary>A share that all classes may have.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is none.</exception>
    public static float Smoothing(float smoothing) =>
        smoothing is >= 0 and < 1 ? smoothing : throw new ArgumentOutOfRangeException(nameof(smoothing), smoothing, "What all classes share is 0 or more and less than 1.");

    public override void Shapes(OperationCall call)
    {
        Shape logits = call.InputShape(0);
        ReadOnlySpan<int> targets = call.Integers(0);
        int ignore = call.Integer(0);
        if (logits.Rank == 0 || logits.CountOf(0, logits.Rank - 1) != targets.Length)
            throw new ShapeException($"Categorical: logits {logits} and {targets.Length} targets do not match; give logits [.., classes] and one target per row.");
        foreach (int target in targets)
            if ((uint)target >= (uint)logits[-1] && target != ignore)
                throw new ShapeException($"Categorical: there is no class {target} in logits {logits}; targets go from 0 to {logits[-1] - 1}, or are {ignore} to be left out.");
        call.AddOutput(default);
    }

    public override void Forward(OperationCall call)
    {
        ReadOnlySpan<int> targets = call.Integers(0);
        int ignore = call.Integer(0);
        Span<float> losses = call.Save(targets.Length).Span, maxima = call.Save(targets.Length).Span, factors = call.Save(targets.Length).Span;
        CategoricalWork.Losses(call.Input(0), targets, ignore, call.InputShape(0)[-1], (float)call.Real(0), losses, maxima, factors);
        double sum = 0;
        int count = 0;
        for (int i = 0; i < targets.Length; i++)
        {
            if (targets[i] == ignore) continue;
            sum += losses[i];
            count++;
        }
        call.Output(0)[0] = count == 0 ? 0 : (float)(sum / count);
    }

    public override void Backward(OperationCall call)
    {
        ReadOnlySpan<int> targets = call.Integers(0);
        int count = targets.Length - targets.Count(call.Integer(0));
        if (count == 0) return;
        CategoricalWork.AddGradient(call.Input(0), targets, call.Integer(0), call.InputShape(0)[-1], (float)call.Real(0), call.Saved(1), call.Saved(2),
            call.OutputGradient(0)[0] / count, call.InputGradient(0));
    }
}
