using System.Diagnostics;

namespace Unroll.Cli.Measuring;

/// <summary>How long a step takes: many are timed one by one.</summary>
internal static class Timing
{
    /// <summary>Repeats a step until the time is up.</summary>
    /// <param name="step">The step.</param>
    /// <param name="seconds">The time.</param>
    /// <param name="least">How many steps there are at least.</param>
    /// <returns>The milliseconds of each.</returns>
    public static List<double> Repeat(Action step, double seconds, int least = 1)
    {
        var times = new List<double>();
        long begin = Stopwatch.GetTimestamp();
        do
        {
            long before = Stopwatch.GetTimestamp();
            step();
            times.Add(Stopwatch.GetElapsedTime(before).TotalMilliseconds);
        }
        while (times.Count < least || Stopwatch.GetElapsedTime(begin).TotalSeconds < seconds);
        return times;
    }

    /// <summary>The middle of some times.</summary>
    public static double Median(IReadOnlyList<double> times) => Spread.Of(times).Median;
}
