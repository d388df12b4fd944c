using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>A sum over long spans: pieces of fixed length, each summed in the order of <see cref="Reduction"/>, added up in double precision. Threads share out the pieces, so the bits do
/// not depend on their number.</summary>
internal sealed unsafe class SumWork<TOperator> : TeamWork where TOperator : struct, IReductionOperator
{
    private const int Piece = 1 << 13;

    [ThreadStatic] private static SumWork<TOperator>? cached;
    private float* x;
    private float* y;
    private int count, pieces;
    private double[] sums = new double[64];

    /// <summary>The sum over both spans, which have the same length.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static double Run(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        if (x.Length != y.Length) throw new ArgumentException($"the operands of a sum must have equal lengths; found {x.Length} and {y.Length}.");
        var work = cached ??= new();
        fixed (float* px = x, py = y)
        {
            work.x = px;
            work.y = py;
            work.count = x.Length;
            work.pieces = (int)(((long)x.Length + Piece - 1) / Piece);
            if (work.sums.Length < work.pieces) work.sums = new double[2 * work.pieces];
            ThreadTeam.Run(work, Math.Clamp(work.pieces / 4, 1, ThreadTeam.Available));
            work.x = work.y = null;
        }
        double sum = 0;
        for (int i = 0; i < work.pieces; i++) sum += work.sums[i];
        return sum;
    }

    /// <inheritdoc/>
    public override void Run(int part, int parts)
    {
        int first = (int)((long)pieces * part / parts), last = (int)((long)pieces * (part + 1) / parts);
        switch (Simd.Lanes)
        {
            case 16: Run<Lane512>(first, last); break;
            case 8: Run<Lane256>(first, last); break;
            case 4: Run<Lane128>(first, last); break;
            default: Run<Lane1>(first, last); break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Run<T>(int first, int last) where T : struct, ILane<T>
    {
        for (int i = first; i < last; i++)
        {
            nint at = (nint)i * Piece;
            sums[i] = Reduction.Sum<T, TOperator>(x + at, y + at, Math.Min(Piece, count - at));
        }
    }
}
