namespace Unroll.Tensors;

/// <summary>Which places dropout and zoneout keep. Nothing is stored: whether a place is kept is a hash of it under a key drawn once, so that the backward
/// pass, steps computed again and any number of threads see the same mask.</summary>
internal readonly struct DropoutMask
{
    private readonly ulong _key, _threshold;

    /// <param name="key">Drawn once for the mask.</param>
    /// <param name="probability">Of a place not being kept, in [0, 1).</param>
    public DropoutMask(ulong key, float probability) => (_key, _threshold) = (key, (ulong)(probability * 4294967296.0));

    /// <summary>SplitMix64 of the place: its upper 32 bits against the probability.</summary>
    public bool Keeps(long place) => Hash(_key, (ulong)place) >> 32 >= _threshold;

    /// <summary>The key of one of several masks that belong to one draw.</summary>
    public static ulong KeyOf(ulong key, int mask) => Hash(key, (ulong)mask);

    private static ulong Hash(ulong key, ulong place)
    {
        ulong z = key + (place + 1) * 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
