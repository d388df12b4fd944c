using Unroll.Kernels;

namespace Unroll.Tensors.Operations;

/// <summary>yᵢ = xᵢ − ln Σⱼ e^xⱼ along the last dimension; ∂L/∂x = g − e^y·Σⱼ gⱼ. The largest x is subtracted first, so that nothing
/// overflows.</summary>
internal sealed class LogSoftmax : Operation
{
    public static readonly LogSoftmax Instance = new();

    public override string Name => "LogSoftmax";

    public override void Shapes(OperationCall call)
    {
        if (call.InputShape(0).Rank == 0) throw new ShapeException("LogSoftmax: a scalar has no dimension to normalise; reshape it to [1].");
        call.AddOutput(call.InputShape(0));
    }

    public override void Forward(OperationCall call)
    {
        Shape shape = call.InputShape(0);
        VectorMath.LogSoftmax(call.Input(0), call.Output(0), shape.CountOf(0, shape.Rank - 1), shape[-1]);
    }

    public override void Backward(OperationCall call)
    {
        Shape shape = call.InputShape(0);
        VectorMath.AddLogSoftmaxGradient(call.OutputGradient(0), call.Output(0), call.InputGradient(0), shape.CountOf(0, shape.Rank - 1), shape[-1]);
    }
}
