using Unroll.Kernels;

namespace Unroll;

/// <summary>How many threads Unroll computes with. Results do not depend on it.</summary>
public static class Parallelism
{
    /// <summary>The number of threads, 1 or more. At first what the environment variable UNROLL_THREADS says, or else the number of processors. They are one team: where several threads of a program compute
    /// at once, work that is worth more than one thread takes turns, and with 1 each computes on its own. Set it while nothing computes.</summary>
    /// <exception cref="BadUsageException">Set below 1, or UNROLL_THREADS is not a whole number of 1 or more.</exception>
    public static int Threads
    {
        get
        {
            try
            {
                return ThreadTeam.Threads;
            }
            catch (InvalidOperationException error)
            {
                throw new BadUsageException(error.Message, error);
            }
        }
        set => ThreadTeam.Threads = value >= 1 ? value : throw new BadUsageException($"The number of threads is {value}; expected 1 or more.");
    }

    /// <summary>Measures what this machine's processors can do at most on <see cref="Threads"/> threads, by fused multiply-adds on registers alone: what
    /// shares of peak are shares of. With the vectors Unroll uses, so UNROLL_SIMD narrows it too.</summary>
    /// <param name="duration">How long to try for; the best run counts. Zero is one run, of about a millisecond.</param>
    /// <returns>Floating-point operations a second; a multiply-add is two.</returns>
    public static double MeasurePeak(TimeSpan duration) => PeakWork.Measure(duration);
}
