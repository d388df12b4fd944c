using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Unroll.Kernels;

/// <summary>The innermost tile of a weight gradient, dW (+)= Σ aᵀ·b over all rows of all steps: R features of a × V vectors of b, held in
/// registers over the rows. Both operands are read in place from their blocks, <c>[rows][16]</c>. Every element is one chain of
/// multiply-adds in the order of steps and rows.</summary>
internal static unsafe class OuterTile
{
    /// <summary>Adds the tile's sum to what c holds.</summary>
    /// <param name="a">First feature of the tile, first row of the first run.</param>
    /// <param name="aRun">Floats from a run's first row to the next run's.</param>
    /// <param name="b">The vectors' places, first row of the first run.</param>
    /// <param name="bRun">Floats from a run to the next.</param>
    /// <param name="rows">Rows of each run.</param>
    /// <param name="runs">Runs.</param>
    /// <param name="c">R rows of V vectors.</param>
    /// <param name="cStride">Floats from a row of c to the next.</param>
    /// <param name="fromZero">Whether the sum begins with zero instead of what c holds.</param>
    /// <param name="ahead">What is wanted next: a line of it is asked for at every row.</param>
    /// <param name="aheadRun">Floats from a run of it to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<T, R, V>(float* a, nint aRun, float** b, nint bRun, int* rows, int runs, float* c, nint cStride, bool fromZero,
        float* ahead, nint aheadRun)
        where T : struct, ILane<T>
        where R : struct, IRows
        where V : struct, IRows
    {
        float* b0 = b[0], b1 = V.Count > 1 ? b[1] : b0, b2 = V.Count > 2 ? b[2] : b0;
        T x0 = T.Zero, y0 = T.Zero, z0 = T.Zero, x1 = T.Zero, y1 = T.Zero, z1 = T.Zero, x2 = T.Zero, y2 = T.Zero, z2 = T.Zero, x3 = T.Zero, y3 = T.Zero, z3 = T.Zero, x4 = T.Zero, y4 = T.Zero, z4 = T.Zero, x5 = T.Zero, y5 = T.Zero, z5 = T.Zero, x6 = T.Zero, y6 = T.Zero, z6 = T.Zero, x7 = T.Zero, y7 = T.Zero, z7 = T.Zero;
        if (!fromZero)
        {
            float* p = c;
            if (R.Count > 0) { x0 = T.Load(p); if (V.Count > 1) y0 = T.Load(p + T.Count); if (V.Count > 2) z0 = T.Load(p + 2 * T.Count); p += cStride; }
            if (R.Count > 1) { x1 = T.Load(p); if (V.Count > 1) y1 = T.Load(p + T.Count); if (V.Count > 2) z1 = T.Load(p + 2 * T.Count); p += cStride; }
            if (R.Count > 2) { x2 = T.Load(p); if (V.Count > 1) y2 = T.Load(p + T.Count); if (V.Count > 2) z2 = T.Load(p + 2 * T.Count); p += cStride; }
            if (R.Count > 3) { x3 = T.Load(p); if (V.Count > 1) y3 = T.Load(p + T.Count); if (V.Count > 2) z3 = T.Load(p + 2 * T.Count); p += cStride; }
            if (R.Count > 4) { x4 = T.Load(p); if (V.Count > 1) y4 = T.Load(p + T.Count); if (V.Count > 2) z4 = T.Load(p + 2 * T.Count); p += cStride; }
            if (R.Count > 5) { x5 = T.Load(p); if (V.Count > 1) y5 = T.Load(p + T.Count); if (V.Count > 2) z5 = T.Load(p + 2 * T.Count); p += cStride; }
            if (R.Count > 6) { x6 = T.Load(p); if (V.Count > 1) y6 = T.Load(p + T.Count); if (V.Count > 2) z6 = T.Load(p + 2 * T.Count); p += cStride; }
            if (R.Count > 7) { x7 = T.Load(p); if (V.Count > 1) y7 = T.Load(p + T.Count); if (V.Count > 2) z7 = T.Load(p + 2 * T.Count); p += cStride; }
        }
        for (int run = 0; run < runs; run++, a += aRun, b0 += bRun, b1 += bRun, b2 += bRun, ahead += aheadRun)
        {
            float* features = a;
            nint end = (nint)rows[run] * ProductTile.Block;
            for (nint at = 0; at < end; at += ProductTile.Block, features += ProductTile.Block)
            {
                if (Sse.IsSupported) Sse.Prefetch1(ahead + at);
                T u = T.Load(b0 + at), v = V.Count > 1 ? T.Load(b1 + at) : u, w = V.Count > 2 ? T.Load(b2 + at) : u, s;
                if (R.Count > 0) { s = T.Splat(features[0]); x0 = T.MultiplyAdd(s, u, x0); if (V.Count > 1) y0 = T.MultiplyAdd(s, v, y0); if (V.Count > 2) z0 = T.MultiplyAdd(s, w, z0); }
                if (R.Count > 1) { s = T.Splat(features[1]); x1 = T.MultiplyAdd(s, u, x1); if (V.Count > 1) y1 = T.MultiplyAdd(s, v, y1); if (V.Count > 2) z1 = T.MultiplyAdd(s, w, z1); }
                if (R.Count > 2) { s = T.Splat(features[2]); x2 = T.MultiplyAdd(s, u, x2); if (V.Count > 1) y2 = T.MultiplyAdd(s, v, y2); if (V.Count > 2) z2 = T.MultiplyAdd(s, w, z2); }
                if (R.Count > 3) { s = T.Splat(features[3]); x3 = T.MultiplyAdd(s, u, x3); if (V.Count > 1) y3 = T.MultiplyAdd(s, v, y3); if (V.Count > 2) z3 = T.MultiplyAdd(s, w, z3); }
                if (R.Count > 4) { s = T.Splat(features[4]); x4 = T.MultiplyAdd(s, u, x4); if (V.Count > 1) y4 = T.MultiplyAdd(s, v, y4); if (V.Count > 2) z4 = T.MultiplyAdd(s, w, z4); }
                if (R.Count > 5) { s = T.Splat(features[5]); x5 = T.MultiplyAdd(s, u, x5); if (V.Count > 1) y5 = T.MultiplyAdd(s, v, y5); if (V.Count > 2) z5 = T.MultiplyAdd(s, w, z5); }
                if (R.Count > 6) { s = T.Splat(features[6]); x6 = T.MultiplyAdd(s, u, x6); if (V.Count > 1) y6 = T.MultiplyAdd(s, v, y6); if (V.Count > 2) z6 = T.MultiplyAdd(s, w, z6); }
                if (R.Count > 7) { s = T.Splat(features[7]); x7 = T.MultiplyAdd(s, u, x7); if (V.Count > 1) y7 = T.MultiplyAdd(s, v, y7); if (V.Count > 2) z7 = T.MultiplyAdd(s, w, z7); }
            }
        }
        if (R.Count > 0) { T.Store(c, x0); if (V.Count > 1) T.Store(c + T.Count, y0); if (V.Count > 2) T.Store(c + 2 * T.Count, z0); c += cStride; }
        if (R.Count > 1) { T.Store(c, x1); if (V.Count > 1) T.Store(c + T.Count, y1); if (V.Count > 2) T.Store(c + 2 * T.Count, z1); c += cStride; }
        if (R.Count > 2) { T.Store(c, x2); if (V.Count > 1) T.Store(c + T.Count, y2); if (V.Count > 2) T.Store(c + 2 * T.Count, z2); c += cStride; }
        if (R.Count > 3) { T.Store(c, x3); if (V.Count > 1) T.Store(c + T.Count, y3); if (V.Count > 2) T.Store(c + 2 * T.Count, z3); c += cStride; }
        if (R.Count > 4) { T.Store(c, x4); if (V.Count > 1) T.Store(c + T.Count, y4); if (V.Count > 2) T.Store(c + 2 * T.Count, z4); c += cStride; }
        if (R.Count > 5) { T.Store(c, x5); if (V.Count > 1) T.Store(c + T.Count, y5); if (V.Count > 2) T.Store(c + 2 * T.Count, z5); c += cStride; }
        if (R.Count > 6) { T.Store(c, x6); if (V.Count > 1) T.Store(c + T.Count, y6); if (V.Count > 2) T.Store(c + 2 * T.Count, z6); c += cStride; }
        if (R.Count > 7) { T.Store(c, x7); if (V.Count > 1) T.Store(c + T.Count, y7); if (V.Count > 2) T.Store(c + 2 * T.Count, z7); c += cStride; }
    }
}
