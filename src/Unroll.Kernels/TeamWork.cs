namespace Unroll.Kernels;

/// <summary>Work that splits into parts for <see cref="ThreadTeam.Run"/>. An instance holds the arguments; callers keep one and use it again,
/// so that a run allocates nothing.</summary>
internal abstract class TeamWork
{
    /// <summary>Does one part. Parts write to disjoint outputs, so results do not depend on how many there are.</summary>
    /// <param name="part">Which part, 0 to <paramref name="parts"/> − 1.</param>
    /// <param name="parts">How many there are.</param>
    public abstract void Run(int part, int parts);
}
