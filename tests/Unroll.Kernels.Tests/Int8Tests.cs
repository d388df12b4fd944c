using System.Runtime.Intrinsics.X86;

namespace Unroll.Kernels.Tests;

/// <summary>Rounding to 8-bit whole numbers, and exact sums of their products, against loops over them.</summary>
public sealed unsafe class Int8Tests
{
    private const int Block = ProductTile.Block;

    private static readonly int[] Depths = [1, 3, 4, 15, 16, 17, 64, 131];

    /// <summary>The naive rounding: 127 parts of the largest magnitude either way.</summary>
    private static (float Scale, int[] Whole) Rounded(ReadOnlySpan<float> values)
    {
        float largest = 0;
        foreach (float value in values) largest = MathF.Max(largest, MathF.Abs(value));
        return (largest / 127, [.. values.ToArray().Select(value => largest == 0 ? 0 : (int)MathF.Round(value * (127 / largest)))]);
    }

    private sealed class RowsTest : ILaneTest
    {
        public void Run<T>() where T : struct, ILane<T>
        {
            const int Rows = 5;
            foreach (int zeroPoint in (int[])[0, 128])
                foreach (int k in Depths)
                    foreach (float scale in (float[])[1, 1e4f, 1e30f, 1e-30f, 0])
                    {
                        int stride = (k + Block - 1) / Block * Block, blockStride = (Rows + 2) * Block;
                        float[] values = Numbers.Random(Rows * k, k, scale), a = new float[stride / Block * blockStride], scales = new float[Rows];
                        values[^1] *= 1000;    // beside it the last row's others are nearly nothing
                        for (int i = 0; i < values.Length; i++) a[i % k / Block * blockStride + i / k * Block + i % k % Block] = values[i];
                        byte[] to = new byte[Rows * stride];
                        fixed (float* from = a, s = scales)
                        fixed (byte* b = to) Int8Panels.RoundRows<T>(Rows, from, blockStride, k, b, stride, s, zeroPoint);
                        for (int row = 0; row < Rows; row++)
                        {
                            var (expected, whole) = Rounded(values.AsSpan(row * k, k));
                            Assert.Equal(expected, scales[row]);
                            Assert.Equal([.. whole, .. new int[stride - k]], to.AsSpan(row * stride, stride).ToArray().Select(q => zeroPoint == 0 ? (sbyte)q : q - zeroPoint));
                        }
                    }
        }
    }

    [Fact]
    public void A_row_becomes_127_parts_of_its_largest_magnitude() => Lanes.ForEach(new RowsTest());

    private sealed class SpecialTest : ILaneTest
    {
        public void Run<T>() where T : struct, ILane<T>
        {
            foreach (float odd in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity, 1e-38f])
                for (int place = 0; place < Block; place++)
                {
                    float[] a = new float[Block];
                    a[place] = odd;
                    float scale;
                    byte[] to = new byte[Block];
                    fixed (float* from = a)
                    fixed (byte* b = to) Int8Panels.RoundRows<T>(1, from, Block, Block, b, Block, &scale, 0);
                    Assert.Equal(float.IsFinite(odd) ? 0 : float.NaN, scale);
                    Assert.All(to, q => Assert.Equal(0, q));
                }
        }
    }

    [Fact]
    public void A_row_that_is_not_finite_has_a_scale_that_is_not_a_number_and_a_vanishing_one_has_none() => Lanes.ForEach(new SpecialTest());

    [Fact]
    public void Sums_of_products_are_exact_on_every_path()
    {
        Check<Int8SumsPortable>();
        if (Avx2.IsSupported) Check<Int8SumsAvx2>();
        if (AvxVnni.IsSupported) Check<Int8SumsVnni>();
    }

    private static void Check<S>() where S : struct, IInt8Sums<S>
    {
        const int Blocks = Int8Tile.RowPanels, Rows = Int8Tile.PanelRows;
        byte** panel = stackalloc byte*[Blocks];
        int* sums = stackalloc int[Math.Max(Blocks, Rows) * Block];
        foreach (int k in Depths)
            foreach (bool extreme in (bool[])[false, true])
                for (int firstColumn = 0; firstColumn < 2 * Block; firstColumn += Block)
                {
                    int columns = Blocks * Block, stride = (k + Block - 1) / Block * Block, before = 64;
                    float[] weights = Numbers.Random(k * columns, 3 * k), values = Numbers.Random(Rows * k, 3 * k + 1);
                    // All of the largest magnitude: what intermediate sums of fewer bits would not hold.
                    for (int i = 0; extreme && i < weights.Length; i++) weights[i] = firstColumn == 0 ? 1 : MathF.Sign(weights[i]);
                    for (int i = 0; extreme && i < values.Length; i++) values[i] = firstColumn == 0 ? -1 : MathF.Sign(values[i]);

                    int blockBytes = before + Int8Panels.Bytes(k);
                    var panels = BufferPool.Rent((Blocks + 2) * blockBytes / sizeof(float));
                    // In two pieces, each a panel of floats.
                    for (int half = 0; half < 2; half++)
                    {
                        int width = columns / 2;
                        float[] piece = [.. Enumerable.Range(0, k * width).Select(i => weights[i / width * columns + half * width + i % width])];
                        Int8Panels.Round(piece, width, panels, blockBytes, before, firstColumn + half * width);
                    }
                    for (int b = 0; b < Blocks; b++) panel[b] = (byte*)panels.Pointer + (firstColumn / Block + b) * blockBytes + before;
                    byte[] rows = new byte[Rows * stride];
                    int[][] whole = [.. Enumerable.Range(0, Rows).Select(row => Rounded(values.AsSpan(row * k, k)).Whole)];
                    for (int i = 0; i < Rows * stride; i++) rows[i] = (byte)(S.ZeroPoint + (i % stride < k ? whole[i / stride][i % stride] : 0));
                    for (int column = 0; column < columns; column++)
                    {
                        var (scale, q) = Rounded([.. Enumerable.Range(0, k).Select(i => weights[i * columns + column])]);
                        Assert.Equal(scale, Int8Panels.Scales(panel[column / Block])[column % Block]);
                        for (int row = 0; row < Rows; row++)
                        {
                            int expected = Enumerable.Range(0, k).Sum(i => q[i] * whole[row][i]);
                            fixed (byte* x = rows)
                            {
                                Int8Tile.Row<S>(k, x + row * stride, panel, sums);
                                Assert.Equal(expected, sums[column]);
                                Int8Tile.Rows<S>(k, x, stride, panel[column / Block], sums);
                                Assert.Equal(expected, sums[row * Block + column % Block]);
                            }
                        }
                    }
                    BufferPool.Return(panels);
                }
    }
}
