namespace Unroll.Tensors.Operations;

/// <summary>y = Σ x over one dimension or all of them; ∂y/∂x = 1. The mean is the sum times a constant.</summary>
internal sealed class Sum : Operation
{
    public static readonly Sum Instance = new();

    /// <summary>The attribute that stands for all dimensions.</summary>
    public const int AllAxes = int.MinValue;

    public override string Name => "Sum";

    public override void Shapes(OperationCall call) => call.AddOutput(Reduction.Result(call.InputShape(0), call.Integer(0), keep: call.Integer(1) != 0));

    public override void Forward(OperationCall call)
    {
        ReadOnlySpan<float> x = call.Input(0);
        Span<float> y = call.Output(0);
        var loops = new Reduction(call.InputShape(0), call.Integer(0));
        if (loops.Inner == 1)
        {
            for (int i = 0; i < loops.Outer; i++) y[i] = call.Real(0) * Sums.Sum(x.Slice(i * loops.Size, loops.Size));
            return;
        }
        y.Clear();
        for (int i = 0; i < loops.Outer; i++)
        {
            Span<float> row = y.Slice(i * loops.Inner, loops.Inner);
            for (int j = 0; j < loops.Size; j++)
                System.Numerics.Tensors.TensorPrimitives.Add(row, x.Slice((i * loops.Size + j) * loops.Inner, loops.Inner), row);
            System.Numerics.Tensors.TensorPrimitives.Multiply(row, call.Real(0), row);
        }
    }

    public override void Backward(OperationCall call)
    {
        if (!call.Needs(0)) return;
        ReadOnlySpan<float> g = call.OutputGradient(0);
        Span<float> gradient = call.InputGradient(0);
        float scale = call.Real(0);
        var loops = new Reduction(call.InputShape(0), call.Integer(0));
        for (int i = 0; i < loops.Outer; i++)
            for (int j = 0; j < loops.Size; j++)
            {
                Span<float> row = gradient.Slice((i * loops.Size + j) * loops.Inner, loops.Inner);
                ReadOnlySpan<float> from = g.Slice(i * loops.Inner, loops.Inner);
                for (int k = 0; k < row.Length; k++) row[k] += scale * from[k];
            }
    }
}
