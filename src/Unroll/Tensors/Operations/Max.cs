namespace Unroll.Tensors.Operations;

/// <summary>y = max x over one dimension or all of them; the gradient goes to the first element that has the maximum. NaN counts as the
/// largest number.</summary>
internal sealed class Max : Operation
{
    public static readonly Max Instance = new();

    public override string Name => "Max";

    public override void Shapes(OperationCall call)
    {
        Shape from = call.InputShape(0);
        if (new ReductionLoops(from, call.Integer(0)) is { Size: 0, Outer: > 0, Inner: > 0 })
            throw new ShapeException($"Max: there is no maximum over no elements, in {from}; leave empty tensors out.");
        call.AddOutput(ReductionLoops.Result(from, call.Integer(0), keep: call.Integer(1) != 0));
    }

    public override void Forward(OperationCall call)
    {
        ReadOnlySpan<float> x = call.Input(0);
        Span<float> y = call.Output(0);
        Span<int> places = call.SaveIntegers(y.Length);
        var loops = new ReductionLoops(call.InputShape(0), call.Integer(0));
        for (int i = 0; i < loops.Outer; i++)
            for (int k = 0; k < loops.Inner; k++)
            {
                int first = i * loops.Size * loops.Inner + k, best = first, last = first + loops.Size * loops.Inner;
                for (int at = first + loops.Inner; at < last; at += loops.Inner)
                    if (x[at] > x[best] || (float.IsNaN(x[at]) && !float.IsNaN(x[best]))) best = at;
                y[i * loops.Inner + k] = x[best];
                places[i * loops.Inner + k] = best;
            }
    }

    public override void Backward(OperationCall call)
    {
        ReadOnlySpan<float> g = call.OutputGradient(0);
        ReadOnlySpan<int> places = call.Integers(0);
        Span<float> gradient = call.InputGradient(0);
        for (int i = 0; i < g.Length; i++) gradient[places[i]] += g[i];
    }
}
