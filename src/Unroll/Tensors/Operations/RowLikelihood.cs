using System.Numerics.Tensors;
using Unroll.Kernels;

namespace Unroll.Tensors.Operations;

/// <summary>The formulas of a likelihood whose features are independent: −ln p of every element, over spans of equal length.
/// a and b are the distribution's parameters (b is empty for those with one), t is what was observed.</summary>
internal interface ILikelihoodRule
{
    static abstract string Name { get; }

    /// <summary>How many parameters each element has: 1 or 2.</summary>
    static abstract int Parameters { get; }

    /// <summary>y = −ln p(t; a, b).</summary>
    static abstract void Value(ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> t, float constant, Span<float> y);

    /// <summary>d = ∂(−ln p)/∂a, ∂b or ∂t.</summary>
    static abstract void Derivative(LikelihoodOperand by, ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> t, float constant, Span<float> d);
}

/// <summary>What a likelihood is differentiated by.</summary>
internal enum LikelihoodOperand
{
    First,
    Second,
    Target,
}

/// <summary>The driver of all likelihoods of independent features: the sum over the last dimension, the mean over the counted rows. All
/// operands have the same shape [.., features]; the first list of integers has one number per row, 0 for those that do not count, or is
/// empty when all do; the real attribute is the rule's constant.</summary>
internal abstract class RowLikelihood<TRule> : Operation where TRule : struct, ILikelihoodRule
{
    private const int Chunk = 512;

    public sealed override string Name => TRule.Name;

    public sealed override void Shapes(OperationCall call)
    {
        Shape first = call.InputShape(0);
        for (int i = 1; i < call.InputCount; i++)
            if (call.InputShape(i) != first)
                throw new ShapeException($"{Name}: the shapes {first} and {call.InputShape(i)} differ; parameters and targets need the same shape [.., features].");
        if (first.Rank == 0) throw new ShapeException($"{Name}: a scalar has no features; reshape it to [1].");
        int rows = first.CountOf(0, first.Rank - 1);
        if (!call.Integers(0).IsEmpty && call.Integers(0).Length != rows)
            throw new ShapeException($"{Name}: {call.Integers(0).Length} row marks for {rows} rows of {first}; give one per row, or none.");
        call.AddOutput(default);
    }

    public sealed override void Forward(OperationCall call)
    {
        Shape shape = call.InputShape(0);
        int rows = shape.CountOf(0, shape.Rank - 1);
        Span<float> losses = call.Save(rows).Span;
        losses.Clear();
        call.InParts(shape.Count * 4L, static (call, part, parts) =>
        {
            Span<float> y = stackalloc float[Chunk];
            ReadOnlySpan<int> counted = call.Integers(0);
            var rows = new Rows(call.InputShape(0), part, parts);
            for (int row = rows.First; row < rows.Last; row++)
            {
                if (!counted.IsEmpty && counted[row] == 0) continue;
                ReadOnlySpan<float> a = rows.Of(call.Input(0), row), t = rows.Of(call.Input(TRule.Parameters), row);
                ReadOnlySpan<float> b = TRule.Parameters == 2 ? rows.Of(call.Input(1), row) : default;
                double sum = 0;
                for (int start = 0; start < a.Length; start += Chunk)
                {
                    int n = Math.Min(Chunk, a.Length - start);
                    TRule.Value(a.Slice(start, n), b.IsEmpty ? b : b.Slice(start, n), t.Slice(start, n), call.Real(0), y[..n]);
                    sum += VectorMath.Sum(y[..n]);
                }
                call.Saved(0)[row] = (float)sum;
            }
        });
        double total = 0;
        foreach (float loss in losses) total += loss;
        int count = Counted(call);
        call.Output(0)[0] = count == 0 ? 0 : (float)(total / count);
    }

    public sealed override void Backward(OperationCall call)
    {
        int count = Counted(call);
        if (count == 0) return;
        call.WithReal(call.OutputGradient(0)[0] / count);
        call.InParts(call.InputShape(0).Count * 4L * call.InputCount, static (call, part, parts) =>
        {
            Span<float> d = stackalloc float[Chunk];
            ReadOnlySpan<int> counted = call.Integers(0);
            float scale = call.Real(1);
            var rows = new Rows(call.InputShape(0), part, parts);
            for (int input = 0; input < call.InputCount; input++)
            {
                if (!call.Needs(input)) continue;
                LikelihoodOperand by = input == TRule.Parameters ? LikelihoodOperand.Target : (LikelihoodOperand)input;
                for (int row = rows.First; row < rows.Last; row++)
                {
                    if (!counted.IsEmpty && counted[row] == 0) continue;
                    ReadOnlySpan<float> a = rows.Of(call.Input(0), row), t = rows.Of(call.Input(TRule.Parameters), row);
                    ReadOnlySpan<float> b = TRule.Parameters == 2 ? rows.Of(call.Input(1), row) : default;
                    Span<float> gradient = rows.Of(call.InputGradient(input), row);
                    for (int start = 0; start < a.Length; start += Chunk)
                    {
                        int n = Math.Min(Chunk, a.Length - start);
                        TRule.Derivative(by, a.Slice(start, n), b.IsEmpty ? b : b.Slice(start, n), t.Slice(start, n), call.Real(0), d[..n]);
                        TensorPrimitives.MultiplyAdd(d[..n], scale, gradient.Slice(start, n), gradient.Slice(start, n));
                    }
                }
            }
        });
    }

    private static int Counted(OperationCall call)
    {
        ReadOnlySpan<int> counted = call.Integers(0);
        Shape shape = call.InputShape(0);
        if (counted.IsEmpty) return shape.CountOf(0, shape.Rank - 1);
        int count = 0;
        foreach (int mark in counted) count += mark != 0 ? 1 : 0;
        return count;
    }
}
