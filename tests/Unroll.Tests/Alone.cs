namespace Unroll.Tests;

/// <summary>Tests that count allocations run when no others do: those would take buffers from the pool they share.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
