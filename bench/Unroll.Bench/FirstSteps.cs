using System.Diagnostics;
using System.Globalization;
using Unroll.Bench.Peers;

namespace Unroll.Bench;

/// <summary>The first training steps of a process, when nothing is compiled and nothing allocated yet (bench/start.sh).</summary>
internal static class FirstSteps
{
    private const int Steps = 20;

    /// <summary>Writes number, wall time and processor time of each step, in milliseconds. What is compiled beside the steps on other threads is in the
    /// processor time.</summary>
    public static void Run(TextWriter to)
    {
        Parallelism.Threads = 1;
        var step = new CharRnnStep(time: 50, batch: 50, vocabulary: 65, hidden: 128);
        var wall = new TimeSpan[Steps];
        var processor = new TimeSpan[Steps];
        for (int i = 0; i < Steps; i++)
        {
            long began = Stopwatch.GetTimestamp();
            TimeSpan before = Environment.CpuUsage.TotalTime;
            step.Run();
            (wall[i], processor[i]) = (Stopwatch.GetElapsedTime(began), Environment.CpuUsage.TotalTime - before);
        }
        for (int i = 0; i < Steps; i++)
            to.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{i + 1} {wall[i].TotalMilliseconds:F1} {processor[i].TotalMilliseconds:F1}"));
    }
}
