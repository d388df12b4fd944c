using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>Sums over the rows of a matrix, one chain of additions per column in the order of the rows; threads share out the columns.</summary>
internal sealed unsafe class ColumnSumWork : TeamWork
{
    /// <summary>Elements that are worth a thread of their own.</summary>
    private const long ElementsPerThread = 1 << 15;
    private const int Line = 16;

    [ThreadStatic] private static ColumnSumWork? cached;
    private float* x;
    private float* sums;
    private nint stride;
    private int rows, columns;
    private bool accumulate;

    /// <summary>sums[j] = Σᵢ x[i, j], or added to what sums holds.</summary>
    /// <exception cref="ArgumentException">A span is too short.</exception>
    public static void Run(int rows, int columns, ReadOnlySpan<float> x, int stride, Span<float> sums, bool accumulate)
    {
        if (sums.Length < columns) throw new ArgumentException($"{columns} column sums need as many places; found {sums.Length}.", nameof(sums));
        if (rows > 0 && x.Length < (long)(rows - 1) * stride + columns)
            throw new ArgumentException($"x holds {x.Length} numbers; {rows} × {columns} with row stride {stride} needs {(long)(rows - 1) * stride + columns}.", nameof(x));
        var work = cached ??= new();
        fixed (float* px = x, ps = sums)
        {
            work.x = px;
            work.sums = ps;
            (work.rows, work.columns, work.stride, work.accumulate) = (rows, columns, stride, accumulate);
            ThreadTeam.Run(work, (int)Math.Clamp((long)rows * columns / ElementsPerThread, 1, Math.Clamp(columns / Line, 1, ThreadTeam.Available)));
            work.x = work.sums = null;
        }
    }

    /// <inheritdoc/>
    public override void Run(int part, int parts)
    {
        long lines = (columns + Line - 1) / Line;
        int first = (int)(lines * part / parts) * Line, last = (int)Math.Min(columns, lines * (part + 1) / parts * Line);
        switch (Simd.Lanes)
        {
            case 16: Run<Lane512>(rows, first, last, x, stride, sums, accumulate); break;
            case 8: Run<Lane256>(rows, first, last, x, stride, sums, accumulate); break;
            case 4: Run<Lane128>(rows, first, last, x, stride, sums, accumulate); break;
            default: Run<Lane1>(rows, first, last, x, stride, sums, accumulate); break;
        }
    }

    /// <summary>Sums columns <paramref name="first"/> to <paramref name="last"/> − 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Run<T>(int rows, int first, int last, float* x, nint stride, float* sums, bool accumulate) where T : struct, ILane<T>
    {
        int column = first;
        for (; column <= last - 4 * T.Count; column += 4 * T.Count)
        {
            float* target = sums + column;
            float* row = x + column;
            T a = T.Zero, b = T.Zero, c = T.Zero, d = T.Zero;
            if (accumulate)
            {
                a = T.Load(target);
                b = T.Load(target + T.Count);
                c = T.Load(target + 2 * T.Count);
                d = T.Load(target + 3 * T.Count);
            }
            for (int i = 0; i < rows; i++, row += stride)
            {
                a += T.Load(row);
                b += T.Load(row + T.Count);
                c += T.Load(row + 2 * T.Count);
                d += T.Load(row + 3 * T.Count);
            }
            T.Store(target, a);
            T.Store(target + T.Count, b);
            T.Store(target + 2 * T.Count, c);
            T.Store(target + 3 * T.Count, d);
        }
        for (; column <= last - T.Count; column += T.Count)
        {
            float* row = x + column;
            T a = accumulate ? T.Load(sums + column) : T.Zero;
            for (int i = 0; i < rows; i++, row += stride) a += T.Load(row);
            T.Store(sums + column, a);
        }
        for (; column < last; column++)
        {
            float* row = x + column;
            float a = accumulate ? sums[column] : 0;
            for (int i = 0; i < rows; i++, row += stride) a += *row;
            sums[column] = a;
        }
    }
}
