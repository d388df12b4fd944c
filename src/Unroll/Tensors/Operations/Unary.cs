using System.Numerics.Tensors;

namespace Unroll.Tensors.Operations;

/// <summary>The formulas of an elementwise operation of one operand, over spans of equal length.</summary>
internal interface IUnaryRule
{
    static abstract string Name { get; }

    /// <summary>y = f(x).</summary>
    static abstract void Value(ReadOnlySpan<float> x, Span<float> y);

    /// <summary>d = g · f′(x), where y = f(x) may be used.</summary>
    static abstract void Derivative(ReadOnlySpan<float> g, ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> d);
}

/// <summary>The driver of all elementwise operations of one operand.</summary>
internal abstract class Unary<TRule> : Operation where TRule : struct, IUnaryRule
{
    private const int Chunk = 512;

    public sealed override string Name => TRule.Name;

    public sealed override void Shapes(OperationCall call) => call.AddOutput(call.InputShape(0));

    public sealed override void Forward(OperationCall call) => call.InParts(call.InputShape(0).Count, static (call, part, parts) =>
    {
        int from = OperationCall.Boundary(call.InputShape(0).Count, part, parts), to = OperationCall.Boundary(call.InputShape(0).Count, part + 1, parts);
        TRule.Value(call.Input(0)[from..to], call.Output(0)[from..to]);
    });

    public sealed override void Backward(OperationCall call)
    {
        if (!call.Needs(0)) return;
        call.InParts(call.InputShape(0).Count, static (call, part, parts) =>
        {
            ReadOnlySpan<float> x = call.Input(0), y = call.Output(0), g = call.OutputGradient(0);
            Span<float> gradient = call.InputGradient(0), d = stackalloc float[Chunk];
            int to = OperationCall.Boundary(x.Length, part + 1, parts);
            for (int start = OperationCall.Boundary(x.Length, part, parts); start < to; start += Chunk)
            {
                int n = Math.Min(Chunk, to - start);
                TRule.Derivative(g.Slice(start, n), x.Slice(start, n), y.Slice(start, n), d[..n]);
                TensorPrimitives.Add(gradient.Slice(start, n), d[..n], gradient.Slice(start, n));
            }
        });
    }
}
