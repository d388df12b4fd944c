namespace Unroll.Tensors.Operations;

/// <summary>y = a where the condition is not 0, else b, with broadcasting of all three. The gradient goes to whichever was taken; the
/// condition gets none. What is not taken has no influence, were it infinite or NaN.</summary>
internal sealed class Where : Operation
{
    public static readonly Where Instance = new();

    public override string Name => "Where";

    /// <summary>Applies the operation.</summary>
    public static Tensor Apply(Tensor condition, Tensor a, Tensor b) => OperationCall.Start(Instance).With(a).With(b).With(condition).Run();

    public override void Shapes(OperationCall call) =>
        call.AddOutput(Broadcast.Result("Where", call.InputShape(2), Broadcast.Result("Where", call.InputShape(0), call.InputShape(1))));

    public override void Forward(OperationCall call) => call.InParts(call.OutputShape(0).Count, static (call, part, parts) =>
    {
        ReadOnlySpan<float> a = call.Input(0), b = call.Input(1), condition = call.Input(2);
        Span<float> y = call.Output(0);
        var walk = new Broadcast(call.InputShape(0), call.InputShape(1), call.OutputShape(0), call.InputShape(2));
        int last = (int)((long)walk.Outer * (part + 1) / parts), row = (int)((long)walk.Outer * part / parts);
        int stepA = walk.LeftMoves ? 1 : 0, stepB = walk.RightMoves ? 1 : 0, stepC = walk.ThirdMoves ? 1 : 0;
        for (walk.MoveTo(row); row < last; row++, walk.Next())
        {
            Span<float> to = y.Slice(row * walk.Inner, walk.Inner);
            for (int i = 0, ia = walk.LeftOffset, ib = walk.RightOffset, ic = walk.ThirdOffset; i < to.Length; i++, ia += stepA, ib += stepB, ic += stepC)
                to[i] = condition[ic] != 0 ? a[ia] : b[ib];
        }
    });

    public override void Backward(OperationCall call)
    {
        if (call.Needs(0)) Carry(call, 0);
        if (call.Needs(1)) Carry(call, 1);
    }

    private static void Carry(OperationCall call, int input)
    {
        ReadOnlySpan<float> condition = call.Input(2), g = call.OutputGradient(0);
        Span<float> gradient = call.InputGradient(input);
        var walk = new Broadcast(call.InputShape(input), default, call.OutputShape(0), call.InputShape(2));
        int step = walk.LeftMoves ? 1 : 0, stepC = walk.ThirdMoves ? 1 : 0;
        for (int row = 0; row < walk.Outer; row++, walk.Next())
        {
            ReadOnlySpan<float> from = g.Slice(row * walk.Inner, walk.Inner);
            for (int i = 0, to = walk.LeftOffset, ic = walk.ThirdOffset; i < from.Length; i++, to += step, ic += stepC)
                if (condition[ic] != 0 == (input == 0)) gradient[to] += from[i];
        }
    }
}
