using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>How the weights that a <see cref="ThinTile"/> reads lie in memory: for each row of k the two vectors of a panel.</summary>
internal unsafe interface IWeights
{
    static abstract int Bytes { get; }
    static abstract T First<T>(byte* row) where T : struct, ILane<T>;
    static abstract T Second<T>(byte* row) where T : struct, ILane<T>;
}

internal readonly unsafe struct Float32Weights : IWeights
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;
    public static int Bytes { [MethodImpl(Inline)] get => sizeof(float); }
    [MethodImpl(Inline)] public static T First<T>(byte* row) where T : struct, ILane<T> => T.Load((float*)row);
    [MethodImpl(Inline)] public static T Second<T>(byte* row) where T : struct, ILane<T> => T.Load((float*)row + T.Count);
}

/// <summary>As <see cref="BFloat16Panels"/> stores them.</summary>
internal readonly unsafe struct BFloat16Weights : IWeights
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;
    public static int Bytes { [MethodImpl(Inline)] get => sizeof(ushort); }
    [MethodImpl(Inline)] public static T First<T>(byte* row) where T : struct, ILane<T> => T.LoadLowerHalves((uint*)row);
    [MethodImpl(Inline)] public static T Second<T>(byte* row) where T : struct, ILane<T> => T.LoadUpperHalves((uint*)row);
}

/// <summary>The innermost tile of a product with few rows: one to three rows × up to four packed panels, so that enough independent chains hide
/// the latency of a multiply-add and four streams of weights are read at a time. Every element is one chain in the order of k, as in
/// <see cref="ProductTile"/>.</summary>
internal static unsafe class ThinTile
{
    /// <summary>Rows at most.</summary>
    public const int MostRows = 3;
    /// <summary>Panels taken together.</summary>
    public const int Panels = 4;

    /// <summary>Computes the tile.</summary>
    /// <param name="rows">One to <see cref="MostRows"/> rows.</param>
    /// <param name="panels">One to <see cref="Panels"/> panels.</param>
    /// <param name="a">First row of the left operand's first block.</param>
    /// <param name="aBlockStride">Floats from one block of 16 columns to the next.</param>
    /// <param name="k">Columns of the left operand.</param>
    /// <param name="panel">The first panel.</param>
    /// <param name="panelStride">Bytes from one panel to the next.</param>
    /// <param name="c">First row of each vector of columns; rows are one block apart.</param>
    /// <param name="start">What the sums hold at first.</param>
    /// <param name="bias">The panels' biases, read when <paramref name="start"/> is <see cref="TileStart.Bias"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<T, W>(int rows, int panels, float* a, nint aBlockStride, int k, byte* panel, nint panelStride, float** c, TileStart start, float* bias)
        where T : struct, ILane<T>
        where W : struct, IWeights
    {
        switch (panels)
        {
            case 1: Run<T, W, Rows1>(rows, a, aBlockStride, k, panel, panelStride, c, start, bias); break;
            case 2: Run<T, W, Rows2>(rows, a, aBlockStride, k, panel, panelStride, c, start, bias); break;
            case 3: Run<T, W, Rows3>(rows, a, aBlockStride, k, panel, panelStride, c, start, bias); break;
            case 4: Run<T, W, Rows4>(rows, a, aBlockStride, k, panel, panelStride, c, start, bias); break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<T, W, P>(int rows, float* a, nint aBlockStride, int k, byte* panel, nint panelStride, float** c, TileStart start, float* bias)
        where T : struct, ILane<T>
        where W : struct, IWeights
        where P : struct, IRows
    {
        switch (rows)
        {
            case 1: Run<T, W, Rows1, P>(a, aBlockStride, k, panel, panelStride, c, start, bias); break;
            case 2: Run<T, W, Rows2, P>(a, aBlockStride, k, panel, panelStride, c, start, bias); break;
            case 3: Run<T, W, Rows3, P>(a, aBlockStride, k, panel, panelStride, c, start, bias); break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<T, W, R, P>(float* a, nint aBlockStride, int k, byte* panel, nint panelStride, float** c, TileStart start, float* bias)
        where T : struct, ILane<T>
        where W : struct, IWeights
        where R : struct, IRows
        where P : struct, IRows
    {
        T x0 = T.Zero, x1 = T.Zero, x2 = T.Zero, x3 = T.Zero, x4 = T.Zero, x5 = T.Zero, x6 = T.Zero, x7 = T.Zero, y0 = T.Zero, y1 = T.Zero, y2 = T.Zero, y3 = T.Zero, y4 = T.Zero, y5 = T.Zero, y6 = T.Zero, y7 = T.Zero, z0 = T.Zero, z1 = T.Zero, z2 = T.Zero, z3 = T.Zero, z4 = T.Zero, z5 = T.Zero, z6 = T.Zero, z7 = T.Zero;
        if (start == TileStart.Destination)
        {
            if (R.Count > 0) { x0 = T.Load(c[0]); x1 = T.Load(c[1]); if (P.Count > 1) { x2 = T.Load(c[2]); x3 = T.Load(c[3]); } if (P.Count > 2) { x4 = T.Load(c[4]); x5 = T.Load(c[5]); } if (P.Count > 3) { x6 = T.Load(c[6]); x7 = T.Load(c[7]); } }
            if (R.Count > 1) { y0 = T.Load(c[0] + 16); y1 = T.Load(c[1] + 16); if (P.Count > 1) { y2 = T.Load(c[2] + 16); y3 = T.Load(c[3] + 16); } if (P.Count > 2) { y4 = T.Load(c[4] + 16); y5 = T.Load(c[5] + 16); } if (P.Count > 3) { y6 = T.Load(c[6] + 16); y7 = T.Load(c[7] + 16); } }
            if (R.Count > 2) { z0 = T.Load(c[0] + 32); z1 = T.Load(c[1] + 32); if (P.Count > 1) { z2 = T.Load(c[2] + 32); z3 = T.Load(c[3] + 32); } if (P.Count > 2) { z4 = T.Load(c[4] + 32); z5 = T.Load(c[5] + 32); } if (P.Count > 3) { z6 = T.Load(c[6] + 32); z7 = T.Load(c[7] + 32); } }
        }
        else if (start == TileStart.Bias)
        {
            x0 = T.Load(bias); x1 = T.Load(bias + 1 * T.Count);
            if (P.Count > 1) { x2 = T.Load(bias + 2 * T.Count); x3 = T.Load(bias + 3 * T.Count); }
            if (P.Count > 2) { x4 = T.Load(bias + 4 * T.Count); x5 = T.Load(bias + 5 * T.Count); }
            if (P.Count > 3) { x6 = T.Load(bias + 6 * T.Count); x7 = T.Load(bias + 7 * T.Count); }
            if (R.Count > 1) { y0 = x0; y1 = x1; y2 = x2; y3 = x3; y4 = x4; y5 = x5; y6 = x6; y7 = x7; }
            if (R.Count > 2) { z0 = x0; z1 = x1; z2 = x2; z3 = x3; z4 = x4; z5 = x5; z6 = x6; z7 = x7; }
        }
        int row = 2 * T.Count * W.Bytes;
        byte* p0 = panel, p1 = panel + panelStride, p2 = panel + 2 * panelStride, p3 = panel + 3 * panelStride;
        for (; k > 0; k -= ProductTile.Block, a += aBlockStride)
        {
            float* column = a;
            byte* end = p0 + (nint)Math.Min(k, ProductTile.Block) * row;
            for (; p0 != end; p0 += row, p1 += row, p2 += row, p3 += row, column++)
            {
                T s = T.Splat(column[0]), t = R.Count > 1 ? T.Splat(column[16]) : s, u = R.Count > 2 ? T.Splat(column[32]) : s, w;
                w = W.First<T>(p0); x0 = T.MultiplyAdd(s, w, x0); if (R.Count > 1) y0 = T.MultiplyAdd(t, w, y0); if (R.Count > 2) z0 = T.MultiplyAdd(u, w, z0);
                w = W.Second<T>(p0); x1 = T.MultiplyAdd(s, w, x1); if (R.Count > 1) y1 = T.MultiplyAdd(t, w, y1); if (R.Count > 2) z1 = T.MultiplyAdd(u, w, z1);
                if (P.Count > 1) { w = W.First<T>(p1); x2 = T.MultiplyAdd(s, w, x2); if (R.Count > 1) y2 = T.MultiplyAdd(t, w, y2); if (R.Count > 2) z2 = T.MultiplyAdd(u, w, z2); }
                if (P.Count > 1) { w = W.Second<T>(p1); x3 = T.MultiplyAdd(s, w, x3); if (R.Count > 1) y3 = T.MultiplyAdd(t, w, y3); if (R.Count > 2) z3 = T.MultiplyAdd(u, w, z3); }
                if (P.Count > 2) { w = W.First<T>(p2); x4 = T.MultiplyAdd(s, w, x4); if (R.Count > 1) y4 = T.MultiplyAdd(t, w, y4); if (R.Count > 2) z4 = T.MultiplyAdd(u, w, z4); }
                if (P.Count > 2) { w = W.Second<T>(p2); x5 = T.MultiplyAdd(s, w, x5); if (R.Count > 1) y5 = T.MultiplyAdd(t, w, y5); if (R.Count > 2) z5 = T.MultiplyAdd(u, w, z5); }
                if (P.Count > 3) { w = W.First<T>(p3); x6 = T.MultiplyAdd(s, w, x6); if (R.Count > 1) y6 = T.MultiplyAdd(t, w, y6); if (R.Count > 2) z6 = T.MultiplyAdd(u, w, z6); }
                if (P.Count > 3) { w = W.Second<T>(p3); x7 = T.MultiplyAdd(s, w, x7); if (R.Count > 1) y7 = T.MultiplyAdd(t, w, y7); if (R.Count > 2) z7 = T.MultiplyAdd(u, w, z7); }
            }
        }
        if (R.Count > 0) { T.Store(c[0], x0); T.Store(c[1], x1); if (P.Count > 1) { T.Store(c[2], x2); T.Store(c[3], x3); } if (P.Count > 2) { T.Store(c[4], x4); T.Store(c[5], x5); } if (P.Count > 3) { T.Store(c[6], x6); T.Store(c[7], x7); } }
        if (R.Count > 1) { T.Store(c[0] + 16, y0); T.Store(c[1] + 16, y1); if (P.Count > 1) { T.Store(c[2] + 16, y2); T.Store(c[3] + 16, y3); } if (P.Count > 2) { T.Store(c[4] + 16, y4); T.Store(c[5] + 16, y5); } if (P.Count > 3) { T.Store(c[6] + 16, y6); T.Store(c[7] + 16, y7); } }
        if (R.Count > 2) { T.Store(c[0] + 32, z0); T.Store(c[1] + 32, z1); if (P.Count > 1) { T.Store(c[2] + 32, z2); T.Store(c[3] + 32, z3); } if (P.Count > 2) { T.Store(c[4] + 32, z4); T.Store(c[5] + 32, z5); } if (P.Count > 3) { T.Store(c[6] + 32, z6); T.Store(c[7] + 32, z7); } }
    }
}
