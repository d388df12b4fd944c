using Unroll.Decoding;
using Unroll.Tensors;

namespace Unroll.Tests.Decoding;

public sealed class SamplerTests
{
    private static readonly float[] Logits = [1f, 3f, 2f, -1f, 3f];

    private static int[] Draw(SamplingOptions options, float[] logits, int count, ulong seed = 1, int never = -1)
    {
        var sampler = new Sampler(options, new RandomState(seed)) { Never = never };
        return [.. Enumerable.Range(0, count).Select(_ => sampler.Next(logits))];
    }

    private static double[] Frequencies(SamplingOptions options, float[] logits, int never = -1)
    {
        const int count = 200_000;
        double[] frequencies = new double[logits.Length];
        foreach (int symbol in Draw(options, logits, count, never: never)) frequencies[symbol] += 1.0 / count;
        return frequencies;
    }

    private static double[] Softmax(float[] logits, double temperature, params int[] kept)
    {
        double[] weights = [.. logits.Select((logit, i) => kept.Length == 0 || kept.Contains(i) ? Math.Exp(logit / temperature) : 0)];
        return [.. weights.Select(weight => weight / weights.Sum())];
    }

    private static void AssertClose(double[] expected, double[] actual)
    {
        // Four standard deviations of a frequency over 200,000 draws.
        for (int i = 0; i < expected.Length; i++) Assert.InRange(actual[i], expected[i] - 0.0045, expected[i] + 0.0045);
    }

    [Fact]
    public void Temperature_zero_takes_the_first_of_the_likeliest() => Assert.All(Draw(new(0), Logits, 10), symbol => Assert.Equal(1, symbol));

    [Theory]
    [InlineData(0.5)]
    [InlineData(1)]
    [InlineData(2.5)]
    public void Frequencies_follow_the_softmax_at_each_temperature(double temperature) =>
        AssertClose(Softmax(Logits, temperature), Frequencies(new(temperature), Logits));

    [Fact]
    public void Top_k_draws_from_the_k_likeliest_and_ties_go_to_the_first()
    {
        AssertClose(Softmax(Logits, 1, 1, 2, 4), Frequencies(new(1, TopK: 3), Logits));
        AssertClose(Softmax(Logits, 1, 1), Frequencies(new(1, TopK: 1), Logits));
        AssertClose(Softmax(Logits, 1), Frequencies(new(1, TopK: 50), Logits));
    }

    [Fact]
    public void Top_p_draws_from_the_fewest_symbols_that_reach_p()
    {
        float[] logits = [MathF.Log(0.5f), MathF.Log(0.3f), MathF.Log(0.15f), MathF.Log(0.05f)];
        AssertClose([1, 0, 0, 0], Frequencies(new(1, TopP: 0.4), logits));
        AssertClose([0.625, 0.375, 0, 0], Frequencies(new(1, TopP: 0.7), logits));
        AssertClose([0.5 / 0.95, 0.3 / 0.95, 0.15 / 0.95, 0], Frequencies(new(1, TopP: 0.9), logits));
        AssertClose([0.625, 0.375, 0, 0], Frequencies(new(1, TopK: 2, TopP: 0.99), logits));
    }

    [Fact]
    public void A_symbol_that_is_never_drawn_never_is()
    {
        AssertClose(Softmax(Logits, 1, 0, 2, 3, 4), Frequencies(new(1), Logits, never: 1));
        Assert.Equal([4], Draw(new(0), Logits, 1, never: 1));
        AssertClose(Softmax(Logits, 1, 4), Frequencies(new(1, TopK: 1), Logits, never: 1));
    }

    [Fact]
    public void Impossible_symbols_are_not_drawn_at_any_temperature()
    {
        float[] logits = [float.NegativeInfinity, 0f, float.NegativeInfinity];
        foreach (double temperature in new[] { 0, 1e-300, 1e-3, 1, 1e9 }) Assert.All(Draw(new(temperature), logits, 100), symbol => Assert.Equal(1, symbol));
        Assert.All(Draw(new(1e-9), [0f, 1f, 0.5f], 100), symbol => Assert.Equal(1, symbol));
    }

    [Fact]
    public void The_same_seed_draws_the_same_symbols()
    {
        Assert.Equal(Draw(new(1.3, 4, 0.95), Logits, 100, seed: 7), Draw(new(1.3, 4, 0.95), Logits, 100, seed: 7));
        Assert.NotEqual(Draw(new(1.3), Logits, 100, seed: 7), Draw(new(1.3), Logits, 100, seed: 8));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Logits_that_are_not_numbers_are_refused(float bad) =>
        Assert.Contains("symbol 1", Assert.Throws<RunFailedException>(() => Draw(new(1), [0f, bad], 1)).Message);

    [Fact]
    public void Logits_that_allow_nothing_are_refused() =>
        Assert.Throws<RunFailedException>(() => Draw(new(1), [float.NegativeInfinity], 1));

    [Theory]
    [InlineData(-1, 0, 1)]
    [InlineData(double.NaN, 0, 1)]
    [InlineData(double.PositiveInfinity, 0, 1)]
    [InlineData(1, -1, 1)]
    [InlineData(1, 0, 0)]
    [InlineData(1, 0, 1.1)]
    [InlineData(1, 0, double.NaN)]
    public void Options_that_make_no_sense_are_refused(double temperature, int topK, double topP) =>
        Assert.Throws<BadUsageException>(() => new Sampler(new(temperature, topK, topP), new RandomState(1)));
}
