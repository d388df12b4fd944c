using Unroll.Tensors;

namespace Unroll.Tests.Tensors;

public sealed class RandomStateTests
{
    [Fact]
    public void It_is_xoshiro256_starstar()
    {
        // The first numbers of the authors' C code from the state 1, 2, 3, 4.
        var random = new RandomState([1UL, 2, 3, 4]);
        ulong[] expected = [11520, 0, 1509978240, 1215971899390074240, 1216172134540287360, 607988272756665600];
        Assert.Equal(expected, expected.Select(_ => random.NextUInt64()));
    }

    [Fact]
    public void A_seed_is_spread_by_SplitMix64() =>
        Assert.Equal([6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431], new RandomState(1234567).GetState());

    [Fact]
    public void A_restored_state_goes_on_alike()
    {
        var random = new RandomState(5);
        for (int i = 0; i < 10; i++) random.NextGaussian();
        var again = new RandomState(random.GetState());
        Assert.Equal(Enumerable.Range(0, 20).Select(_ => random.NextGaussian()).ToArray(), Enumerable.Range(0, 20).Select(_ => again.NextGaussian()).ToArray());
        Assert.Throws<ArgumentException>(() => again.SetState([0, 0, 0, 0]));
        Assert.Throws<ArgumentException>(() => again.SetState([1, 2, 3]));
    }

    [Fact]
    public void Forks_are_their_own_and_leave_the_source_alone()
    {
        var random = new RandomState(5);
        ulong[] state = random.GetState();
        ulong a = random.Fork("a").NextUInt64(), b = random.Fork("b").NextUInt64();
        Assert.NotEqual(a, b);
        Assert.Equal(a, random.Fork("a").NextUInt64());
        Assert.Equal(state, random.GetState());
        random.NextUInt64();
        Assert.NotEqual(a, random.Fork("a").NextUInt64());
    }

    [Fact]
    public void Uniform_numbers_have_the_right_moments_and_range()
    {
        var random = new RandomState(6);
        double[] numbers = [.. Enumerable.Range(0, 200_000).Select(_ => (double)random.NextSingle())];
        Assert.All(numbers, x => Assert.InRange(x, 0, 1 - 1e-9));
        Assert.Equal(0.5, numbers.Average(), 2e-3);
        Assert.Equal(1 / 12.0, numbers.Average(x => (x - 0.5) * (x - 0.5)), 1e-3);
    }

    [Fact]
    public void Gaussian_numbers_have_the_right_moments()
    {
        var random = new RandomState(7);
        double[] numbers = [.. Enumerable.Range(0, 200_000).Select(_ => random.NextGaussian())];
        Assert.Equal(0, numbers.Average(), 1e-2);
        Assert.Equal(1, numbers.Average(x => x * x), 2e-2);
        Assert.Equal(3, numbers.Average(x => x * x * x * x), 0.1);
        Assert.Equal(0.1587, numbers.Count(x => x > 1) / 200_000.0, 3e-3);
    }

    [Fact]
    public void Integers_are_even_and_below_the_bound()
    {
        var random = new RandomState(8);
        var counts = new int[7];
        for (int i = 0; i < 70_000; i++) counts[random.NextInt(7)]++;
        Assert.All(counts, count => Assert.InRange(count, 9_600, 10_400));
        Assert.Equal(0, random.NextInt(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => random.NextInt(0));
    }

    [Fact]
    public void Every_order_is_equally_likely()
    {
        var random = new RandomState(9);
        var counts = new Dictionary<string, int>();
        for (int i = 0; i < 24_000; i++)
        {
            int[] items = [0, 1, 2, 3];
            random.Shuffle(items);
            string order = string.Concat(items);
            counts[order] = counts.GetValueOrDefault(order) + 1;
        }
        Assert.Equal(24, counts.Count);
        Assert.All(counts.Values, count => Assert.InRange(count, 850, 1150));
    }
}
