using System.Numerics.Tensors;

namespace Unroll.Tensors.Operations;

/// <summary>A stretch of one dimension. Along the outermost dimension nothing is copied.</summary>
internal sealed class Slice : Operation
{
    public static readonly Slice Instance = new();

    public override string Name => "Slice";

    /// <summary>Applies the operation.</summary>
    public static Tensor Apply(Tensor x, int axis, int start, int length) =>
        OperationCall.Start(Instance).With(x).WithInteger(axis).WithInteger(start).WithInteger(length).Run();

    public override void Shapes(OperationCall call)
    {
        Shape from = call.InputShape(0);
        int axis = from.Axis(call.Integer(0)), start = call.Integer(1), length = call.Integer(2);
        if (start < 0 || length < 0 || start > from[axis] - length)
            throw new ShapeException($"Slice: {length} from {start} on lie outside dimension {axis} of {from}; start and length are 0 or more and their sum at most {from[axis]}.");
        Shape to = from.With(axis, length);
        if (from.CountOf(0, axis) == 1)
            call.AddView(to, input: 0, offset: start * from.CountOf(axis + 1, from.Rank));
        else
            call.AddOutput(to);
    }

    public override void Forward(OperationCall call)
    {
        var (outer, fromStride, offset, length) = Blocks(call);
        if (outer == 1) return;
        ReadOnlySpan<float> x = call.Input(0);
        Span<float> y = call.Output(0);
        for (int i = 0; i < outer; i++) x.Slice(i * fromStride + offset, length).CopyTo(y[(i * length)..]);
    }

    public override void Backward(OperationCall call)
    {
        var (outer, fromStride, offset, length) = Blocks(call);
        ReadOnlySpan<float> g = call.OutputGradient(0);
        Span<float> gradient = call.InputGradient(0);
        for (int i = 0; i < outer; i++)
        {
            Span<float> to = gradient.Slice(i * fromStride + offset, length);
            TensorPrimitives.Add(to, g.Slice(i * length, length), to);
        }
    }

    private static (int Outer, int FromStride, int Offset, int Length) Blocks(OperationCall call)
    {
        Shape from = call.InputShape(0);
        int axis = from.Axis(call.Integer(0)), inner = from.CountOf(axis + 1, from.Rank);
        return (from.CountOf(0, axis), from[axis] * inner, call.Integer(1) * inner, call.Integer(2) * inner);
    }
}
