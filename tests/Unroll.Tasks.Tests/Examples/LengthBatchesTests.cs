using Unroll.Tasks.Examples;
using Unroll.Tensors;

namespace Unroll.Tasks.Tests.Examples;

public sealed class LengthBatchesTests
{
    /// <summary>Sequences that are nothing but lengths.</summary>
    private sealed class Lengths(params int[] lengths) : ExampleSet
    {
        public override int Count => lengths.Length;
        public override string Fingerprint => string.Join(' ', lengths);
        public override int LengthOf(int number) => lengths[number];
        public override int JudgedOf(int number) => 1;
    }

    private static Lengths Random(int count)
    {
        var random = new RandomState(3);
        return new Lengths([.. Enumerable.Range(0, count).Select(_ => 1 + random.NextInt(100))]);
    }

    private static int[][] All(LengthBatches batches) => [.. Enumerable.Range(0, batches.Count).Select(i => batches[i].ToArray())];

    [Theory]
    [InlineData(1, 4)]
    [InlineData(8, 4)]
    [InlineData(103, 4)]
    [InlineData(103, 1)]
    [InlineData(5, 9)]
    public void Every_sequence_is_in_one_batch_shuffled_or_not(int count, int size)
    {
        var batches = new LengthBatches(Random(count), size);
        for (ulong seed = 0; seed < 5; seed++)
        {
            int[][] all = All(batches);
            Assert.Equal(Enumerable.Range(0, count), all.SelectMany(batch => batch).Order());
            Assert.Equal(count / size, all.Count(batch => batch.Length == size));
            Assert.Equal((count + size - 1) / size, all.Length);
            batches.Shuffle(seed);
        }
    }

    [Fact]
    public void Without_shuffling_the_longest_come_first()
    {
        var lengths = Random(50);
        int[] order = [.. All(new LengthBatches(lengths, 7)).SelectMany(batch => batch).Select(lengths.LengthOf)];
        Assert.Equal(order.OrderDescending(), order);
    }

    [Fact]
    public void The_order_follows_from_the_seed_alone_and_differs_from_seed_to_seed()
    {
        LengthBatches a = new(Random(200), 6), b = new(Random(200), 6);
        a.Shuffle(1);
        a.Shuffle(2);
        int[][] first = All(a);
        b.Shuffle(2);
        Assert.Equal(first, All(b));
        b.Shuffle(3);
        Assert.NotEqual(first, All(b));
        Assert.NotEqual(first.Select(batch => batch.Order().ToArray()), All(b).Select(batch => batch.Order().ToArray()));
    }

    [Fact]
    public void Shuffled_batches_waste_little_room()
    {
        var lengths = Random(400);
        var batches = new LengthBatches(lengths, 8);
        batches.Shuffle(1);
        int steps = Enumerable.Range(0, 400).Sum(lengths.LengthOf), room = All(batches).Sum(batch => batch.Length * batch.Max(lengths.LengthOf));
        // A batch of eight taken at random would take 1.8 times the steps.
        Assert.InRange(room, steps, 1.25 * steps);
    }

    [Fact]
    public void What_is_read_goes_from_the_longest_to_the_shortest_each_once_and_very_long_ones_go_alone()
    {
        int[] lengths = [3, 100_000, 0, 40_000, 20_000, 20_000, 20_000, 5, 1];
        int[][] batches = [.. LengthBatches.ToRead(lengths, 4)];
        Assert.Equal(Enumerable.Range(0, lengths.Length), batches.SelectMany(batch => batch).Order());
        int[][] found = [.. batches.Select(batch => batch.Select(number => lengths[number]).ToArray())];
        Assert.Equal([[100_000], [40_000], [20_000, 20_000], [20_000, 5, 3], [1], [0]], found);
    }
}
