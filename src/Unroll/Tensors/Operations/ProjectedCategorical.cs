using System.Numerics.Tensors;
using Unroll.Kernels;
using BufferPool = Unroll.Kernels.BufferPool;

namespace Unroll.Tensors.Operations;

/// <summary><see cref="CategoricalLikelihood"/> of x·Wᵀ + b, without ever holding all logits: rows are taken in chunks, and a chunk's
/// gradients are made while its logits are there. Inputs: x [.., features], W [classes, features] and, unless there is no bias, b [classes]. Saved: what ∂L/∂x,
/// ∂L/∂W and ∂L/∂b are for a gradient of 1, each if it is wanted.</summary>
internal sealed class ProjectedCategorical : Operation
{
    public static readonly ProjectedCategorical Instance = new();

    /// <summary>Numbers in a chunk's logits: 16 MB.</summary>
    private const int ChunkFloats = 1 << 22;
    /// <summary>Rows of a chunk at least: the weights are packed again for every chunk, and with fewer rows that would cost more than the product.</summary>
    private const int LeastRows = 256;

    public override string Name => "Categorical";

    /// <summary>Rows of a chunk.</summary>
    public static int ChunkRows(int classes) => Math.Max(LeastRows, ChunkFloats / Math.Max(1, classes));

    /// <summary>Applies the operation; rows whose target is <paramref name="ignore"/> do not count.</summary>
    public static Tensor Apply(Tensor x, Tensor weight, Tensor? bias, ReadOnlySpan<int> targets, int ignore, float smoothing)
    {
        OperationCall call = OperationCall.Start(Instance).With(x).With(weight).WithIntegers(targets).WithInteger(ignore).WithReal(CategoricalLikelihood.Smoothing(smoothing));
        return (bias is { } b ? call.With(b) : call).Run();
    }

    public override void Shapes(OperationCall call)
    {
        Shape x = call.InputShape(0), weight = call.InputShape(1);
        ReadOnlySpan<int> targets = call.Integers(0);
        int ignore = call.Integer(0);
        if (weight.Rank != 2 || x.Rank == 0 || x[-1] != weight[1])
            throw new ShapeException($"Categorical: x {x} and weight {weight} do not match; give x [.., features] and weight [classes, features].");
        if (HasBias(call) && (call.InputShape(2).Rank != 1 || call.InputShape(2)[0] != weight[0]))
            throw new ShapeException($"Categorical: bias {call.InputShape(2)} and weight {weight} do not match; give bias [classes].");
        if (x.CountOf(0, x.Rank - 1) != targets.Length)
            throw new ShapeException($"Categorical: x {x} and {targets.Length} targets do not match; give one target per row.");
        foreach (int target in targets)
            if ((uint)target >= (uint)weight[0] && target != ignore)
                throw new ShapeException($"Categorical: there is no class {target} in weight {weight}; targets go from 0 to {weight[0] - 1}, or are {ignore} to be left out.");
        call.AddOutput(default);
    }

    public override void Forward(OperationCall call)
    {
        ReadOnlySpan<int> targets = call.Integers(0);
        int rows = targets.Length, classes = call.InputShape(1)[0], features = call.InputShape(1)[1], ignore = call.Integer(0);
        int count = rows - targets.Count(ignore);
        ReadOnlySpan<float> x = call.Input(0), weight = call.Input(1);
        bool needsX = call.Needs(0), needsWeight = call.Needs(1), hasBias = HasBias(call), needsBias = hasBias && call.Needs(2);
        // The same three places whatever is wanted.
        Span<float> gradientX = call.Save(needsX ? checked(rows * features) : 0).Span, gradientWeight = call.Save(needsWeight ? checked(classes * features) : 0).Span, gradientBias = call.Save(needsBias ? classes : 0).Span;
        int most = Math.Min(rows, ChunkRows(classes));
        Buffer<float> logits = BufferPool.Rent(checked(most * classes)), rowNumbers = BufferPool.Rent(3 * most);
        float smoothing = (float)call.Real(0);
        double sum = 0;
        for (int first = 0; first < rows; first += most)
        {
            int n = Math.Min(most, rows - first);
            ReadOnlySpan<int> wanted = targets.Slice(first, n);
            Span<float> chunk = logits.Span[..(n * classes)], losses = rowNumbers.Span[..n], maxima = rowNumbers.Span.Slice(most, n), factors = rowNumbers.Span.Slice(2 * most, n);
            if (hasBias) RowFillWork.Run(call.Input(2), n, chunk);
            MatrixProduct.Multiply(false, true, n, classes, features, x.Slice(first * features, n * features), features, weight, features, chunk, classes, accumulate: hasBias);
            CategoricalWork.Losses(chunk, wanted, ignore, classes, smoothing, losses, maxima, factors);
            for (int row = 0; row < n; row++)
                if (wanted[row] != ignore) sum += losses[row];
            if (!(needsX || needsWeight || needsBias)) continue;
            CategoricalWork.ToGradient(chunk, wanted, ignore, classes, smoothing, maxima, factors, 1f / Math.Max(1, count));
            if (needsX) MatrixProduct.Multiply(false, false, n, features, classes, chunk, classes, weight, features, gradientX.Slice(first * features, n * features), features, accumulate: false);
            if (needsWeight) MatrixProduct.Multiply(true, false, classes, features, n, chunk, classes, x.Slice(first * features, n * features), features, gradientWeight, features, accumulate: first > 0);
            if (needsBias) ColumnSumWork.Run(n, classes, chunk, classes, gradientBias, accumulate: first > 0);
        }
        BufferPool.Return(rowNumbers);
        BufferPool.Return(logits);
        call.Output(0)[0] = count == 0 ? 0 : (float)(sum / count);
    }

    public override void Backward(OperationCall call)
    {
        if (call.Integers(0).Length == call.Integers(0).Count(call.Integer(0))) return;
        call.InParts(call.InputShape(0).Count + (long)call.InputShape(1).Count, static (call, part, parts) =>
        {
            for (int input = 0; input < call.InputCount; input++)
            {
                if (!call.Needs(input)) continue;
                Span<float> from = call.Saved(input);
                int first = OperationCall.Boundary(from.Length, part, parts), end = OperationCall.Boundary(from.Length, part + 1, parts);
                Span<float> to = call.InputGradient(input)[first..end];
                TensorPrimitives.MultiplyAdd(from[first..end], call.OutputGradient(0)[0], to, to);
            }
        });
    }

    private static bool HasBias(OperationCall call) => call.InputCount == 3;
}
