using System.Runtime.Intrinsics;

namespace Unroll.Kernels.Tests;

/// <summary>Runs a generic test for every vector width this processor has, whatever UNROLL_SIMD says.</summary>
internal interface ILaneTest
{
    void Run<T>() where T : struct, ILane<T>;
}

internal static class Lanes
{
    public static void ForEach(ILaneTest test)
    {
        test.Run<Lane1>();
        if (Vector128.IsHardwareAccelerated) test.Run<Lane128>();
        if (Vector256.IsHardwareAccelerated) test.Run<Lane256>();
        if (Vector512.IsHardwareAccelerated) test.Run<Lane512>();
    }
}
