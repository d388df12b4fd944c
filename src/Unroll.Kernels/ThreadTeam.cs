using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Unroll.Kernels;

/// <summary>The threads that share the work of a step. Workers stay up between runs: they spin for some tens of microseconds, then yield, then sleep,
/// so that the next run starts at once and an idle process costs nothing. A run allocates no managed memory.</summary>
internal static class ThreadTeam
{
    /// <summary>Spins before yielding, some 40 ns each: long enough to bridge the gaps within a training step.</summary>
    internal const int Spins = 2000;

    /// <summary>How long a worker yields before it sleeps.</summary>
    private static readonly long IdleTicks = Stopwatch.Frequency / 5000;     // 200 µs

    private static readonly Lock Gate = new();
    private static Worker[] workers = [];
    private static int threads;
    private static Shared shared;
    private static TeamWork? work;
    private static int runParts;
    private static ExceptionDispatchInfo? failure;
    private static readonly ManualResetEvent Finished = new(false);

    [ThreadStatic] private static bool inside;

    // Each counter on a cache line of its own.
    [StructLayout(LayoutKind.Explicit, Size = 320)]
    private struct Shared
    {
        [FieldOffset(64)] public int Pending;
        [FieldOffset(128)] public int Next;
        [FieldOffset(192)] public int CallerSleeps;
        [FieldOffset(256)] public int Failed;
    }

    /// <summary>How many threads take part in a run, the caller included. At first the value of UNROLL_THREADS, or else the number of processors.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Set to less than 1.</exception>
    /// <exception cref="InvalidOperationException">Set from within a run, or UNROLL_THREADS is not a whole number of 1 or more.</exception>
    public static int Threads
    {
        get
        {
            if (threads == 0) threads = Choose(Environment.GetEnvironmentVariable("UNROLL_THREADS"));
            return threads;
        }
        set
        {
            if (value < 1) throw new ArgumentOutOfRangeException(nameof(value), value, "the number of threads must be 1 or more.");
            if (inside) throw new InvalidOperationException("the number of threads cannot change within a run.");
            lock (Gate) threads = value;
        }
    }

    /// <summary>How many parts run at the same time if this thread calls <see cref="Run"/> now: 1 within a run, else <see cref="Threads"/>.
    /// Work whose parts wait for each other at a <see cref="TeamBarrier"/> splits into at most this many.</summary>
    public static int Available => inside ? 1 : Threads;

    /// <summary>How many workers sleep.</summary>
    internal static int Asleep
    {
        get
        {
            lock (Gate) return workers.Count(worker => worker.IsAsleep);
        }
    }

    /// <summary>How many workers there are.</summary>
    internal static int Hired
    {
        get
        {
            lock (Gate) return workers.Length;
        }
    }

    /// <summary>Whether a part of the current run has failed.</summary>
    internal static bool HasFailed => Volatile.Read(ref shared.Failed) != 0;

    /// <summary>Reads the number of threads from a value of UNROLL_THREADS; null or empty means one per processor.</summary>
    internal static int Choose(string? wanted)
    {
        if (string.IsNullOrEmpty(wanted)) return Environment.ProcessorCount;
        return int.TryParse(wanted, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count >= 1
            ? count
            : throw new InvalidOperationException($"UNROLL_THREADS is '{wanted}'; expected a whole number of 1 or more.");
    }

    /// <summary>Runs every part of <paramref name="teamWork"/> and returns when all are done. Part i runs on the team's i-th thread, so that what it touches stays in
    /// that core's cache from run to run; parts beyond <see cref="Threads"/> go to whoever is free. Within a run the parts run one after the
    /// other on the calling thread. Calls from several threads take turns.</summary>
    /// <exception cref="Exception">Whatever the first failing part threw.</exception>
    public static void Run(TeamWork teamWork, int parts)
    {
        if (parts <= 1 || inside || Threads == 1)
        {
            for (int part = 0; part < parts; part++) teamWork.Run(part, parts);
            return;
        }
        lock (Gate)
        {
            int members = Math.Min(parts, Threads);
            if (workers.Length < members - 1) Hire(members - 1);
            (work, runParts, failure) = (teamWork, parts, null);
            shared.Failed = 0;
            shared.Next = members;
            shared.CallerSleeps = 0;
            Volatile.Write(ref shared.Pending, members - 1);
            for (int i = 0; i < members - 1; i++) workers[i].Wake();
            inside = true;
            RunParts(0);
            AwaitWorkers();
            inside = false;
            work = null;
            var failed = failure;
            failure = null;
            failed?.Throw();
        }
    }

    private static void RunParts(int part)
    {
        try
        {
            var current = work!;
            int parts = runParts;
            while (part < parts)
            {
                current.Run(part, parts);
                if (parts <= threads || HasFailed) break;
                part = Interlocked.Increment(ref shared.Next) - 1;
            }
        }
        catch (TeamAbortedException)
        {
            // The part that failed carries the reason.
        }
        catch (Exception exception)
        {
            Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(exception), null);
            Volatile.Write(ref shared.Failed, 1);
        }
    }

    private static void AwaitWorkers()
    {
        for (int spins = 0; spins < Spins; spins++)
        {
            if (Volatile.Read(ref shared.Pending) == 0) return;
            Thread.SpinWait(1);
        }
        long begin = Stopwatch.GetTimestamp();
        while (Volatile.Read(ref shared.Pending) != 0)
        {
            if (Stopwatch.GetTimestamp() - begin < IdleTicks) { Thread.Yield(); continue; }
            Finished.Reset();
            Interlocked.Exchange(ref shared.CallerSleeps, 1);
            if (Volatile.Read(ref shared.Pending) != 0) Finished.WaitOne();
        }
    }

    private static void PartsDone()
    {
        if (Interlocked.Decrement(ref shared.Pending) == 0 && Volatile.Read(ref shared.CallerSleeps) != 0) Finished.Set();
    }

    private static void Hire(int count)
    {
        int present = workers.Length;
        Array.Resize(ref workers, count);
        for (int i = present; i < count; i++) workers[i] = new Worker(i + 1);
    }

    /// <summary>A thread of the team. The requests counter is its mailbox: one more means one more run to take part in.</summary>
    [SuppressMessage("Reliability", "CA1001", Justification = "A worker and its bell live as long as the process.")]
    private sealed class Worker
    {
        private readonly int index;
        private readonly AutoResetEvent bell = new(false);
        private State state;

        [StructLayout(LayoutKind.Explicit, Size = 192)]
        private struct State
        {
            [FieldOffset(64)] public int Requests;
            [FieldOffset(128)] public int Sleeps;
        }

        public Worker(int index)
        {
            this.index = index;
            new Thread(Loop) { IsBackground = true, Name = $"Unroll worker {index}" }.Start();
        }

        /// <summary>Whether the worker waits for its bell, at no cost to anyone.</summary>
        public bool IsAsleep => Volatile.Read(ref state.Sleeps) != 0;

        public void Wake()
        {
            Interlocked.Increment(ref state.Requests);
            if (Volatile.Read(ref state.Sleeps) != 0 && Interlocked.Exchange(ref state.Sleeps, 0) != 0) bell.Set();
        }

        private void Loop()
        {
            inside = true;
            for (int done = 0; ; done++)
            {
                Await(done);
                RunParts(index);
                PartsDone();
            }
        }

        private void Await(int done)
        {
            for (int spins = 0; spins < Spins; spins++)
            {
                if (Volatile.Read(ref state.Requests) != done) return;
                Thread.SpinWait(1);
            }
            long begin = Stopwatch.GetTimestamp();
            while (Volatile.Read(ref state.Requests) == done)
            {
                if (Stopwatch.GetTimestamp() - begin < IdleTicks) { Thread.Yield(); continue; }
                Interlocked.Exchange(ref state.Sleeps, 1);
                // Whoever changes Sleeps back to 0 owns the bell: if that is us, nobody rings.
                if (Volatile.Read(ref state.Requests) != done && Interlocked.Exchange(ref state.Sleeps, 0) != 0) return;
                bell.WaitOne();
            }
        }
    }
}
