using Unroll.Kernels;

namespace Unroll.Tensors.Operations;

/// <summary>C = op(A)·op(B), where op transposes the last two dimensions or not; ∂A = ∂C·op(B)ᵀ, ∂B = op(A)ᵀ·∂C. Either both operands
/// have the same outer dimensions, whose matrices are multiplied pair by pair, or B is one matrix for all of A.</summary>
internal sealed class MatMul : Operation
{
    public static readonly MatMul Instance = new();

    /// <summary>Multiply-adds of a product that all threads share; smaller ones of a batch go to a thread each.</summary>
    private const int LargeProduct = 1 << 19;

    /// <summary>Multiply-adds that cost as much as one elementwise operation.</summary>
    private const int MultiplyAddsPerOperation = 8;

    public override string Name => "MatMul";

    public override void Shapes(OperationCall call)
    {
        Shape a = call.InputShape(0), b = call.InputShape(1);
        bool transposeA = call.Integer(0) != 0, transposeB = call.Integer(1) != 0;
        if (a.Rank < 2 || b.Rank < 2)
            throw new ShapeException($"MatMul: both operands need two dimensions or more, found {a} and {b}; reshape a vector to [1, n] or [n, 1].");
        int inner = transposeA ? a[-2] : a[-1], rows = transposeA ? a[-1] : a[-2];
        int innerB = transposeB ? b[-1] : b[-2], columns = transposeB ? b[-2] : b[-1];
        if (inner != innerB)
            throw new ShapeException($"MatMul: inner sizes differ, {inner} and {innerB}, in {a}{(transposeA ? "ᵀ" : "")} · {b}{(transposeB ? "ᵀ" : "")}; transpose or reshape one of them.");
        bool sameOuter = a.Rank == b.Rank;
        for (int i = 0; sameOuter && i < a.Rank - 2; i++) sameOuter = a[i] == b[i];
        if (b.Rank > 2 && !sameOuter)
            throw new ShapeException($"MatMul: the outer dimensions of {a} and {b} differ; make them equal, or give one matrix [k, n] on the right.");
        call.AddOutput(a.With(a.Rank - 2, rows).With(a.Rank - 1, columns));
    }

    public override void Forward(OperationCall call)
    {
        var (batches, m, n, k, _) = Sizes(call);
        if (Shared(batches, m, n, k)) call.InParts((long)batches * m * n * k / MultiplyAddsPerOperation, static (call, part, parts) =>
        {
            int batches = Sizes(call).Batches;
            Multiply(call, (int)((long)batches * part / parts), (int)((long)batches * (part + 1) / parts));
        });
        else Multiply(call, 0, batches);
    }

    public override void Backward(OperationCall call)
    {
        var (batches, m, n, k, sharedB) = Sizes(call);
        // One right operand for several products gets the sum of their gradients, in order.
        if (Shared(batches, m, n, k) && !sharedB) call.InParts(2L * batches * m * n * k / MultiplyAddsPerOperation, static (call, part, parts) =>
        {
            int batches = Sizes(call).Batches;
            Carry(call, (int)((long)batches * part / parts), (int)((long)batches * (part + 1) / parts));
        });
        else Carry(call, 0, batches);
    }

    /// <summary>Whether threads take products each; large products are shared out by themselves.</summary>
    private static bool Shared(int batches, int m, int n, int k) => batches > 1 && (long)m * n * k < LargeProduct;

    private static void Multiply(OperationCall call, int first, int last)
    {
        var (_, m, n, k, sharedB) = Sizes(call);
        bool transposeA = call.Integer(0) != 0, transposeB = call.Integer(1) != 0;
        ReadOnlySpan<float> a = call.Input(0), b = call.Input(1);
        Span<float> c = call.Output(0);
        for (int i = first; i < last; i++)
            Product(transposeA, transposeB, m, n, k, a.Slice(i * m * k, m * k), sharedB ? b : b.Slice(i * k * n, k * n), c.Slice(i * m * n, m * n), accumulate: false);
    }

    private static void Carry(OperationCall call, int first, int last)
    {
        var (_, m, n, k, sharedB) = Sizes(call);
        bool transposeA = call.Integer(0) != 0, transposeB = call.Integer(1) != 0;
        ReadOnlySpan<float> a = call.Input(0), b = call.Input(1), g = call.OutputGradient(0);
        for (int i = first; i < last; i++)
        {
            ReadOnlySpan<float> gi = g.Slice(i * m * n, m * n);
            if (call.Needs(0))
            {
                Span<float> to = call.InputGradient(0).Slice(i * m * k, m * k);
                ReadOnlySpan<float> bi = sharedB ? b : b.Slice(i * k * n, k * n);
                if (transposeA) Product(transposeB, true, k, m, n, bi, gi, to, accumulate: true);    // ∂A = op(B)·∂Cᵀ
                else Product(false, !transposeB, m, k, n, gi, bi, to, accumulate: true);             // ∂A = ∂C·op(B)ᵀ
            }
            if (call.Needs(1))
            {
                Span<float> to = sharedB ? call.InputGradient(1) : call.InputGradient(1).Slice(i * k * n, k * n);
                ReadOnlySpan<float> ai = a.Slice(i * m * k, m * k);
                if (transposeB) Product(true, transposeA, n, k, m, gi, ai, to, accumulate: true);    // ∂B = ∂Cᵀ·op(A)
                else Product(!transposeA, false, k, n, m, ai, gi, to, accumulate: true);             // ∂B = op(A)ᵀ·∂C
            }
        }
    }

    private static (int Batches, int M, int N, int K, bool SharedB) Sizes(OperationCall call)
    {
        Shape a = call.InputShape(0), b = call.InputShape(1), c = call.OutputShape(0);
        bool transposeA = call.Integer(0) != 0;
        int k = transposeA ? a[-2] : a[-1];
        bool sharedB = b.Rank == 2;
        int outer = a.CountOf(0, a.Rank - 2);
        // One matrix on the right: the rows of all matrices on the left are rows of a single product.
        return sharedB && !transposeA ? (1, outer * c[-2], c[-1], k, true) : (outer, c[-2], c[-1], k, sharedB);
    }

    /// <summary>C = op(A)·op(B), or C += with <paramref name="accumulate"/>, of dense matrices; op(A) is m × k, op(B) is k × n.</summary>
    private static void Product(bool transposeA, bool transposeB, int m, int n, int k, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> c, bool accumulate) =>
        MatrixProduct.Multiply(transposeA, transposeB, m, n, k, a, transposeA ? m : k, b, transposeB ? k : n, c, n, accumulate);
}
