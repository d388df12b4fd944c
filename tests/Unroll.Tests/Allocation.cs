namespace Unroll.Tests;

/// <summary>Counts the managed bytes a step allocates once it has settled.</summary>
internal static class Allocation
{
    private const int WarmUp = 20, Steps = 20, Windows = 3;

    /// <summary>Bytes allocated by <see cref="Steps"/> steps: the least of a few windows, since a garbage collection within one can make the runtime
    /// count what it set aside for the thread; a step that does allocate shows in every window.</summary>
    public static long OfSteadySteps(Action<int> step)
    {
        int number = 0;
        while (number < WarmUp) step(number++);
        long least = long.MaxValue;
        for (int window = 0; window < Windows && least > 0; window++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < Steps; i++) step(number++);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return least;
    }
}
