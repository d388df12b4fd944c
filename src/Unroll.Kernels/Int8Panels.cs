using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>Weights as 8-bit whole numbers. For each block of 16 columns and each source of a product there is a panel: the columns' scales, 16 floats; the sums of their
/// whole numbers, 16 integers; and those numbers, <c>[k/4][16][4]</c>, four rows of k together as one instruction takes them, the last four filled up with zeros.</summary>
internal static unsafe class Int8Panels
{
    /// <summary>Terms of which a 32-bit sum is sure to hold the result, all of them 127·127.</summary>
    public const int MostTerms = int.MaxValue / (127 * 127);

    private const int Header = 2 * ProductTile.Block * sizeof(int), Quad = 4 * ProductTile.Block;

    /// <summary>Fours of rows.</summary>
    public static int Quads(int k) => (k + 3) / 4;

    /// <summary>Bytes of a panel.</summary>
    public static int Bytes(int k) => Header + Quads(k) * Quad;

    /// <summary>A panel's scales.</summary>
    public static float* Scales(byte* panel) => (float*)panel;

    /// <summary>The sums of its columns.</summary>
    public static int* Sums(byte* panel) => (int*)panel + ProductTile.Block;

    /// <summary>Its weights.</summary>
    public static sbyte* Weights(byte* panel) => (sbyte*)panel + Header;

    /// <summary>Rounds the columns of a panel of floats, whose scales are their largest magnitude / 127. A column that is not finite has a scale that is not a number.</summary>
    /// <param name="from">[k, width].</param>
    /// <param name="width">Columns.</param>
    /// <param name="to">Receives the weights of all blocks, the panels of a block one after the other.</param>
    /// <param name="blockBytes">Bytes from a block to the next.</param>
    /// <param name="offset">Bytes from a block's beginning to the panel.</param>
    /// <param name="first">The first column's number in all blocks.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Round(ReadOnlySpan<float> from, int width, Buffer<float> to, int blockBytes, int offset, int first)
    {
        int k = from.Length / width;
        for (int column = 0; column < width; column++)
        {
            byte* panel = (byte*)to.Pointer + (nint)((first + column) / ProductTile.Block) * blockBytes + offset;
            int lane = (first + column) % ProductTile.Block, sum = 0;
            float largest = 0;
            for (int i = column; i < from.Length; i += width) largest = MathF.Max(largest, MathF.Abs(from[i]));
            var (scale, inverse) = ScaleOf(largest);
            sbyte* weights = Weights(panel) + 4 * lane;
            for (int i = 0; i < 4 * Quads(k); i++)
            {
                sbyte q = i < k && inverse > 0 ? (sbyte)MathF.Round(from[i * width + column] * inverse) : (sbyte)0;
                weights[i / 4 * Quad + i % 4] = q;
                sum += q;
            }
            Scales(panel)[lane] = scale;
            Sums(panel)[lane] = sum;
        }
    }

    /// <summary>Rounds rows of the left operand, each to 127 parts of its largest magnitude either way; a row that is not finite has a scale that is not a number.</summary>
    /// <param name="rows">Rows.</param>
    /// <param name="a">Their first block, rows one block apart; columns beyond k are zero.</param>
    /// <param name="blockStride">Floats from one block of 16 columns to the next.</param>
    /// <param name="k">Columns.</param>
    /// <param name="to">Receives the rows of bytes.</param>
    /// <param name="stride">Bytes from a row to the next: a multiple of 16, at least k.</param>
    /// <param name="scales">Receives the rows' scales.</param>
    /// <param name="zeroPoint">What is added to each number.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RoundRows<T>(int rows, float* a, nint blockStride, int k, byte* to, int stride, float* scales, int zeroPoint) where T : struct, ILane<T>
    {
        T zero = T.Splat(zeroPoint);
        float* lanes = stackalloc float[T.Count];
        for (int row = 0; row < rows; row++, a += ProductTile.Block, to += stride)
        {
            T magnitude = T.Zero;
            for (int block = 0; block * ProductTile.Block < k; block++)
                for (int i = 0; i < ProductTile.Block; i += T.Count) magnitude = T.Max(magnitude, T.Abs(T.Load(a + block * blockStride + i)));
            T.Store(lanes, magnitude);
            // The bits of magnitudes are in the order of the magnitudes, and what is not a number comes last.
            int largest = 0;
            for (int i = 0; i < T.Count; i++) largest = Math.Max(largest, ((int*)lanes)[i]);
            (scales[row], float factor) = ScaleOf(BitConverter.Int32BitsToSingle(largest));
            T inverse = T.Splat(factor);
            for (int block = 0; block * ProductTile.Block < k; block++)
                for (int i = 0; i < ProductTile.Block; i += T.Count)
                    T.StoreBytes(to + block * ProductTile.Block + i, factor > 0 ? T.Round(T.Load(a + block * blockStride + i) * inverse) + zero : zero);
        }
    }

    // What is so small that 127 over it is infinite counts as zero.
    private static (float Scale, float Inverse) ScaleOf(float largest) =>
        !float.IsFinite(largest) ? (float.NaN, 0) : float.IsFinite(127 / largest) ? (largest / 127, 127 / largest) : (0, 0);
}
