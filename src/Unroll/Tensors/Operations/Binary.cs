using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Unroll.Kernels;

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

    /// <summary>g · ∂f/∂a, computed into d, or g itself.</summary>
    static abstract ReadOnlySpan<float> LeftDerivative(ReadOnlySpan<float> g, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> d);

    /// <summary>g · ∂f/∂b, computed into d, or g itself.</summary>
    static abstract ReadOnlySpan<float> RightDerivative(ReadOnlySpan<float> g, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> d);
}

/// <summary>The driver of all elementwise operations of two operands with broadcasting.</summary>
internal abstract class Binary<TRule> : Operation where TRule : struct, IBinaryRule
{
    private const int Chunk = 512, Scratch = 3 * Chunk;

    public sealed override string Name => TRule.Name;

    public sealed override void Shapes(OperationCall call) => call.AddOutput(Broadcast.Result(TRule.Name, call.InputShape(0), call.InputShape(1)));

    public sealed override void Forward(OperationCall call) => call.InParts(call.OutputShape(0).Count, [MethodImpl(MethodImplOptions.AggressiveOptimization)] static (call, part, parts) =>
    {
        ReadOnlySpan<float> a = call.Input(0), b = call.Input(1);
        Span<float> y = call.Output(0);
        var walk = new Broadcast(call.InputShape(0), call.InputShape(1), call.OutputShape(0));
        var (row, lastRow, from, to) = Split(walk, byRows: walk.Outer >= parts, part, parts);
        int n = to - from;
        for (walk.MoveTo(row); row < lastRow; row++, walk.Next())
        {
            Span<float> target = y.Slice(row * walk.Inner + from, n);
            if (!walk.RightMoves)
                TRule.Value(walk.LeftMoves ? a.Slice(walk.LeftOffset + from, n) : a.Slice(walk.LeftOffset, 1), b[walk.RightOffset], target);
            else if (!walk.LeftMoves)
                TRule.Value(a[walk.LeftOffset], b.Slice(walk.RightOffset + from, n), target);
            else
                TRule.Value(a.Slice(walk.LeftOffset + from, n), b.Slice(walk.RightOffset + from, n), target);
        }
    });

    public sealed override void Backward(OperationCall call)
    {
        if (call.Needs(0)) Carry<LeftSide>(call);
        if (call.Needs(1)) Carry<RightSide>(call);
    }

    private static void Carry<TSide>(OperationCall call) where TSide : struct, ISide
    {
        var walk = new Broadcast(call.InputShape(0), call.InputShape(1), call.OutputShape(0));
        int count = call.OutputShape(0).Count;
        if (call.InputShape(TSide.Operand).Count == count) call.InParts(count, Add<TSide>);
        else if (TSide.Moves(walk)) call.InParts(count, AddRows<TSide>);
        else AddSums<TSide>(call);
    }

    /// <summary>The operand has the result's shape: each element gets its own derivative.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add<TSide>(OperationCall call, int part, int parts) where TSide : struct, ISide
    {
        Span<float> gradient = call.InputGradient(TSide.Operand);
        var terms = new Terms(call, stackalloc float[Scratch]);
        var (row, lastRow, from, to) = Split(terms.Walk, byRows: terms.Walk.Outer >= parts, part, parts);
        for (terms.MoveTo(row); row < lastRow; row++, terms.Next())
            for (int start = from; start < to; start += Chunk)
            {
                Span<float> target = gradient.Slice(TSide.Offset(terms.Walk) + start, Math.Min(Chunk, to - start));
                VectorMath.AddTo(terms.Of<TSide>(start, target.Length), target);
            }
    }

    /// <summary>The operand's rows are repeated: each gets the sum of several. Threads share out the columns, so that the order of the sum does
    /// not depend on them; and rows are added up by blocks, so that the error does not grow with their number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddRows<TSide>(OperationCall call, int part, int parts) where TSide : struct, ISide
    {
        const int Block = 64;
        Span<float> gradient = call.InputGradient(TSide.Operand), block = stackalloc float[Chunk];
        var terms = new Terms(call, stackalloc float[Scratch]);
        var (_, lastRow, from, to) = Split(terms.Walk, byRows: false, part, parts);
        for (int start = from; start < to; start += Chunk)
        {
            int n = Math.Min(Chunk, to - start), inBlock = 0;
            terms.MoveTo(0);
            for (int row = 0; row < lastRow; row++)
            {
                ReadOnlySpan<float> term = terms.Of<TSide>(start, n);
                if (inBlock == 0) term.CopyTo(block);
                else VectorMath.AddTo(term, block[..n]);
                Span<float> target = gradient.Slice(TSide.Offset(terms.Walk) + start, n);
                int offset = TSide.Offset(terms.Walk);
                terms.Next();
                if (++inBlock < Block && row + 1 < lastRow && TSide.Offset(terms.Walk) == offset) continue;
                VectorMath.AddTo(block[..n], target);
                inBlock = 0;
            }
        }
    }

    /// <summary>The operand has one number for a whole row, which gets the row's sum; rows that share a number are added up in double
    /// precision.</summary>
    private static void AddSums<TSide>(OperationCall call) where TSide : struct, ISide
    {
        Span<float> gradient = call.InputGradient(TSide.Operand);
        var terms = new Terms(call, stackalloc float[Scratch]);
        double sum = 0;
        for (int row = 0; row < terms.Walk.Outer; row++)
        {
            for (int start = 0; start < terms.Walk.Inner; start += Chunk)
                sum += VectorMath.Sum(terms.Of<TSide>(start, Math.Min(Chunk, terms.Walk.Inner - start)));
            int offset = TSide.Offset(terms.Walk);
            terms.Next();
            if (row + 1 < terms.Walk.Outer && TSide.Offset(terms.Walk) == offset) continue;
            gradient[offset] += (float)sum;
            sum = 0;
        }
    }

    /// <summary>The rows and columns of one part.</summary>
    private static (int Row, int LastRow, int From, int To) Split(in Broadcast walk, bool byRows, int part, int parts) => byRows
        ? ((int)((long)walk.Outer * part / parts), (int)((long)walk.Outer * (part + 1) / parts), 0, walk.Inner)
        : (0, walk.Outer, OperationCall.Boundary(walk.Inner, part, parts), OperationCall.Boundary(walk.Inner, part + 1, parts));

    /// <summary>Which operand a gradient goes to.</summary>
    private interface ISide
    {
        static abstract int Operand { get; }

        static abstract bool Moves(in Broadcast walk);

        static abstract int Offset(in Broadcast walk);

        static abstract ReadOnlySpan<float> Derivative(ReadOnlySpan<float> g, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> d);
    }

    private readonly struct LeftSide : ISide
    {
        public static int Operand => 0;

        public static bool Moves(in Broadcast walk) => walk.LeftMoves;

        public static int Offset(in Broadcast walk) => walk.LeftOffset;

        public static ReadOnlySpan<float> Derivative(ReadOnlySpan<float> g, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> d) =>
            TRule.LeftDerivative(g, a, b, d);
    }

    private readonly struct RightSide : ISide
    {
        public static int Operand => 1;

        public static bool Moves(in Broadcast walk) => walk.RightMoves;

        public static int Offset(in Broadcast walk) => walk.RightOffset;

        public static ReadOnlySpan<float> Derivative(ReadOnlySpan<float> g, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> d) =>
            TRule.RightDerivative(g, a, b, d);
    }

    /// <summary>Walks the result's rows and computes g·∂f of stretches of them.</summary>
    private ref struct Terms
    {
        private readonly ReadOnlySpan<float> _a, _b, _g;
        private readonly Span<float> _repeatedA, _repeatedB, _d;
        private Broadcast _walk;
        private int _row;

        public Terms(OperationCall call, Span<float> scratch)
        {
            _a = call.Input(0);
            _b = call.Input(1);
            _g = call.OutputGradient(0);
            _repeatedA = scratch[..Chunk];
            _repeatedB = scratch.Slice(Chunk, Chunk);
            _d = scratch.Slice(2 * Chunk, Chunk);
            _walk = new Broadcast(call.InputShape(0), call.InputShape(1), call.OutputShape(0));
            Repeat();
        }

        [UnscopedRef]
        public readonly ref readonly Broadcast Walk => ref _walk;

        public void MoveTo(int row)
        {
            _walk.MoveTo(row);
            _row = row;
            Repeat();
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Next()
        {
            int left = _walk.LeftOffset, right = _walk.RightOffset;
            _walk.Next();
            _row++;
            if (left != _walk.LeftOffset || right != _walk.RightOffset) Repeat();
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly ReadOnlySpan<float> Of<TSide>(int start, int count) where TSide : struct, ISide => TSide.Derivative(
            _g.Slice(_row * _walk.Inner + start, count),
            _walk.LeftMoves ? _a.Slice(_walk.LeftOffset + start, count) : _repeatedA[..count],
            _walk.RightMoves ? _b.Slice(_walk.RightOffset + start, count) : _repeatedB[..count],
            _d[..count]);

        private readonly void Repeat()
        {
            if (_walk.Outer == 0) return;
            if (!_walk.LeftMoves) _repeatedA[..Math.Min(Chunk, _walk.Inner)].Fill(_a[_walk.LeftOffset]);
            if (!_walk.RightMoves) _repeatedB[..Math.Min(Chunk, _walk.Inner)].Fill(_b[_walk.RightOffset]);
        }
    }
}
