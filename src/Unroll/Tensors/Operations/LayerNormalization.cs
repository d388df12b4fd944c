using System.Numerics.Tensors;
using Unroll.Kernels;

namespace Unroll.Tensors.Operations;

/// <summary>Each row is shifted to mean 0 and scaled to variance 1, then multiplied by a gain and shifted by a bias (Ba, Kiros &amp; Hinton 2016):
/// x̂ = (x − μ)/√(σ² + ε), y = γ ⊙ x̂ + β; ∂L/∂x = (h − mean h − x̂·mean(h ⊙ x̂))/√(σ² + ε) with h = γ ⊙ g, ∂L/∂γ = Σ g ⊙ x̂, ∂L/∂β = Σ g.</summary>
internal sealed class LayerNormalization : Operation
{
    public static readonly LayerNormalization Instance = new();

    public override string Name => "LayerNorm";

    /// <summary>Applies the operation.</summary>
    public static Tensor Apply(Tensor x, Tensor gain, Tensor bias, float epsilon) =>
        OperationCall.Start(Instance).With(x).With(gain).With(bias).WithReal(epsilon).Run();

    public override void Shapes(OperationCall call)
    {
        Shape x = call.InputShape(0), gain = call.InputShape(1), bias = call.InputShape(2);
        if (x.Rank == 0 || gain.Rank != 1 || gain[0] != x[-1] || bias != gain)
            throw new ShapeException($"LayerNorm: a gain {gain} and a bias {bias} do not fit rows of {x}; both need the shape of its last dimension.");
        call.AddOutput(x);
    }

    public override void Forward(OperationCall call)
    {
        var (rows, width) = Sizes(call);
        call.Save(rows * width);                       // x̂
        Span<float> means = call.Save(rows).Span;
        call.Save(rows);                               // 1/√(σ² + ε)
        VectorMath.RowSums(call.Input(0), means, rows, width);
        call.InParts(rows * (long)width, static (call, part, parts) =>
        {
            var rows = new Rows(call.InputShape(0), part, parts);
            for (int row = rows.First; row < rows.Last; row++)
            {
                ReadOnlySpan<float> x = rows.Of(call.Input(0), row);
                TensorPrimitives.Subtract(x, call.Saved(1)[row] / x.Length, rows.Of(call.Saved(0), row));
            }
        });
        VectorMath.RowDots(call.Saved(0), call.Saved(0), call.Saved(2), rows, width);
        call.InParts(3L * rows * width, static (call, part, parts) =>
        {
            var rows = new Rows(call.InputShape(0), part, parts);
            for (int row = rows.First; row < rows.Last; row++)
            {
                Span<float> normal = rows.Of(call.Saved(0), row);
                float scale = 1 / MathF.Sqrt(call.Saved(2)[row] / normal.Length + call.Real(0));
                call.Saved(2)[row] = scale;
                TensorPrimitives.Multiply(normal, scale, normal);
                TensorPrimitives.MultiplyAdd(normal, call.Input(1), call.Input(2), rows.Of(call.Output(0), row));
            }
        });
    }

    public override void Backward(OperationCall call)
    {
        var (rows, width) = Sizes(call);
        ReadOnlySpan<float> g = call.OutputGradient(0);
        if (call.Needs(2)) VectorMath.ColumnSums(g, call.InputGradient(2), rows, width, accumulate: true);
        if (!call.Needs(0) && !call.Needs(1)) return;
        Span<float> h = call.Save(rows * width).Span;
        if (call.Needs(1))
        {
            VectorMath.Binary<MultiplyOperator>(g, call.Saved(0), h);
            VectorMath.ColumnSums(h, call.InputGradient(1), rows, width, accumulate: true);
        }
        if (!call.Needs(0)) return;
        Span<float> sums = call.Save(rows).Span, dots = call.Save(rows).Span;
        VectorMath.BinaryWithRow<MultiplyOperator>(g, call.Input(1), h, rows, width);
        VectorMath.RowSums(h, sums, rows, width);
        VectorMath.RowDots(h, call.Saved(0), dots, rows, width);
        call.InParts(3L * rows * width, static (call, part, parts) =>
        {
            var rows = new Rows(call.InputShape(0), part, parts);
            for (int row = rows.First; row < rows.Last; row++)
            {
                Span<float> h = rows.Of(call.Saved(3), row), gradient = rows.Of(call.InputGradient(0), row);
                TensorPrimitives.Subtract(h, call.Saved(4)[row] / h.Length, h);
                TensorPrimitives.MultiplyAdd(rows.Of(call.Saved(0), row), -call.Saved(5)[row] / h.Length, h, h);
                TensorPrimitives.MultiplyAdd(h, call.Saved(2)[row], gradient, gradient);
            }
        });
    }

    private static (int Rows, int Width) Sizes(OperationCall call)
    {
        Shape shape = call.InputShape(0);
        return (shape.CountOf(0, shape.Rank - 1), shape[-1]);
    }
}
