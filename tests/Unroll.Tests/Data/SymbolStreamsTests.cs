using Unroll.Data;

namespace Unroll.Tests.Data;

public sealed class SymbolStreamsTests
{
    private static int[] Count(int n) => [.. Enumerable.Range(0, n)];

    private static (int[] Inputs, int[] Targets) At(SymbolStreams streams, long position)
    {
        int[] inputs = new int[streams.Batch * streams.Sequence], targets = new int[inputs.Length];
        streams.Fill(position, inputs, targets);
        return (inputs, targets);
    }

    [Fact]
    public void Hell_is_read_and_ello_is_predicted()
    {
        var streams = new SymbolStreams(new[] { 1, 0, 2, 2, 3 }, 1, 4);
        Assert.Equal(1, streams.StepsPerEpoch);
        var (inputs, targets) = At(streams, 0);
        Assert.Equal([1, 0, 2, 2], inputs);
        Assert.Equal([0, 2, 2, 3], targets);
    }

    [Fact]
    public void Each_stream_continues_where_its_last_step_ended()
    {
        var streams = new SymbolStreams(Count(100), 3, 8);
        Assert.Equal(4, streams.StepsPerEpoch);
        for (int epoch = 0; epoch < 5; epoch++)
        {
            int[]? before = null;
            for (int step = 0; step < streams.StepsPerEpoch; step++)
            {
                var (inputs, targets) = At(streams, epoch * streams.StepsPerEpoch + step);
                for (int i = 0; i < inputs.Length; i++) Assert.Equal(inputs[i] + 1, targets[i]);
                if (before != null)
                    for (int b = 0; b < 3; b++) Assert.Equal(before[b * 8 + 7], inputs[b * 8]);
                before = targets;
            }
        }
    }

    [Theory]
    [InlineData(100, 3, 8)]
    [InlineData(1000, 7, 13)]
    [InlineData(51, 1, 50)]
    public void An_epoch_predicts_its_part_of_the_text_once_and_many_epochs_all_of_it(int length, int batch, int sequence)
    {
        var streams = new SymbolStreams(Count(length), batch, sequence);
        var seen = new HashSet<int>();
        for (int epoch = 0; epoch < 200; epoch++)
        {
            var once = new HashSet<int>();
            for (int step = 0; step < streams.StepsPerEpoch; step++)
                foreach (int target in At(streams, (long)epoch * streams.StepsPerEpoch + step).Targets) Assert.True(once.Add(target));
            Assert.Equal(streams.StepsPerEpoch * batch * sequence, once.Count);
            seen.UnionWith(once);
        }
        Assert.Equal(length - 1, seen.Count);
    }

    [Fact]
    public void The_first_epoch_begins_with_the_text() => Assert.Equal(0, At(new SymbolStreams(Count(100), 3, 8), 0).Inputs[0]);

    [Theory]
    [InlineData(120, 50, 50, "has 120 symbols, and batch 50 × sequence 50 needs at least 2501. Use a batch of 2 or fewer, or more text.")]
    [InlineData(101, 2, 200, "a sequence of 50 or shorter")]
    [InlineData(6, 10, 200, "batch 1 with a sequence of 5 or shorter")]
    [InlineData(1, 1, 1, "Use more text.")]
    public void Too_short_a_text_is_refused_with_the_numbers_and_the_mend(int length, int batch, int sequence, string expected) =>
        Assert.Contains(expected, Assert.Throws<BadInputException>(() => new SymbolStreams(Count(length), batch, sequence)).Message);

    [Fact]
    public void Sizes_below_one_are_refused()
    {
        Assert.Throws<BadUsageException>(() => new SymbolStreams(Count(10), 0, 1));
        Assert.Throws<BadUsageException>(() => new SymbolStreams(Count(10), 1, 0));
    }
}
