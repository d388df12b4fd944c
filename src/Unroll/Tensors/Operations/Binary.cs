namespace Unroll.Tensors.Operations;

/// <summary>The formulas of an elementwise operation of two operands, over spans of equal length.</summary>
internal interface IBinaryRule
{
    static abstract string Name { get; }

    /// <summary>y = f(a, b).</summary>
    static abstract void Value(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> y);

    /// <summary>y = f(a, b) for one number b.</summary>
    static abstract void Value(ReadOnlySpan<float> a, float b, Span<float> y);

    /// <summary>y = f(a, b) for one number a.</summary>
    static abstract void Value(float a, ReadOnlySpan<float> b, Span<float> y);

    /// <summary>d = g · ∂f/∂a.</summary>
    static abstract void LeftDerivative(ReadOnlySpan<float> g, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> d);

    /// <summary>d = g · ∂f/∂b.</summary>
    static abstract void RightDerivative(ReadOnlySpan<float> g, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> d);
}

/// <summary>The driver of all elementwise operations of two operands with broadcasting.</summary>
internal abstract class Binary<TRule> : Operation where TRule : struct, IBinaryRule
{
    private const int Chunk = 512;

    public sealed override string Name => TRule.Name;

    public sealed override void Shapes(OperationCall call) => call.AddOutput(Broadcast.Result(TRule.Name, call.InputShape(0), call.InputShape(1)));

    public sealed override void Forward(OperationCall call)
    {
        ReadOnlySpan<float> a = call.Input(0), b = call.Input(1);
        Span<float> y = call.Output(0);
        var walk = new Broadcast(call.InputShape(0), call.InputShape(1), call.OutputShape(0));
        int n = walk.Inner;
        for (int i = 0; i < walk.Outer; i++, walk.Next())
        {
            Span<float> row = y.Slice(i * n, n);
            if (!walk.RightMoves)
                TRule.Value(a.Slice(walk.LeftOffset, walk.LeftMoves ? n : 1), b[walk.RightOffset], row);
            else if (!walk.LeftMoves)
                TRule.Value(a[walk.LeftOffset], b.Slice(walk.RightOffset, n), row);
            else
                TRule.Value(a.Slice(walk.LeftOffset, n), b.Slice(walk.RightOffset, n), row);
        }
    }

    public sealed override void Backward(OperationCall call)
    {
        if (call.Needs(0)) Carry(call, left: true);
        if (call.Needs(1)) Carry(call, left: false);
    }

    private static void Carry(OperationCall call, bool left)
    {
        ReadOnlySpan<float> a = call.Input(0), b = call.Input(1), g = call.OutputGradient(0);
        Span<float> gradient = call.InputGradient(left ? 0 : 1);
        Span<float> repeatedA = stackalloc float[Chunk], repeatedB = stackalloc float[Chunk], d = stackalloc float[Chunk];
        var walk = new Broadcast(call.InputShape(0), call.InputShape(1), call.OutputShape(0));
        for (int i = 0; i < walk.Outer; i++, walk.Next())
        {
            bool moves = left ? walk.LeftMoves : walk.RightMoves;
            int offset = left ? walk.LeftOffset : walk.RightOffset;
            if (!walk.LeftMoves) repeatedA.Fill(a[walk.LeftOffset]);
            if (!walk.RightMoves) repeatedB.Fill(b[walk.RightOffset]);
            for (int start = 0; start < walk.Inner; start += Chunk)
            {
                int n = Math.Min(Chunk, walk.Inner - start);
                ReadOnlySpan<float> rowG = g.Slice(i * walk.Inner + start, n);
                ReadOnlySpan<float> rowA = walk.LeftMoves ? a.Slice(walk.LeftOffset + start, n) : repeatedA[..n];
                ReadOnlySpan<float> rowB = walk.RightMoves ? b.Slice(walk.RightOffset + start, n) : repeatedB[..n];
                if (left) TRule.LeftDerivative(rowG, rowA, rowB, d[..n]);
                else TRule.RightDerivative(rowG, rowA, rowB, d[..n]);
                if (moves)
                    System.Numerics.Tensors.TensorPrimitives.Add(gradient.Slice(offset + start, n), d[..n], gradient.Slice(offset + start, n));
                else
                    gradient[offset] += Sums.Sum(d[..n]);
            }
        }
    }
}
