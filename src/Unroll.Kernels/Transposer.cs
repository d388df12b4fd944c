using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Unroll.Kernels;

/// <summary>Transposes a matrix in memory, by squares of eight or four in registers. Moves bits only, so every width shares it.</summary>
internal static unsafe class Transposer
{
    /// <summary>Rows taken at a time: a whole cache line of the target is written before the next.</summary>
    private const int Group = 16;

    /// <summary>target[j, i] = source[i, j].</summary>
    /// <param name="rows">Rows of the source.</param>
    /// <param name="columns">Columns of the source.</param>
    /// <param name="source">[rows, columns] with <paramref name="sourceStride"/> floats from row to row.</param>
    /// <param name="sourceStride">Floats from one row of the source to the next.</param>
    /// <param name="target">[columns, rows] with <paramref name="targetStride"/> floats from row to row.</param>
    /// <param name="targetStride">Floats from one row of the target to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(int rows, int columns, float* source, nint sourceStride, float* target, nint targetStride)
    {
        for (int i = 0; i < rows; i += Group, source += Group * sourceStride, target += Group)
        {
            int count = Math.Min(Group, rows - i), j = 0;
            if (Avx.IsSupported && count == Group)
            {
                for (; j + 8 <= columns; j += 8)
                {
                    float* to = target + j * targetStride;
                    Square8(source + j, sourceStride, to, targetStride);
                    Square8(source + j + 8 * sourceStride, sourceStride, to + 8, targetStride);
                }
            }
            if (Sse.IsSupported || AdvSimd.Arm64.IsSupported)
            {
                for (; j + 4 <= columns; j += 4)
                {
                    int r = 0;
                    for (; r + 4 <= count; r += 4) Square4(source + j + r * sourceStride, sourceStride, target + j * targetStride + r, targetStride);
                    for (; r < count; r++)
                        for (int c = j; c < j + 4; c++) target[c * targetStride + r] = source[r * sourceStride + c];
                }
            }
            for (; j < columns; j++)
                for (int r = 0; r < count; r++) target[j * targetStride + r] = source[r * sourceStride + j];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Square4(float* from, nint fromStride, float* to, nint toStride)
    {
        var a = Vector128.Load(from);
        var b = Vector128.Load(from + fromStride);
        var c = Vector128.Load(from + 2 * fromStride);
        var d = Vector128.Load(from + 3 * fromStride);
        var (ac0, ac1) = Zip(a, c);
        var (bd0, bd1) = Zip(b, d);
        var (r0, r1) = Zip(ac0, bd0);
        var (r2, r3) = Zip(ac1, bd1);
        r0.Store(to);
        r1.Store(to + toStride);
        r2.Store(to + 2 * toStride);
        r3.Store(to + 3 * toStride);
    }

    // The halves of rows i and i + 4 are joined while loading, which leaves two shuffles per row.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Square8(float* from, nint fromStride, float* to, nint toStride)
    {
        float* lower = from + 4 * fromStride;
        Columns4(from, lower, fromStride, to, toStride);
        Columns4(from + 4, lower + 4, fromStride, to + 4 * toStride, toStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Columns4(float* upper, float* lower, nint stride, float* to, nint toStride)
    {
        var a = Vector256.Create(Vector128.Load(upper), Vector128.Load(lower));
        var b = Vector256.Create(Vector128.Load(upper + stride), Vector128.Load(lower + stride));
        var c = Vector256.Create(Vector128.Load(upper + 2 * stride), Vector128.Load(lower + 2 * stride));
        var d = Vector256.Create(Vector128.Load(upper + 3 * stride), Vector128.Load(lower + 3 * stride));
        var ac0 = Avx.UnpackLow(a, c);
        var ac1 = Avx.UnpackHigh(a, c);
        var bd0 = Avx.UnpackLow(b, d);
        var bd1 = Avx.UnpackHigh(b, d);
        Avx.UnpackLow(ac0, bd0).Store(to);
        Avx.UnpackHigh(ac0, bd0).Store(to + toStride);
        Avx.UnpackLow(ac1, bd1).Store(to + 2 * toStride);
        Avx.UnpackHigh(ac1, bd1).Store(to + 3 * toStride);
    }

    /// <summary>(a₀ b₀ a₁ b₁), (a₂ b₂ a₃ b₃).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector128<float> Low, Vector128<float> High) Zip(Vector128<float> a, Vector128<float> b) => Sse.IsSupported
        ? (Sse.UnpackLow(a, b), Sse.UnpackHigh(a, b))
        : (AdvSimd.Arm64.ZipLow(a, b), AdvSimd.Arm64.ZipHigh(a, b));
}
