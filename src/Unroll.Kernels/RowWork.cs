using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>Runs an operation over the rows of row-major matrices and shares the rows out over the team. A row is computed by one thread, in an order that depends on its
/// length alone.</summary>
internal sealed unsafe class RowWork<TOperation> : TeamWork where TOperation : struct, IRowOperation
{
    /// <summary>Elements that are worth a thread of their own.</summary>
    private const long ElementsPerThread = 1 << 13;

    [ThreadStatic] private static RowWork<TOperation>? cached;
    private float* x;
    private float* y;
    private float* z;
    private nint xStride, yStride, zStride;
    private int rows, columns;

    /// <summary>Computes every row.</summary>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Numbers in a row.</param>
    /// <param name="x">The first operand.</param>
    /// <param name="xStride">Floats from one row of x to the next.</param>
    /// <param name="y">The second operand; may be empty where the operation does not use it.</param>
    /// <param name="yStride">Floats from one row of y to the next: 0 for one row (or number) for all, 1 for a number per row.</param>
    /// <param name="z">The destination.</param>
    /// <param name="zStride">Floats from one row of z to the next: 1 for a number per row.</param>
    /// <exception cref="ArgumentException">A span is too short.</exception>
    public static void Run(int rows, int columns, ReadOnlySpan<float> x, int xStride, ReadOnlySpan<float> y, int yStride, Span<float> z, int zStride)
    {
        Check(x.Length, xStride, nameof(x));
        if (!y.IsEmpty) Check(y.Length, yStride, nameof(y));
        Check(z.Length, zStride, nameof(z));
        if (rows == 0) return;
        var work = cached ??= new();
        fixed (float* px = x, py = y, pz = z)
        {
            work.x = px;
            work.y = py;
            work.z = pz;
            (work.xStride, work.yStride, work.zStride, work.rows, work.columns) = (xStride, yStride, zStride, rows, columns);
            ThreadTeam.Run(work, (int)Math.Clamp((long)rows * columns / ElementsPerThread, 1, Math.Min(rows, ThreadTeam.Available)));
            work.x = work.y = work.z = null;
        }

        void Check(int length, int stride, string name)
        {
            long needed = rows == 0 ? 0 : (long)(rows - 1) * stride + (stride == 1 ? 1 : columns);
            if (length < needed) throw new ArgumentException($"{name} holds {length} numbers; {rows} rows with row stride {stride} need {needed}.", name);
        }
    }

    /// <inheritdoc/>
    public override void Run(int part, int parts)
    {
        int first = (int)((long)rows * part / parts), last = (int)((long)rows * (part + 1) / parts);
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
        for (nint row = first; row < last; row++) TOperation.Invoke<T>(x + row * xStride, y + row * yStride, z + row * zStride, columns);
    }
}
