using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>The innermost tile of a product of 8-bit whole numbers: one row × four panels, so that enough independent sums hide the latency of an instruction, or several rows ×
/// one panel, so that weights are loaded once for all.</summary>
internal static unsafe class Int8Tile
{
    /// <summary>Panels of a tile of one row.</summary>
    public const int RowPanels = 4;
    /// <summary>Rows of a tile of one panel.</summary>
    public const int PanelRows = 6;

    /// <summary>One row × four panels.</summary>
    /// <param name="k">Columns of the row, rows of the panels.</param>
    /// <param name="row">The row.</param>
    /// <param name="panels">The panels (<see cref="Int8Panels"/>).</param>
    /// <param name="sums">Receives 16 sums for each panel.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Row<S>(int k, byte* row, byte** panels, int* sums) where S : struct, IInt8Sums<S>
    {
        S s0 = S.Start(Int8Panels.Sums(panels[0])), s1 = S.Start(Int8Panels.Sums(panels[1])), s2 = S.Start(Int8Panels.Sums(panels[2])), s3 = S.Start(Int8Panels.Sums(panels[3]));
        sbyte* w0 = Int8Panels.Weights(panels[0]), w1 = Int8Panels.Weights(panels[1]), w2 = Int8Panels.Weights(panels[2]), w3 = Int8Panels.Weights(panels[3]);
        for (byte* end = row + 4 * Int8Panels.Quads(k); row != end; row += 4, w0 += 64, w1 += 64, w2 += 64, w3 += 64)
        {
            S four = S.Splat(row);
            s0 = S.Add(s0, four, w0);
            s1 = S.Add(s1, four, w1);
            s2 = S.Add(s2, four, w2);
            s3 = S.Add(s3, four, w3);
        }
        S.Store(sums, s0);
        S.Store(sums + 16, s1);
        S.Store(sums + 32, s2);
        S.Store(sums + 48, s3);
    }

    /// <summary>Six rows × one panel: twelve sums of eight columns keep two multipliers busy, whose results take five cycles.</summary>
    /// <param name="k">Columns of the rows, rows of the panel.</param>
    /// <param name="rows">The first row.</param>
    /// <param name="stride">Bytes from a row to the next.</param>
    /// <param name="panel">The panel.</param>
    /// <param name="sums">Receives 16 sums for each row.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows<S>(int k, byte* rows, nint stride, byte* panel, int* sums) where S : struct, IInt8Sums<S>
    {
        S s0 = S.Start(Int8Panels.Sums(panel)), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0;
        sbyte* weights = Int8Panels.Weights(panel);
        byte* upper = rows + 3 * stride;
        for (byte* end = rows + 4 * Int8Panels.Quads(k); rows != end; rows += 4, upper += 4, weights += 64)
        {
            s0 = S.Add(s0, S.Splat(rows), weights);
            s1 = S.Add(s1, S.Splat(rows + stride), weights);
            s2 = S.Add(s2, S.Splat(rows + 2 * stride), weights);
            s3 = S.Add(s3, S.Splat(upper), weights);
            s4 = S.Add(s4, S.Splat(upper + stride), weights);
            s5 = S.Add(s5, S.Splat(upper + 2 * stride), weights);
        }
        S.Store(sums, s0);
        S.Store(sums + 16, s1);
        S.Store(sums + 32, s2);
        S.Store(sums + 48, s3);
        S.Store(sums + 64, s4);
        S.Store(sums + 80, s5);
    }
}
