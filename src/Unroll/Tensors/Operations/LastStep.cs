using System.Numerics.Tensors;

namespace Unroll.Tensors.Operations;

/// <summary>The last step of each sequence: y[i, :] = x[i, lengthᵢ − 1, :], and the first of a sequence of no steps. The gradient goes to those steps.</summary>
internal sealed class LastStep : Operation
{
    public static readonly LastStep Instance = new();

    public override string Name => "LastStep";

    /// <summary>Applies the operation.</summary>
    /// <param name="x">[batch, time, features]</param>
    /// <param name="lengths">Steps of each sequence, 0 to time.</param>
    /// <returns>[batch, features]</returns>
    public static Tensor Apply(Tensor x, ReadOnlySpan<int> lengths) => OperationCall.Start(Instance).With(x).WithIntegers(lengths).Run();

    public override void Shapes(OperationCall call)
    {
        Shape x = call.InputShape(0);
        if (x.Rank != 3 || x[1] == 0) throw new ShapeException($"LastStep: x is {x}; it must be [batch, time, features] of 1 step or more.");
        if (call.Integers(0).Length != x[0]) throw new ShapeException($"LastStep: {call.Integers(0).Length} lengths for a batch of {x[0]}; give one for each sequence.");
        foreach (int length in call.Integers(0))
            if (length < 0 || length > x[1]) throw new ShapeException($"LastStep: a length is {length}; x {x} has room for 0 to {x[1]} steps.");
        call.AddOutput([x[0], x[2]]);
    }

    public override void Forward(OperationCall call)
    {
        int size = call.InputShape(0)[2];
        for (int i = 0; i < call.Integers(0).Length; i++) call.Input(0).Slice(Offset(call, i), size).CopyTo(call.Output(0)[(i * size)..]);
    }

    public override void Backward(OperationCall call)
    {
        int size = call.InputShape(0)[2];
        for (int i = 0; i < call.Integers(0).Length; i++)
        {
            Span<float> to = call.InputGradient(0).Slice(Offset(call, i), size);
            TensorPrimitives.Add(to, call.OutputGradient(0).Slice(i * size, size), to);
        }
    }

    private static int Offset(OperationCall call, int sequence)
    {
        Shape x = call.InputShape(0);
        return (sequence * x[1] + Math.Max(1, call.Integers(0)[sequence]) - 1) * x[2];
    }
}
