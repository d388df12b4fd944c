using System.Runtime.Intrinsics;

namespace Unroll.Kernels;

/// <summary>The vector width every kernel uses, chosen once: the widest the processor has, or the one that UNROLL_SIMD names.</summary>
internal static class Simd
{
    /// <summary>Numbers in a vector: 1, 4, 8 or 16.</summary>
    public static readonly int Lanes = Choose(Environment.GetEnvironmentVariable("UNROLL_SIMD"));

    /// <summary>Chooses the width for a value of UNROLL_SIMD; null or empty means the widest.</summary>
    /// <exception cref="PlatformNotSupportedException">The value is unknown, or the processor lacks that width.</exception>
    internal static int Choose(string? wanted)
    {
        int widest = Vector512.IsHardwareAccelerated ? 16 : Vector256.IsHardwareAccelerated ? 8 : Vector128.IsHardwareAccelerated ? 4 : 1;
        int lanes = wanted switch
        {
            null or "" => widest,
            "scalar" => 1,
            "128" => 4,
            "256" => 8,
            "512" => 16,
            _ => throw new PlatformNotSupportedException($"UNROLL_SIMD is '{wanted}'; expected scalar, 128, 256 or 512."),
        };
        return lanes <= widest ? lanes : throw new PlatformNotSupportedException(
            $"UNROLL_SIMD asks for {wanted}-bit vectors; this processor's widest are {(widest == 1 ? "scalar" : $"{widest * 32} bits")}. Unset it, or name a narrower width.");
    }
}
