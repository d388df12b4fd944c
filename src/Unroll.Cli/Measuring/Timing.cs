using System.Diagnostics;

namespace Unroll.Cli.Measuring;

/// <summary>How long a step takes: many are timed one by one.</summary>
internal static class Timing
{
    /// <summary>Repeats a step until the time is up, at least once.</summary>
    /// <returns>The milliseconds of each.</returns>
    public static List<double> Repeat(Action step, double seconds)
    {
        var times = new List<double>();
        long begin = Stopwatch.GetTimestamp();
        do
        {
            long before = Stopwatch.GetTimestamp();
            step();
            times.Add(Stopwatch.GetElapsedTime(before).TotalMilliseconds);
        }
        while (Stopwatch.GetElapsedTime(begin).TotalSeconds < seconds);
        return times;
    }

    /// <summary>The middle of some times.</summary>
    public static double Median(IReadOnlyList<double> times)
    {
        double[] sorted = [.. times.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
