namespace Unroll.Kernels.Tests;

public sealed unsafe class PackingTests
{
    private const float Guard = 777;

    [Fact]
    public void Every_size_is_transposed_and_nothing_else_is_touched()
    {
        for (int rows = 0; rows <= 35; rows++)
            for (int columns = 0; columns <= 21; columns++)
            {
                int sourceStride = columns + 3, targetStride = rows + 2;
                float[] source = Numbers.Random(rows * sourceStride + 1), target = new float[columns * targetStride + 1];
                target.AsSpan().Fill(Guard);
                fixed (float* from = source, to = target) Transposer.Transpose(rows, columns, from, sourceStride, to, targetStride);
                for (int j = 0; j < columns; j++)
                    for (int i = 0; i < targetStride; i++)
                        Assert.Equal(i < rows ? source[i * sourceStride + j] : Guard, target[j * targetStride + i]);
                Assert.Equal(Guard, target[^1]);
            }
    }

    private sealed class Panels : ILaneTest
    {
        public void Run<T>() where T : struct, ILane<T>
        {
            int width = 2 * T.Count;
            foreach (bool transposed in (bool[])[false, true])
                foreach (int k in (int[])[1, 7, 16, 19])
                    foreach (int n in (int[])[1, 5, 16, 31, 32, 33, 64])
                    {
                        int stride = (transposed ? k : n) + 2;
                        float[] b = Numbers.Random((transposed ? n : k) * stride), panels = new float[Packing.RightSize(k, n, T.Count)];
                        panels.AsSpan().Fill(Guard);
                        fixed (float* from = b, to = panels) Packing.PackRight<T>(transposed, k, n, from, stride, to);
                        for (int p = 0; p < k; p++)
                            for (int j = 0; j < (n + width - 1) / width * width; j++)
                            {
                                float expected = j >= n ? 0 : transposed ? b[j * stride + p] : b[p * stride + j];
                                Assert.Equal(expected, panels[j / width * k * width + p * width + j % width]);
                            }
                    }
        }
    }

    [Fact]
    public void A_right_operand_lies_in_panels_padded_with_zeros() => Lanes.ForEach(new Panels());

    private sealed class Blocks : ILaneTest
    {
        public void Run<T>() where T : struct, ILane<T>
        {
            foreach (bool transposed in (bool[])[false, true])
                foreach (int m in (int[])[1, 7, 16, 19])
                    foreach (int k in (int[])[1, 5, 16, 31, 32, 33])
                    {
                        int stride = (transposed ? m : k) + 2;
                        float[] a = Numbers.Random((transposed ? k : m) * stride), blocks = new float[Packing.LeftSize(m, k)];
                        blocks.AsSpan().Fill(Guard);
                        fixed (float* from = a, to = blocks) Packing.PackLeft<T>(transposed, m, k, from, stride, to);
                        for (int i = 0; i < m; i++)
                            for (int p = 0; p < (k + 15) / 16 * 16; p++)
                            {
                                float expected = p >= k ? 0 : transposed ? a[p * stride + i] : a[i * stride + p];
                                Assert.Equal(expected, blocks[p / 16 * m * 16 + i * 16 + p % 16]);
                            }
                    }
        }
    }

    [Fact]
    public void A_left_operand_lies_in_blocks_padded_with_zeros() => Lanes.ForEach(new Blocks());

    private sealed class IntoBlocks : ILaneTest
    {
        public void Run<T>() where T : struct, ILane<T>
        {
            const int Rows = 17, K = 21;
            foreach (int columns in (int[])[3, 16, 20, 40, 48])
            {
                float[] a = Numbers.Random(Rows * K, 1), b = Numbers.Random(K * columns, 2), bias = Numbers.Random(64, 3);
                float[] left = new float[Packing.LeftSize(Rows, K)], right = new float[Packing.RightSize(K, columns, T.Count)];
                int blocks = (columns + 15) / 16;
                var c = new float[blocks * Rows * 16];
                c.AsSpan().Fill(Guard);
                fixed (float* pa = a, pb = b, pl = left, pr = right, pc = c, pbias = bias)
                {
                    Packing.PackLeft<T>(false, Rows, K, pa, K, pl);
                    Packing.PackRight<T>(false, K, columns, pb, columns, pr);
                    PackedProduct.Run<T>(Rows, columns, K, pl, Rows * 16, pr, K * 2 * T.Count, 2 * T.Count, pc, Rows * 16, 16, TileStart.Bias, pbias);
                }
                for (int i = 0; i < Rows; i++)
                    for (int j = 0; j < blocks * 16; j++)
                    {
                        float expected = j < columns ? bias[j] : Guard;
                        for (int p = 0; j < columns && p < K; p++) expected = MathF.FusedMultiplyAdd(a[i * K + p], b[p * columns + j], expected);
                        Assert.Equal(expected, c[j / 16 * Rows * 16 + i * 16 + j % 16]);
                    }
            }
        }
    }

    [Fact]
    public void A_packed_product_starts_from_a_bias_and_writes_blocks() => Lanes.ForEach(new IntoBlocks());
}
