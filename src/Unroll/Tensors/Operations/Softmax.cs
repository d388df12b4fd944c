using Unroll.Kernels;

namespace Unroll.Tensors.Operations;

/// <summary>yᵢ = e^xᵢ / Σⱼ e^xⱼ along the last dimension; ∂L/∂x = y ⊙ (g − Σⱼ gⱼyⱼ). The largest x is subtracted first, so that nothing
/// overflows.</summary>
internal sealed class Softmax : Operation
{
    public static readonly Softmax Instance = new();

    public override string Name => "Softmax";

    public override void Shapes(OperationCall call)
    {
        if (call.InputShape(0).Rank == 0) throw new ShapeException("Softmax: a scalar has no dimension to normalise; reshape it to [1].");
        call.AddOutput(call.InputShape(0));
    }

    public override void Forward(OperationCall call)
    {
        Shape shape = call.InputShape(0);
        VectorMath.Softmax(call.Input(0), call.Output(0), shape.CountOf(0, shape.Rank - 1), shape[-1]);
    }

    public override void Backward(OperationCall call)
    {
        Shape shape = call.InputShape(0);
        VectorMath.AddSoftmaxGradient(call.OutputGradient(0), call.Output(0), call.InputGradient(0), shape.CountOf(0, shape.Rank - 1), shape[-1]);
    }
}
