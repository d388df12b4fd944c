using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Unroll.Kernels;

/// <summary>A row count known to the JIT, so that a guard <c>R.Count &gt; n</c> costs nothing.</summary>
internal interface IRows
{
    static abstract int Count { get; }
}

internal struct Rows1 : IRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 1; } }
internal struct Rows2 : IRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 2; } }
internal struct Rows3 : IRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 3; } }
internal struct Rows4 : IRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 4; } }
internal struct Rows5 : IRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 5; } }
internal struct Rows6 : IRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 6; } }
internal struct Rows7 : IRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 7; } }
internal struct Rows8 : IRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 8; } }
internal struct Rows9 : IRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 9; } }
internal struct Rows10 : IRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 10; } }
internal struct Rows11 : IRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 11; } }
internal struct Rows12 : IRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 12; } }
internal struct Rows13 : IRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 13; } }
internal struct Rows14 : IRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 14; } }

/// <summary>How a product tile starts: from zero, from the bias of its columns, or from what the destination holds.</summary>
internal enum TileStart { Zero, Bias, Destination }

/// <summary>The innermost tile of every matrix product: R rows × one or two vectors of columns, held in registers over all of k.
/// The left operand lies in blocks of 16 columns, <c>[k/16][rows][16]</c>, so that one pointer with constant displacements serves all
/// rows; the right operand is a packed panel <c>[k][2·lanes]</c>. Every element is one chain of multiply-adds in the order of k, whatever
/// the tile's size, so results depend neither on the partition nor on the number of threads.</summary>
internal static unsafe class ProductTile
{
    /// <summary>Floats in a row of a blocked operand: one cache line.</summary>
    public const int Block = 16;

    /// <summary>Computes the tile.</summary>
    /// <param name="a">First row of the left operand's first block.</param>
    /// <param name="aBlockStride">Floats from one block of 16 columns to the next.</param>
    /// <param name="k">Columns of the left operand.</param>
    /// <param name="panel">Two vectors of columns of the right operand, one row per k: a packed panel, or a matrix read in place.</param>
    /// <param name="panelStride">Floats from one row of the panel to the next: 2·lanes where it is packed.</param>
    /// <param name="c0">First row of the first vector of columns.</param>
    /// <param name="c1">First row of the second vector of columns.</param>
    /// <param name="cRowStride">Floats from one row of the destination to the next.</param>
    /// <param name="start">What the accumulators hold at first.</param>
    /// <param name="bias">2·lanes numbers, read when <paramref name="start"/> is <see cref="TileStart.Bias"/>.</param>
    /// <param name="ahead">What the next tiles will read: a line is asked for at every k.</param>
    /// <param name="aheadStep">Floats from one of these lines to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<T, R, V>(float* a, nint aBlockStride, int k, float* panel, nint panelStride, float* c0, float* c1, nint cRowStride, TileStart start, float* bias, float* ahead, nint aheadStep)
        where T : struct, ILane<T>
        where R : struct, IRows
        where V : struct, IRows
    {
        T x0 = T.Zero, y0 = T.Zero, x1 = T.Zero, y1 = T.Zero, x2 = T.Zero, y2 = T.Zero, x3 = T.Zero, y3 = T.Zero, x4 = T.Zero, y4 = T.Zero, x5 = T.Zero, y5 = T.Zero, x6 = T.Zero, y6 = T.Zero, x7 = T.Zero, y7 = T.Zero, x8 = T.Zero, y8 = T.Zero, x9 = T.Zero, y9 = T.Zero, x10 = T.Zero, y10 = T.Zero, x11 = T.Zero, y11 = T.Zero, x12 = T.Zero, y12 = T.Zero, x13 = T.Zero, y13 = T.Zero;
        if (start == TileStart.Destination)
        {
            float* p = c0, q = c1;
            if (R.Count > 0) { x0 = T.Load(p); if (V.Count > 1) y0 = T.Load(q); p += cRowStride; q += cRowStride; }
            if (R.Count > 1) { x1 = T.Load(p); if (V.Count > 1) y1 = T.Load(q); p += cRowStride; q += cRowStride; }
            if (R.Count > 2) { x2 = T.Load(p); if (V.Count > 1) y2 = T.Load(q); p += cRowStride; q += cRowStride; }
            if (R.Count > 3) { x3 = T.Load(p); if (V.Count > 1) y3 = T.Load(q); p += cRowStride; q += cRowStride; }
            if (R.Count > 4) { x4 = T.Load(p); if (V.Count > 1) y4 = T.Load(q); p += cRowStride; q += cRowStride; }
            if (R.Count > 5) { x5 = T.Load(p); if (V.Count > 1) y5 = T.Load(q); p += cRowStride; q += cRowStride; }
            if (R.Count > 6) { x6 = T.Load(p); if (V.Count > 1) y6 = T.Load(q); p += cRowStride; q += cRowStride; }
            if (R.Count > 7) { x7 = T.Load(p); if (V.Count > 1) y7 = T.Load(q); p += cRowStride; q += cRowStride; }
            if (R.Count > 8) { x8 = T.Load(p); if (V.Count > 1) y8 = T.Load(q); p += cRowStride; q += cRowStride; }
            if (R.Count > 9) { x9 = T.Load(p); if (V.Count > 1) y9 = T.Load(q); p += cRowStride; q += cRowStride; }
            if (R.Count > 10) { x10 = T.Load(p); if (V.Count > 1) y10 = T.Load(q); p += cRowStride; q += cRowStride; }
            if (R.Count > 11) { x11 = T.Load(p); if (V.Count > 1) y11 = T.Load(q); p += cRowStride; q += cRowStride; }
            if (R.Count > 12) { x12 = T.Load(p); if (V.Count > 1) y12 = T.Load(q); p += cRowStride; q += cRowStride; }
            if (R.Count > 13) { x13 = T.Load(p); if (V.Count > 1) y13 = T.Load(q); p += cRowStride; q += cRowStride; }
        }
        else if (start == TileStart.Bias)
        {
            T u = T.Load(bias), v = V.Count > 1 ? T.Load(bias + T.Count) : u;
            if (R.Count > 0) { x0 = u; y0 = v; }
            if (R.Count > 1) { x1 = u; y1 = v; }
            if (R.Count > 2) { x2 = u; y2 = v; }
            if (R.Count > 3) { x3 = u; y3 = v; }
            if (R.Count > 4) { x4 = u; y4 = v; }
            if (R.Count > 5) { x5 = u; y5 = v; }
            if (R.Count > 6) { x6 = u; y6 = v; }
            if (R.Count > 7) { x7 = u; y7 = v; }
            if (R.Count > 8) { x8 = u; y8 = v; }
            if (R.Count > 9) { x9 = u; y9 = v; }
            if (R.Count > 10) { x10 = u; y10 = v; }
            if (R.Count > 11) { x11 = u; y11 = v; }
            if (R.Count > 12) { x12 = u; y12 = v; }
            if (R.Count > 13) { x13 = u; y13 = v; }
        }
        for (; k > 0; k -= Block, a += aBlockStride)
        {
            float* column = a;
            float* end = panel + Math.Min(k, Block) * panelStride;
            for (; panel != end; panel += panelStride, column++)
            {
                if (Sse.IsSupported) Sse.Prefetch1(ahead);
                ahead += aheadStep;
                T u = T.Load(panel), v = V.Count > 1 ? T.Load(panel + T.Count) : u, s;
                if (R.Count > 0) { s = T.Splat(column[0]); x0 = T.MultiplyAdd(s, u, x0); if (V.Count > 1) y0 = T.MultiplyAdd(s, v, y0); }
                if (R.Count > 1) { s = T.Splat(column[16]); x1 = T.MultiplyAdd(s, u, x1); if (V.Count > 1) y1 = T.MultiplyAdd(s, v, y1); }
                if (R.Count > 2) { s = T.Splat(column[32]); x2 = T.MultiplyAdd(s, u, x2); if (V.Count > 1) y2 = T.MultiplyAdd(s, v, y2); }
                if (R.Count > 3) { s = T.Splat(column[48]); x3 = T.MultiplyAdd(s, u, x3); if (V.Count > 1) y3 = T.MultiplyAdd(s, v, y3); }
                if (R.Count > 4) { s = T.Splat(column[64]); x4 = T.MultiplyAdd(s, u, x4); if (V.Count > 1) y4 = T.MultiplyAdd(s, v, y4); }
                if (R.Count > 5) { s = T.Splat(column[80]); x5 = T.MultiplyAdd(s, u, x5); if (V.Count > 1) y5 = T.MultiplyAdd(s, v, y5); }
                if (R.Count > 6) { s = T.Splat(column[96]); x6 = T.MultiplyAdd(s, u, x6); if (V.Count > 1) y6 = T.MultiplyAdd(s, v, y6); }
                if (R.Count > 7) { s = T.Splat(column[112]); x7 = T.MultiplyAdd(s, u, x7); if (V.Count > 1) y7 = T.MultiplyAdd(s, v, y7); }
                if (R.Count > 8) { s = T.Splat(column[128]); x8 = T.MultiplyAdd(s, u, x8); if (V.Count > 1) y8 = T.MultiplyAdd(s, v, y8); }
                if (R.Count > 9) { s = T.Splat(column[144]); x9 = T.MultiplyAdd(s, u, x9); if (V.Count > 1) y9 = T.MultiplyAdd(s, v, y9); }
                if (R.Count > 10) { s = T.Splat(column[160]); x10 = T.MultiplyAdd(s, u, x10); if (V.Count > 1) y10 = T.MultiplyAdd(s, v, y10); }
                if (R.Count > 11) { s = T.Splat(column[176]); x11 = T.MultiplyAdd(s, u, x11); if (V.Count > 1) y11 = T.MultiplyAdd(s, v, y11); }
                if (R.Count > 12) { s = T.Splat(column[192]); x12 = T.MultiplyAdd(s, u, x12); if (V.Count > 1) y12 = T.MultiplyAdd(s, v, y12); }
                if (R.Count > 13) { s = T.Splat(column[208]); x13 = T.MultiplyAdd(s, u, x13); if (V.Count > 1) y13 = T.MultiplyAdd(s, v, y13); }
            }
        }
        if (R.Count > 0) { T.Store(c0, x0); if (V.Count > 1) T.Store(c1, y0); c0 += cRowStride; c1 += cRowStride; }
        if (R.Count > 1) { T.Store(c0, x1); if (V.Count > 1) T.Store(c1, y1); c0 += cRowStride; c1 += cRowStride; }
        if (R.Count > 2) { T.Store(c0, x2); if (V.Count > 1) T.Store(c1, y2); c0 += cRowStride; c1 += cRowStride; }
        if (R.Count > 3) { T.Store(c0, x3); if (V.Count > 1) T.Store(c1, y3); c0 += cRowStride; c1 += cRowStride; }
        if (R.Count > 4) { T.Store(c0, x4); if (V.Count > 1) T.Store(c1, y4); c0 += cRowStride; c1 += cRowStride; }
        if (R.Count > 5) { T.Store(c0, x5); if (V.Count > 1) T.Store(c1, y5); c0 += cRowStride; c1 += cRowStride; }
        if (R.Count > 6) { T.Store(c0, x6); if (V.Count > 1) T.Store(c1, y6); c0 += cRowStride; c1 += cRowStride; }
        if (R.Count > 7) { T.Store(c0, x7); if (V.Count > 1) T.Store(c1, y7); c0 += cRowStride; c1 += cRowStride; }
        if (R.Count > 8) { T.Store(c0, x8); if (V.Count > 1) T.Store(c1, y8); c0 += cRowStride; c1 += cRowStride; }
        if (R.Count > 9) { T.Store(c0, x9); if (V.Count > 1) T.Store(c1, y9); c0 += cRowStride; c1 += cRowStride; }
        if (R.Count > 10) { T.Store(c0, x10); if (V.Count > 1) T.Store(c1, y10); c0 += cRowStride; c1 += cRowStride; }
        if (R.Count > 11) { T.Store(c0, x11); if (V.Count > 1) T.Store(c1, y11); c0 += cRowStride; c1 += cRowStride; }
        if (R.Count > 12) { T.Store(c0, x12); if (V.Count > 1) T.Store(c1, y12); c0 += cRowStride; c1 += cRowStride; }
        if (R.Count > 13) { T.Store(c0, x13); if (V.Count > 1) T.Store(c1, y13); c0 += cRowStride; c1 += cRowStride; }
    }

    /// <summary>Computes any number of rows, split evenly over tiles of at most <c>T.TileRows</c> (50 = 13 + 13 + 12 + 12). If
    /// <paramref name="ahead"/> is the next panel, it is brought into the second-level cache meanwhile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RunRows<T, V>(int rows, float* a, nint aBlockStride, int k, float* panel, nint panelStride, float* c0, float* c1, nint cRowStride, TileStart start, float* bias, float* ahead = null)
        where T : struct, ILane<T>
        where V : struct, IRows
    {
        int tiles = (rows + T.TileRows - 1) / T.TileRows;
        for (int tile = 0, row = 0; tile < tiles; tile++)
        {
            int next = (int)((long)rows * (tile + 1) / tiles);
            // Two tiles ask for all of the next panel, a line at every k.
            bool isAhead = ahead != null && tile < 2;
            if (start == TileStart.Destination && tile + 1 < tiles) Prefetch<V>(T.TileRows, c0 + next * cRowStride, c1 + next * cRowStride, cRowStride);
            RunTile<T, V>(next - row, a + (nint)row * Block, aBlockStride, k, panel, panelStride, c0 + row * cRowStride, c1 + row * cRowStride, cRowStride, start, bias,
                isAhead ? ahead + (nint)tile * k * Block : panel, isAhead ? Block : 0);
            row = next;
        }
    }

    /// <summary>Computes any number of rows from a packed panel.</summary>
    public static void RunRows<T>(int rows, float* a, nint aBlockStride, int k, float* panel, float* c0, float* c1, nint cRowStride, TileStart start, float* bias, float* ahead = null)
        where T : struct, ILane<T> => RunRows<T, Rows2>(rows, a, aBlockStride, k, panel, 2 * T.Count, c0, c1, cRowStride, start, bias, ahead);

    // A tile begins with loads from its destination; without a hint they would wait for the second-level cache or beyond.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Prefetch<V>(int rows, float* c0, float* c1, nint cRowStride) where V : struct, IRows
    {
        if (!Sse.IsSupported) return;
        for (int row = 0; row < rows; row++, c0 += cRowStride, c1 += cRowStride)
        {
            Sse.Prefetch0(c0);
            if (V.Count > 1) Sse.Prefetch0(c1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RunTile<T, V>(int rows, float* a, nint aBlockStride, int k, float* panel, nint panelStride, float* c0, float* c1, nint cRowStride, TileStart start, float* bias, float* ahead, nint aheadStep)
        where T : struct, ILane<T>
        where V : struct, IRows
    {
        switch (rows)
        {
            case 1: Run<T, Rows1, V>(a, aBlockStride, k, panel, panelStride, c0, c1, cRowStride, start, bias, ahead, aheadStep); break;
            case 2: Run<T, Rows2, V>(a, aBlockStride, k, panel, panelStride, c0, c1, cRowStride, start, bias, ahead, aheadStep); break;
            case 3: Run<T, Rows3, V>(a, aBlockStride, k, panel, panelStride, c0, c1, cRowStride, start, bias, ahead, aheadStep); break;
            case 4: Run<T, Rows4, V>(a, aBlockStride, k, panel, panelStride, c0, c1, cRowStride, start, bias, ahead, aheadStep); break;
            case 5: Run<T, Rows5, V>(a, aBlockStride, k, panel, panelStride, c0, c1, cRowStride, start, bias, ahead, aheadStep); break;
            case 6: Run<T, Rows6, V>(a, aBlockStride, k, panel, panelStride, c0, c1, cRowStride, start, bias, ahead, aheadStep); break;
            case 7: Run<T, Rows7, V>(a, aBlockStride, k, panel, panelStride, c0, c1, cRowStride, start, bias, ahead, aheadStep); break;
            case 8: Run<T, Rows8, V>(a, aBlockStride, k, panel, panelStride, c0, c1, cRowStride, start, bias, ahead, aheadStep); break;
            case 9: Run<T, Rows9, V>(a, aBlockStride, k, panel, panelStride, c0, c1, cRowStride, start, bias, ahead, aheadStep); break;
            case 10: Run<T, Rows10, V>(a, aBlockStride, k, panel, panelStride, c0, c1, cRowStride, start, bias, ahead, aheadStep); break;
            case 11: Run<T, Rows11, V>(a, aBlockStride, k, panel, panelStride, c0, c1, cRowStride, start, bias, ahead, aheadStep); break;
            case 12: Run<T, Rows12, V>(a, aBlockStride, k, panel, panelStride, c0, c1, cRowStride, start, bias, ahead, aheadStep); break;
            case 13: Run<T, Rows13, V>(a, aBlockStride, k, panel, panelStride, c0, c1, cRowStride, start, bias, ahead, aheadStep); break;
            case 14: Run<T, Rows14, V>(a, aBlockStride, k, panel, panelStride, c0, c1, cRowStride, start, bias, ahead, aheadStep); break;
        }
    }
}
