using System.Numerics.Tensors;

namespace Unroll.Tensors.Operations;

/// <summary>Puts tensors one after the other along a dimension.</summary>
internal sealed class Concat : Operation
{
    public static readonly Concat Instance = new();

    public override string Name => "Concat";

    /// <summary>Applies the operation.</summary>
    public static Tensor Apply(ReadOnlySpan<Tensor> parts, int axis)
    {
        if (parts.IsEmpty) throw new ShapeException("Concat: there is nothing to put together; give one tensor or more.");
        OperationCall call = OperationCall.Start(Instance).WithInteger(axis);
        foreach (Tensor part in parts) call.With(part);
        return call.Run();
    }

    public override void Shapes(OperationCall call)
    {
        Shape first = call.InputShape(0);
        int axis = first.Axis(call.Integer(0));
        long size = 0;
        for (int i = 0; i < call.InputCount; i++)
        {
            Shape next = call.InputShape(i);
            if (next.Rank != first.Rank || next.With(axis, 0) != first.With(axis, 0))
                throw new ShapeException($"Concat: {first} and {next} differ in more than dimension {axis}; the other sizes must be equal.");
            size += next[axis];
        }
        call.AddOutput(first.With(axis, checked((int)size)));
    }

    public override void Forward(OperationCall call)
    {
        Span<float> y = call.Output(0);
        var (outer, stride) = Blocks(call);
        for (int input = 0, offset = 0; input < call.InputCount; input++)
        {
            ReadOnlySpan<float> x = call.Input(input);
            int length = outer == 0 ? 0 : x.Length / outer;
            for (int i = 0; i < outer; i++) x.Slice(i * length, length).CopyTo(y[(i * stride + offset)..]);
            offset += length;
        }
    }

    public override void Backward(OperationCall call)
    {
        ReadOnlySpan<float> g = call.OutputGradient(0);
        var (outer, stride) = Blocks(call);
        for (int input = 0, offset = 0; input < call.InputCount; input++)
        {
            int length = outer == 0 ? 0 : call.Input(input).Length / outer;
            if (call.Needs(input))
            {
                Span<float> gradient = call.InputGradient(input);
                for (int i = 0; i < outer; i++)
                {
                    Span<float> to = gradient.Slice(i * length, length);
                    TensorPrimitives.Add(to, g.Slice(i * stride + offset, length), to);
                }
            }
            offset += length;
        }
    }

    private static (int Outer, int Stride) Blocks(OperationCall call)
    {
        Shape to = call.OutputShape(0);
        int axis = to.Axis(call.Integer(0));
        return (to.CountOf(0, axis), to.CountOf(axis, to.Rank));
    }
}
