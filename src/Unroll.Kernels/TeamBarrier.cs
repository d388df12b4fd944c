using System.Runtime.InteropServices;

namespace Unroll.Kernels;

/// <summary>A meeting point for the parts of one <see cref="ThreadTeam.Run"/>: nobody leaves <see cref="Wait"/> before all have come. Needs every part
/// on a thread of its own, so use at most <see cref="ThreadTeam.Available"/> parts. Centralised, with a phase counter that serves as the sense.</summary>
internal sealed class TeamBarrier
{
    // Arrivals and the phase lie on cache lines of their own: arriving does not disturb those who spin.
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct State
    {
        [FieldOffset(64)] public int Missing;
        [FieldOffset(128)] public int Phase;
        [FieldOffset(192)] public int Parts;
    }

    private State state;

    /// <summary>A barrier for <paramref name="parts"/> parts.</summary>
    public TeamBarrier(int parts) => Reset(parts);

    /// <summary>Prepares for a run with <paramref name="parts"/> parts; call it before the run, never within.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="parts"/> is below 1.</exception>
    public void Reset(int parts)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(parts, 1);
        state.Missing = state.Parts = parts;
    }

    /// <summary>Waits until every part has come here.</summary>
    /// <exception cref="TeamAbortedException">Another part of the run failed, so it will never come.</exception>
    public void Wait()
    {
        if (state.Parts == 1) return;
        int phase = Volatile.Read(ref state.Phase);
        if (Interlocked.Decrement(ref state.Missing) == 0)
        {
            state.Missing = state.Parts;
            Volatile.Write(ref state.Phase, phase + 1);
            return;
        }
        for (int spins = 0; spins < ThreadTeam.Spins; spins++)
        {
            if (Volatile.Read(ref state.Phase) != phase) return;
            Thread.SpinWait(1);
        }
        while (Volatile.Read(ref state.Phase) == phase)
        {
            if (ThreadTeam.HasFailed) throw new TeamAbortedException();
            Thread.Yield();
        }
    }
}

/// <summary>Ends the parts that wait for one that failed; <see cref="ThreadTeam.Run"/> reports the failure itself, never this.</summary>
internal sealed class TeamAbortedException() : InvalidOperationException("another part of this run failed.");
