using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>What the processor can do at most: fused multiply-adds on registers alone, which nothing that reads memory can beat.</summary>
internal sealed class PeakWork : TeamWork
{
    private const int Repeats = 200_000, Chains = 16;

    // A sum a part, on a cache line of its own, so that the compiler cannot drop the work.
    private readonly float[] sums;

    private PeakWork(int parts) => sums = new float[parts * 16];

    /// <summary>Floating-point operations a second (a multiply-add is two) on all threads of the team: the median of the runs that fit the time, at least one.
    /// The median, as of everything it is compared with: a processor's best moments are faster than what it sustains.</summary>
    public static double Measure(TimeSpan duration)
    {
        int threads = ThreadTeam.Threads;
        var work = new PeakWork(threads);
        ThreadTeam.Run(work, threads);
        var speeds = new List<double>();
        long begin = Stopwatch.GetTimestamp();
        do
        {
            long before = Stopwatch.GetTimestamp();
            ThreadTeam.Run(work, threads);
            speeds.Add(2.0 * Repeats * Chains * Simd.Lanes * threads / Stopwatch.GetElapsedTime(before).TotalSeconds);
        }
        while (Stopwatch.GetElapsedTime(begin) < duration);
        speeds.Sort();
        return speeds[speeds.Count / 2];
    }

    public override void Run(int part, int parts) => sums[part * 16] = Simd.Lanes switch
    {
        16 => Chain<Lane512>(),
        8 => Chain<Lane256>(),
        4 => Chain<Lane128>(),
        _ => Chain<Lane1>(),
    };

    // Sixteen independent chains hide the latency of two units.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Chain<T>() where T : struct, ILane<T>
    {
        T a = T.Splat(0.999f), b = T.Splat(0.001f);
        T s0 = a, s1 = a, s2 = a, s3 = a, s4 = a, s5 = a, s6 = a, s7 = a, s8 = a, s9 = a, s10 = a, s11 = a, s12 = a, s13 = a, s14 = a, s15 = a;
        for (int i = 0; i < Repeats; i++)
        {
            s0 = T.MultiplyAdd(s0, a, b); s1 = T.MultiplyAdd(s1, a, b); s2 = T.MultiplyAdd(s2, a, b); s3 = T.MultiplyAdd(s3, a, b);
            s4 = T.MultiplyAdd(s4, a, b); s5 = T.MultiplyAdd(s5, a, b); s6 = T.MultiplyAdd(s6, a, b); s7 = T.MultiplyAdd(s7, a, b);
            s8 = T.MultiplyAdd(s8, a, b); s9 = T.MultiplyAdd(s9, a, b); s10 = T.MultiplyAdd(s10, a, b); s11 = T.MultiplyAdd(s11, a, b);
            s12 = T.MultiplyAdd(s12, a, b); s13 = T.MultiplyAdd(s13, a, b); s14 = T.MultiplyAdd(s14, a, b); s15 = T.MultiplyAdd(s15, a, b);
        }
        return T.Sum(s0 + s1 + s2 + s3 + (s4 + s5 + s6 + s7) + (s8 + s9 + s10 + s11) + (s12 + s13 + s14 + s15));
    }
}
