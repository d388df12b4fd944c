using System.Text.Json;
using Unroll.Training;

namespace Unroll.Tests.Training;

public sealed class ScheduleTests
{
    private static readonly JsonElement Golden = Goldens.Read("training.json").GetProperty("schedules");

    [Theory]
    [InlineData("step:3:0.5", 10)]
    [InlineData("cosine:0.1", 8)]
    [InlineData("warmup:4+constant", 10)]
    public void Factors_are_those_of_PyTorch(string text, long steps)
    {
        Schedule schedule = Schedule.Parse(text, steps);
        double[] expected = Golden.GetProperty(text).Doubles();
        for (int step = 0; step < expected.Length; step++) Assert.Equal(expected[step], schedule.Factor(step, default), 1e-8);
    }

    [Fact]
    public void The_plateau_is_that_of_PyTorch()
    {
        Schedule schedule = Schedule.Parse("plateau:2:0.5", 100);
        double[] losses = Golden.GetProperty("plateau losses").Doubles(), expected = Golden.GetProperty("plateau:2:0.5").Doubles();
        for (int known = 0; known < losses.Length; known++) Assert.Equal(expected[known], schedule.Factor(1000, losses.AsSpan(0, known)), 1e-8);
        Assert.Equal(0.5, Schedule.Plateau(0, 0.1, floor: 0.5).Factor(0, [1, 2, 3, 4]));
        Assert.Equal(0.1, Schedule.Plateau(0).Factor(0, [1, double.NaN]));
    }

    [Fact]
    public void A_cosine_stays_at_its_floor() => Assert.Equal(0.25, Schedule.Cosine(10, 0.25).Factor(99, default), 1e-12);

    /// <summary>Zaremba, Sutskever &amp; Vinyals 2014: the full rate for four epochs, then half of it at each further one.</summary>
    [Fact]
    public void Steps_may_begin_after_a_while_and_be_counted_in_epochs()
    {
        Schedule schedule = Schedule.Parse("step:1epoch:0.5:4epochs", 130, stepsPerEpoch: 9.5);
        for (int epoch = 0; epoch < 13; epoch++) Assert.Equal(epoch < 4 ? 1 : Math.Pow(0.5, epoch - 3), schedule.Factor((long)Math.Ceiling(epoch * 10.0) - (epoch < 4 ? 0 : 1), default), 1e-12);
        Assert.Equal([1, 1, 0.1, 0.1, 0.1, 0.01], Enumerable.Range(0, 6).Select(step => Math.Round(Schedule.Step(3, 0.1, after: 2).Factor(step, default), 12)));
        Assert.Equal([0.5, 1], new long[] { 4, 9 }.Select(step => Schedule.Parse("warmup:2epochs+constant", 100, 5).Factor(step, default)));
    }

    [Fact]
    public void What_follows_a_warm_up_begins_after_it()
    {
        Schedule schedule = Schedule.Parse("warmup:2+cosine", 12);
        Assert.Equal([0.5, 1, 1], new[] { 0, 1, 2 }.Select(step => schedule.Factor(step, default)));
        Assert.Equal(0.5, schedule.Factor(7, default), 1e-12);
        Assert.Equal(0, schedule.Factor(12, default), 1e-12);
        Assert.Equal(1, Schedule.Constant.WarmUp(0).Factor(0, default));
    }

    [Theory]
    [InlineData("cosin")]
    [InlineData("")]
    [InlineData("step")]
    [InlineData("step:x")]
    [InlineData("step:0")]
    [InlineData("step:-1")]
    [InlineData("step:1:0")]
    [InlineData("step:1:2")]
    [InlineData("step:1:0.5:x")]
    [InlineData("step:1:0.5:1:1")]
    [InlineData("step:1epoch")]
    [InlineData("step:1epochal")]
    [InlineData("cosine:2")]
    [InlineData("cosine:nan")]
    [InlineData("plateau:1:1")]
    [InlineData("warmup:1")]
    [InlineData("warmup:1+")]
    [InlineData("warm:1+constant")]
    public void Other_words_are_refused(string text) => Assert.Throws<BadUsageException>(() => Schedule.Parse(text, 10));
}
