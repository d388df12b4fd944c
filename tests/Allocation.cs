namespace Unroll;

/// <summary>
/// Counts the managed bytes that work allocates on the calling thread. The runtime's counter counts the unused rest of the thread's
/// allocation block, up to 8 KiB, as allocated when a collection begun by another thread takes the block away; so work is repeated until
/// one run of it counts nothing, and a few runs at most: work that allocates does so in every one.
/// </summary>
internal static class Allocation
{
    private const int Runs = 5, WarmUp = 100, Steps = 100;

    /// <summary>The least bytes that a run of <paramref name="work"/> allocates; it must be warmed up already.</summary>
    public static long Of(Action work) => Least(() =>
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        work();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    });

    /// <summary>The least of a few runs of a <paramref name="measurement"/> of allocated bytes.</summary>
    public static long Least(Func<long> measurement)
    {
        long least = long.MaxValue;
        for (int run = 0; run < Runs && least > 0; run++) least = Math.Min(least, measurement());
        return least;
    }

    /// <summary>Bytes allocated by <see cref="Steps"/> steps, after as many that fill the pools.</summary>
    public static long OfSteadySteps(Action<int> step)
    {
        int number = 0;
        while (number < WarmUp) step(number++);
        return Of(() =>
        {
            for (int i = 0; i < Steps; i++) step(number++);
        });
    }
}
