namespace Unroll.Tests;

/// <summary>Counts the managed bytes a step allocates once it has settled.</summary>
internal static class Allocation
{
    private const int WarmUp = 100, Steps = 100;

    /// <summary>Bytes allocated by <see cref="Steps"/> steps, after as many that fill the pools.</summary>
    public static long OfSteadySteps(Action<int> step)
    {
        int number = 0;
        while (number < WarmUp) step(number++);
        long before = GC.GetAllocatedBytesForCurrentThread();
        while (number < WarmUp + Steps) step(number++);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
