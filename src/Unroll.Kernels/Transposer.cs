using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Unroll.Kernels;

/// <summary>Transposes a matrix in memory, four by four in registers. Moves bits only, so every width shares it.</summary>
internal static unsafe class Transposer
{
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
        int i = 0;
        if (Sse.IsSupported || AdvSimd.Arm64.IsSupported)
        {
            for (; i + 4 <= rows; i += 4)
            {
                float* from = source + i * sourceStride;
                float* to = target + i;
                int j = 0;
                for (; j + 4 <= columns; j += 4, from += 4, to += 4 * targetStride)
                {
                    var a = Vector128.Load(from);
                    var b = Vector128.Load(from + sourceStride);
                    var c = Vector128.Load(from + 2 * sourceStride);
                    var d = Vector128.Load(from + 3 * sourceStride);
                    var (ac0, ac1) = Zip(a, c);
                    var (bd0, bd1) = Zip(b, d);
                    var (r0, r1) = Zip(ac0, bd0);
                    var (r2, r3) = Zip(ac1, bd1);
                    r0.Store(to);
                    r1.Store(to + targetStride);
                    r2.Store(to + 2 * targetStride);
                    r3.Store(to + 3 * targetStride);
                }
                for (; j < columns; j++, from++, to += targetStride)
                    for (int r = 0; r < 4; r++) to[r] = from[r * sourceStride];
            }
        }
        for (; i < rows; i++)
            for (int j = 0; j < columns; j++)
                target[j * targetStride + i] = source[i * sourceStride + j];
    }

    /// <summary>(a₀ b₀ a₁ b₁), (a₂ b₂ a₃ b₃).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector128<float> Low, Vector128<float> High) Zip(Vector128<float> a, Vector128<float> b) => Sse.IsSupported
        ? (Sse.UnpackLow(a, b), Sse.UnpackHigh(a, b))
        : (AdvSimd.Arm64.ZipLow(a, b), AdvSimd.Arm64.ZipHigh(a, b));
}
