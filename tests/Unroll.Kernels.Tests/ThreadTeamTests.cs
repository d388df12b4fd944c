
namespace Unroll.Kernels.Tests;

[Collection(OneAfterAnother.Name)]
public sealed class ThreadTeamTests
{
    private sealed class Work(Action<int, int> part) : TeamWork
    {
        public override void Run(int part1, int parts) => part(part1, parts);
    }

    private sealed class Counting : TeamWork
    {
        public readonly int[] Runs = new int[64];
        public override void Run(int part, int parts) => Interlocked.Increment(ref Runs[part]);
    }

    [Fact]
    public void Every_part_runs_once_whatever_the_number_of_threads()
    {
        foreach (int threads in (int[])[1, 2, 3, 5])
        {
            using var _ = new WithThreads(threads);
            for (int parts = 0; parts <= 12; parts++)
            {
                var work = new Counting();
                for (int i = 0; i < 50; i++) ThreadTeam.Run(work, parts);
                for (int part = 0; part < work.Runs.Length; part++) Assert.Equal(part < parts ? 50 : 0, work.Runs[part]);
            }
        }
    }

    [Fact]
    public void A_part_stays_on_its_thread_from_run_to_run()
    {
        using var _ = new WithThreads(3);
        var threads = new int[3];
        var work = new Work((part, parts) => threads[part] = Environment.CurrentManagedThreadId);
        ThreadTeam.Run(work, 3);
        var first = threads.ToArray();
        Assert.Equal(3, first.Distinct().Count());
        Assert.Equal(Environment.CurrentManagedThreadId, first[0]);
        for (int i = 0; i < 20; i++) ThreadTeam.Run(work, 3);
        Assert.Equal(first, threads);
    }

    [Fact]
    public void An_exception_in_any_part_reaches_the_caller_and_the_team_still_works()
    {
        using var _ = new WithThreads(3);
        for (int failing = 0; failing < 3; failing++)
        {
            var error = Assert.Throws<FormatException>(() => ThreadTeam.Run(new Work((part, _) => { if (part == failing) throw new FormatException($"part {part}"); }), 3));
            Assert.Equal($"part {failing}", error.Message);
        }
        var work = new Counting();
        ThreadTeam.Run(work, 3);
        Assert.Equal(3, work.Runs.Sum());
    }

    [Fact]
    public void An_exception_releases_the_parts_that_wait_at_a_barrier()
    {
        using var _ = new WithThreads(3);
        var barrier = new TeamBarrier(3);
        var work = new Work((part, _) =>
        {
            if (part == 1) throw new FormatException("late");
            barrier.Wait();
        });
        Assert.Equal("late", Assert.Throws<FormatException>(() => ThreadTeam.Run(work, 3)).Message);
        barrier.Reset(3);
        ThreadTeam.Run(new Work((_, _) => barrier.Wait()), 3);
    }

    [Fact]
    public void Nobody_passes_a_barrier_before_all_have_come()
    {
        foreach (int threads in (int[])[1, 2, 3])
        {
            using var _ = new WithThreads(threads);
            var barrier = new TeamBarrier(threads);
            int arrived = 0, early = 0;
            ThreadTeam.Run(new Work((_, parts) =>
            {
                for (int round = 1; round <= 2000; round++)
                {
                    Interlocked.Increment(ref arrived);
                    barrier.Wait();
                    if (Volatile.Read(ref arrived) < round * parts) Interlocked.Increment(ref early);
                    barrier.Wait();
                }
            }), threads);
            Assert.Equal(0, early);
            Assert.Equal(2000 * threads, arrived);
        }
    }

    [Fact]
    public void A_run_within_a_run_takes_its_parts_one_after_the_other()
    {
        using var _ = new WithThreads(3);
        var inner = new Counting();
        var available = new int[3];
        ThreadTeam.Run(new Work((part, _) =>
        {
            available[part] = ThreadTeam.Available;
            int thread = Environment.CurrentManagedThreadId;
            ThreadTeam.Run(inner, 5);
            ThreadTeam.Run(new Work((_, _) => Assert.Equal(thread, Environment.CurrentManagedThreadId)), 4);
        }), 3);
        Assert.Equal([1, 1, 1], available);
        Assert.Equal([3, 3, 3, 3, 3], inner.Runs[..5]);
        Assert.Equal(3, ThreadTeam.Available);
    }

    [Fact]
    public void Several_callers_take_turns()
    {
        using var _ = new WithThreads(2);
        var work = new Counting();
        var callers = new Thread[4];
        for (int i = 0; i < callers.Length; i++)
        {
            callers[i] = new Thread(() => { for (int run = 0; run < 200; run++) ThreadTeam.Run(work, 2); });
            callers[i].Start();
        }
        foreach (var caller in callers) caller.Join();
        Assert.Equal([800, 800], work.Runs[..2]);
    }

    [Fact]
    public void Idle_workers_sleep_and_wake_again()
    {
        using var _ = new WithThreads(3);
        var work = new Counting();
        ThreadTeam.Run(work, 3);
        // They give up spinning by themselves; how soon is the machine's business.
        Assert.True(SpinWait.SpinUntil(() => ThreadTeam.Asleep == ThreadTeam.Hired, TimeSpan.FromSeconds(30)), "idle workers must sleep");
        Assert.True(ThreadTeam.Hired >= 2);
        for (int i = 0; i < 20; i++)
        {
            ThreadTeam.Run(work, 3);
            Thread.Sleep(2);
        }
        Assert.Equal(63, work.Runs.Sum());
    }

    [Fact]
    public void A_run_allocates_nothing()
    {
        using var _ = new WithThreads(2);
        var work = new Counting();
        for (int i = 0; i < 10; i++) ThreadTeam.Run(work, 2);
        Assert.Equal(0, Allocation.Of(() =>
        {
            for (int i = 0; i < 1000; i++) ThreadTeam.Run(work, 2);
        }));
    }

    [Fact]
    public void The_number_of_threads_is_checked()
    {
        Assert.Equal(Environment.ProcessorCount, ThreadTeam.Choose(null));
        Assert.Equal(Environment.ProcessorCount, ThreadTeam.Choose(""));
        Assert.Equal(3, ThreadTeam.Choose("3"));
        foreach (string wrong in (string[])["0", "-1", "two", "1.5"])
            Assert.Contains("expected a whole number of 1 or more", Assert.Throws<InvalidOperationException>(() => ThreadTeam.Choose(wrong)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => ThreadTeam.Threads = 0);
        using var _ = new WithThreads(2);
        Assert.Throws<InvalidOperationException>(() => ThreadTeam.Run(new Work((_, _) => ThreadTeam.Threads = 1), 2));
    }
}
