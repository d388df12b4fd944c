namespace Unroll.Onnx;

/// <summary>A size as a number times free sizes plus a number, such as 2·batch·time or time + 2.</summary>
/// <param name="Factor">The number that is multiplied.</param>
/// <param name="Powers">Of each free size, how often it is a factor.</param>
/// <param name="Offset">The number that is added; 0 where no free size is a factor.</param>
internal sealed record SizeExpression(int Factor, int[] Powers, int Offset = 0)
{
    /// <summary>Whether no free size is in it.</summary>
    public bool IsFixed => Powers.All(power => power == 0);

    public bool Equals(SizeExpression? other) => other is not null && Factor == other.Factor && Offset == other.Offset && Powers.AsSpan().SequenceEqual(other.Powers);

    public override int GetHashCode() => HashCode.Combine(Factor, Offset, Powers.Sum());
}

/// <summary>The sizes that may be any. A pass is run twice, with other primes for them each time: the two numbers that a place has then tell what it is made of.</summary>
internal sealed class FreeSizes
{
    /// <summary>A size's primes in the two runs. Each pair has a difference of its own, so that size + 2 is not another size.</summary>
    private static readonly (int First, int Second)[] Primes = [(11, 17), (13, 23), (29, 31), (19, 37), (43, 47), (41, 53)];
    private const int MostPower = 2, MostOffset = 4;

    /// <param name="names">What they are called.</param>
    public FreeSizes(IReadOnlyList<string> names)
    {
        if (names.Count > Primes.Length) throw new BadUsageException($"A pass has {names.Count} sizes that may be any; {Primes.Length} at most can be told apart.");
        Names = names;
    }

    /// <summary>What they are called.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>What a free size is in a run, 0 or 1.</summary>
    public static int ValueIn(int run, int size) => run == 0 ? Primes[size].First : Primes[size].Second;

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
        if (first == second) return new SizeExpression(first, new int[Names.Count]);
        for (int offset = 0; offset <= MostOffset; offset++)
            foreach (int signed in offset == 0 ? (ReadOnlySpan<int>)[0] : [offset, -offset])
                if (Product(first - signed, second - signed) is { } found) return found with { Offset = signed };
        return null;
    }

    private SizeExpression? Product(int first, int second)
    {
        int[] powers = new int[Names.Count];
        while (Next())
        {
            (long one, long two) = (1, 1);
            for (int i = 0; i < powers.Length; i++)
                for (int power = 0; power < powers[i]; power++) (one, two) = (one * ValueIn(0, i), two * ValueIn(1, i));
            if (first > 0 && first % one == 0 && second % two == 0 && first / one == second / two) return new SizeExpression((int)(first / one), powers);
        }
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
