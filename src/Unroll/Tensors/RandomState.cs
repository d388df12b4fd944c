using System.Numerics;

namespace Unroll.Tensors;

/// <summary>A source of random numbers whose whole state is four integers, so that a run can be saved and resumed. The same seed gives the
/// same numbers on every machine: only integer arithmetic and correctly rounded floating point are used.
/// xoshiro256** (Blackman &amp; Vigna 2018), seeded by SplitMix64 (Steele, Lea &amp; Flood 2014).</summary>
public sealed class RandomState
{
    private ulong _s0, _s1, _s2, _s3;

    /// <summary>Creates a source from a seed.</summary>
    public RandomState(ulong seed) => Seed(seed);

    /// <summary>Restores a source from a state taken with <see cref="GetState"/>.</summary>
    /// <exception cref="ArgumentException">Not four numbers, or all are zero.</exception>
    public RandomState(ReadOnlySpan<ulong> state) => SetState(state);

    /// <summary>The state: four numbers that determine all that follows.</summary>
    public ulong[] GetState() => [_s0, _s1, _s2, _s3];

    /// <summary>Restores a state taken with <see cref="GetState"/>.</summary>
    /// <exception cref="ArgumentException">Not four numbers, or all are zero.</exception>
    public void SetState(ReadOnlySpan<ulong> state)
    {
        if (state.Length != 4 || (state[0] | state[1] | state[2] | state[3]) == 0)
            throw new ArgumentException($"A random state is four numbers that are not all zero; found {state.Length}.", nameof(state));
        (_s0, _s1, _s2, _s3) = (state[0], state[1], state[2], state[3]);
    }

    /// <summary>A source for one purpose, independent of this one and of those with other names. It depends on this source's present state
    /// and the name only, and leaves this source as it is.</summary>
    public RandomState Fork(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        ulong hash = 14695981039346656037;   // FNV-1a over the UTF-16 units
        foreach (char c in name) hash = (hash ^ c) * 1099511628211;
        return new RandomState(hash ^ _s0 ^ BitOperations.RotateLeft(_s1, 16) ^ BitOperations.RotateLeft(_s2, 32) ^ BitOperations.RotateLeft(_s3, 48));
    }

    /// <summary>The next 64 random bits.</summary>
    public ulong NextUInt64()
    {
        ulong result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        ulong t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>A number in [0, 1) with 24 random bits.</summary>
    public float NextSingle() => (NextUInt64() >> 40) * (1f / (1 << 24));

    /// <summary>A number in [0, 1) with 53 random bits.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1L << 53));

    /// <summary>An integer in [0, <paramref name="below"/>), each equally likely.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="below"/> is not positive.</exception>
    public int NextInt(int below)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(below);
        // Lemire 2019: a product instead of a remainder; the few products that would favour some results are drawn again.
        ulong product = (NextUInt64() >> 32) * (ulong)below;
        if ((uint)product < (uint)below)
        {
            uint threshold = (0u - (uint)below) % (uint)below;
            while ((uint)product < threshold) product = (NextUInt64() >> 32) * (ulong)below;
        }
        return (int)(product >> 32);
    }

    /// <summary>A normally distributed number with mean 0 and variance 1 (the polar method, Marsaglia &amp; Bray 1964).</summary>
    public double NextGaussian()
    {
        while (true)
        {
            double u = 2 * NextDouble() - 1, v = 2 * NextDouble() - 1;
            double s = u * u + v * v;
            if (s is > 0 and < 1) return u * Math.Sqrt(-2 * Log(s) / s);
        }
    }

    /// <summary>Puts the items in random order, each order equally likely (Fisher–Yates).</summary>
    public void Shuffle(Span<int> items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = NextInt(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>Starts again from a seed, as if newly made with it; allocates nothing.</summary>
    public void Seed(ulong seed)
    {
        _s0 = Next(ref seed);
        _s1 = Next(ref seed);
        _s2 = Next(ref seed);
        _s3 = Next(ref seed);

        static ulong Next(ref ulong state)
        {
            ulong z = state += 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }

    /// <summary>The natural logarithm from basic arithmetic alone: the one of the system's library differs between machines in its last bit.
    /// ln x = e·ln 2 + 2·artanh((m − 1)/(m + 1)) for x = m·2ᵉ with m near 1.</summary>
    private static double Log(double x)
    {
        long bits = BitConverter.DoubleToInt64Bits(x);
        int exponent = (int)(bits >> 52) - 1023;
        double m = BitConverter.Int64BitsToDouble((bits & 0xFFFFFFFFFFFFF) | 0x3FF0000000000000);
        if (m > 1.4142135623730951)
        {
            m *= 0.5;
            exponent++;
        }
        double t = (m - 1) / (m + 1), square = t * t, sum = 0;
        for (int k = 21; k >= 1; k -= 2) sum = sum * square + 1.0 / k;
        return exponent * 0.6931471805599453 + 2 * t * sum;
    }
}
