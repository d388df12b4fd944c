using System.Numerics.Tensors;
using Unroll.Kernels;

namespace Unroll.Tensors.Operations;

/// <summary>y = s·Σ x over one dimension or all of them; ∂y/∂x = s. The sum has s = 1, the mean the reciprocal of the number of terms.</summary>
internal sealed class Sum : Operation
{
    public static readonly Sum Instance = new();

    /// <summary>The attribute that stands for all dimensions.</summary>
    public const int AllAxes = int.MinValue;

    public override string Name => "Sum";

    public override void Shapes(OperationCall call) => call.AddOutput(ReductionLoops.Result(call.InputShape(0), call.Integer(0), keep: call.Integer(1) != 0));

    public override void Forward(OperationCall call)
    {
        ReadOnlySpan<float> x = call.Input(0);
        Span<float> y = call.Output(0);
        var loops = new ReductionLoops(call.InputShape(0), call.Integer(0));
        float scale = call.Real(0);
        if (loops.Outer == 1 && loops.Inner == 1)
        {
            y[0] = (float)(scale * VectorMath.Sum(x));
            return;
        }
        if (loops.Size == 0)
            y.Clear();
        else if (loops.Inner == 1)
            VectorMath.RowSums(x, y, loops.Outer, loops.Size);
        else
            for (int i = 0; i < loops.Outer; i++)
                VectorMath.ColumnSums(x.Slice(i * loops.Size * loops.Inner, loops.Size * loops.Inner), y.Slice(i * loops.Inner, loops.Inner), loops.Size, loops.Inner);
        if (scale != 1) TensorPrimitives.Multiply(y, scale, y);
    }

    public override void Backward(OperationCall call) => call.InParts(call.InputShape(0).Count, static (call, part, parts) =>
    {
        ReadOnlySpan<float> g = call.OutputGradient(0);
        Span<float> gradient = call.InputGradient(0);
        float scale = call.Real(0);
        var loops = new ReductionLoops(call.InputShape(0), call.Integer(0));
        if (loops.Inner == 1)
        {
            // Each stretch gets one number; a part may begin and end within stretches.
            int to = OperationCall.Boundary(gradient.Length, part + 1, parts);
            for (int at = OperationCall.Boundary(gradient.Length, part, parts), end; at < to; at = end)
            {
                end = Math.Min(to, (at / loops.Size + 1) * loops.Size);
                TensorPrimitives.Add(gradient[at..end], scale * g[at / loops.Size], gradient[at..end]);
            }
            return;
        }
        int rows = loops.Outer * loops.Size, last = (int)((long)rows * (part + 1) / parts);
        for (int row = (int)((long)rows * part / parts); row < last; row++)
        {
            Span<float> target = gradient.Slice(row * loops.Inner, loops.Inner);
            TensorPrimitives.MultiplyAdd(g.Slice(row / loops.Size * loops.Inner, loops.Inner), scale, target, target);
        }
    });
}
