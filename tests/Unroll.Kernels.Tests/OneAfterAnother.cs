namespace Unroll.Kernels.Tests;

/// <summary>Tests that set the number of threads run one after the other.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class OneAfterAnother
{
    public const string Name = "thread team";
}

/// <summary>Sets the number of threads and puts the old one back.</summary>
internal readonly struct WithThreads : IDisposable
{
    private readonly int before;

    public WithThreads(int threads)
    {
        before = ThreadTeam.Threads;
        ThreadTeam.Threads = threads;
    }

    public void Dispose() => ThreadTeam.Threads = before;
}
