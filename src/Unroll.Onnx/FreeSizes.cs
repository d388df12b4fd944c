namespace Unroll.Onnx;

/// <summary>A size as a number times free sizes, such as 2·batch·time.</summary>
/// <param name="Factor">The number.</param>
/// <param name="Powers">Of each free size, how often it is a factor.</param>
internal sealed record SizeExpression(int Factor, int[] Powers)
{
    /// <summary>Whether no free size is in it.</summary>
    public bool IsFixed => Powers.All(power => power == 0);

    public bool Equals(SizeExpression? other) => other is not null && Factor == other.Factor && Powers.AsSpan().SequenceEqual(other.Powers);

    public override int GetHashCode() => HashCode.Combine(Factor, Powers.Sum());
}

/// <summary>The sizes that may be any. A pass is run twice, with other primes for them each time: the two numbers that a place has then tell what it is made of, as no other product of primes is both.</summary>
internal sealed class FreeSizes
{
    private static readonly int[] Primes = [3, 5, 7, 11, 13, 17, 19, 23, 29, 31];
    private const int MostPower = 2;

    /// <param name="names">What they are called.</param>
    public FreeSizes(IReadOnlyList<string> names)
    {
        if (names.Count >= Primes.Length) throw new BadUsageException($"A pass has {names.Count} sizes that may be any; {Primes.Length - 1} at most can be told apart.");
        Names = names;
    }

    /// <summary>What they are called.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>What a free size is in a run, 0 or 1.</summary>
    public static int ValueIn(int run, int size) => Primes[run + size];

    /// <summary>A free size by itself.</summary>
    public SizeExpression this[string name]
    {
        get
        {
            int[] powers = new int[Names.Count];
            for (int i = 0; i < powers.Length; i++) powers[i] = Names[i] == name ? 1 : 0;
            return new SizeExpression(1, powers);
        }
    }

    /// <summary>What a number is made of that was <paramref name="first"/> in one run and <paramref name="second"/> in the other; null if nothing makes both.</summary>
    public SizeExpression? Find(int first, int second)
    {
        int[] powers = new int[Names.Count];
        do
        {
            (long one, long two) = (1, 1);
            for (int i = 0; i < powers.Length; i++)
                for (int power = 0; power < powers[i]; power++) (one, two) = (one * ValueIn(0, i), two * ValueIn(1, i));
            if (first % one == 0 && second % two == 0 && first / one == second / two) return new SizeExpression((int)(first / one), powers);
        }
        while (Next());
        return null;

        bool Next()
        {
            for (int i = 0; i < powers.Length; i++)
            {
                if (++powers[i] <= MostPower) return true;
                powers[i] = 0;
            }
            return false;
        }
    }
}
