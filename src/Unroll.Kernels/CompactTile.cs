using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>How a <see cref="CompactTile"/>'s weights lie in memory and become single-precision numbers.</summary>
internal unsafe interface ICompactFormat
{
    static abstract int Bytes { get; }
    static abstract bool IsScaled { get; }
    static abstract T Load<T>(byte* source, T scale) where T : struct, ILane<T>;
}

/// <summary>The upper half of a float's bits.</summary>
internal readonly unsafe struct CompactBFloat16 : ICompactFormat
{
    public static int Bytes { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 2; }
    public static bool IsScaled { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => false; }
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Load<T>(byte* source, T scale) where T : struct, ILane<T> => T.LoadBFloat16((ushort*)source);
}

/// <summary>Whole numbers from −127 to 127, times a scale for each column.</summary>
internal readonly unsafe struct CompactInt8 : ICompactFormat
{
    public static int Bytes { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 1; }
    public static bool IsScaled { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => true; }
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Load<T>(byte* source, T scale) where T : struct, ILane<T> => T.LoadInt8((sbyte*)source) * scale;
}

/// <summary>The innermost tile of a product of one row with up to four panels of compact weights. A weight becomes the very float that
/// <see cref="CompactPanels"/> left in the panel of floats, and every element is one chain in the order of k: the same bits as <see cref="ThinTile"/>.</summary>
internal static unsafe class CompactTile
{
    /// <summary>Computes the tile.</summary>
    /// <param name="panels">One to <see cref="ThinTile.Panels"/> panels.</param>
    /// <param name="a">The row of the left operand's first block.</param>
    /// <param name="aBlockStride">Floats from one block of 16 columns to the next.</param>
    /// <param name="k">Columns of the left operand.</param>
    /// <param name="panel">The first panel.</param>
    /// <param name="panelStride">Bytes from one panel to the next.</param>
    /// <param name="scales">The first panel's scales, 2·lanes.</param>
    /// <param name="scaleStride">Floats from one panel's scales to the next.</param>
    /// <param name="c">Each vector of columns.</param>
    /// <param name="row">Floats from there to the row.</param>
    /// <param name="start">What the sums hold at first.</param>
    /// <param name="bias">The panels' biases, read when <paramref name="start"/> is <see cref="TileStart.Bias"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<T, F>(int panels, float* a, nint aBlockStride, int k, byte* panel, nint panelStride, float* scales, nint scaleStride, float** c, nint row, TileStart start, float* bias)
        where T : struct, ILane<T>
        where F : struct, ICompactFormat
    {
        switch (panels)
        {
            case 1: Run<T, F, Rows1>(a, aBlockStride, k, panel, panelStride, scales, scaleStride, c, row, start, bias); break;
            case 2: Run<T, F, Rows2>(a, aBlockStride, k, panel, panelStride, scales, scaleStride, c, row, start, bias); break;
            case 3: Run<T, F, Rows3>(a, aBlockStride, k, panel, panelStride, scales, scaleStride, c, row, start, bias); break;
            case 4: Run<T, F, Rows4>(a, aBlockStride, k, panel, panelStride, scales, scaleStride, c, row, start, bias); break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<T, F, P>(float* a, nint aBlockStride, int k, byte* panel, nint panelStride, float* scales, nint scaleStride, float** c, nint row, TileStart start, float* bias)
        where T : struct, ILane<T>
        where F : struct, ICompactFormat
        where P : struct, IRows
    {
        T x0 = T.Zero, x1 = T.Zero, x2 = T.Zero, x3 = T.Zero, x4 = T.Zero, x5 = T.Zero, x6 = T.Zero, x7 = T.Zero, s0 = T.Zero, s1 = T.Zero, s2 = T.Zero, s3 = T.Zero, s4 = T.Zero, s5 = T.Zero, s6 = T.Zero, s7 = T.Zero;
        if (start == TileStart.Destination)
        {
            x0 = T.Load(c[0] + row); x1 = T.Load(c[1] + row);
            if (P.Count > 1) { x2 = T.Load(c[2] + row); x3 = T.Load(c[3] + row); }
            if (P.Count > 2) { x4 = T.Load(c[4] + row); x5 = T.Load(c[5] + row); }
            if (P.Count > 3) { x6 = T.Load(c[6] + row); x7 = T.Load(c[7] + row); }
        }
        else if (start == TileStart.Bias)
        {
            x0 = T.Load(bias); x1 = T.Load(bias + T.Count);
            if (P.Count > 1) { x2 = T.Load(bias + 2 * T.Count); x3 = T.Load(bias + 3 * T.Count); }
            if (P.Count > 2) { x4 = T.Load(bias + 4 * T.Count); x5 = T.Load(bias + 5 * T.Count); }
            if (P.Count > 3) { x6 = T.Load(bias + 6 * T.Count); x7 = T.Load(bias + 7 * T.Count); }
        }
        if (F.IsScaled)
        {
            s0 = T.Load(scales); s1 = T.Load(scales + T.Count);
            if (P.Count > 1) { s2 = T.Load(scales + scaleStride); s3 = T.Load(scales + scaleStride + T.Count); }
            if (P.Count > 2) { s4 = T.Load(scales + 2 * scaleStride); s5 = T.Load(scales + 2 * scaleStride + T.Count); }
            if (P.Count > 3) { s6 = T.Load(scales + 3 * scaleStride); s7 = T.Load(scales + 3 * scaleStride + T.Count); }
        }
        int half = T.Count * F.Bytes;
        byte* p0 = panel, p1 = panel + panelStride, p2 = panel + 2 * panelStride, p3 = panel + 3 * panelStride;
        for (; k > 0; k -= ProductTile.Block, a += aBlockStride)
        {
            float* column = a;
            byte* end = p0 + (nint)Math.Min(k, ProductTile.Block) * 2 * half;
            for (; p0 != end; p0 += 2 * half, p1 += 2 * half, p2 += 2 * half, p3 += 2 * half, column++)
            {
                T s = T.Splat(*column);
                x0 = T.MultiplyAdd(s, F.Load(p0, s0), x0); x1 = T.MultiplyAdd(s, F.Load(p0 + half, s1), x1);
                if (P.Count > 1) { x2 = T.MultiplyAdd(s, F.Load(p1, s2), x2); x3 = T.MultiplyAdd(s, F.Load(p1 + half, s3), x3); }
                if (P.Count > 2) { x4 = T.MultiplyAdd(s, F.Load(p2, s4), x4); x5 = T.MultiplyAdd(s, F.Load(p2 + half, s5), x5); }
                if (P.Count > 3) { x6 = T.MultiplyAdd(s, F.Load(p3, s6), x6); x7 = T.MultiplyAdd(s, F.Load(p3 + half, s7), x7); }
            }
        }
        T.Store(c[0] + row, x0); T.Store(c[1] + row, x1);
        if (P.Count > 1) { T.Store(c[2] + row, x2); T.Store(c[3] + row, x3); }
        if (P.Count > 2) { T.Store(c[4] + row, x4); T.Store(c[5] + row, x5); }
        if (P.Count > 3) { T.Store(c[6] + row, x6); T.Store(c[7] + row, x7); }
    }
}
