using Unroll.Decoding;
using Unroll.Tensors;

namespace Unroll.Tests.Decoding;

public sealed class BeamSearchTests
{
    private const int Begin = 0, End = 1, Symbols = 5, Positions = 3;

    /// <summary>A model whose logits and attention are drawn at random for every text, of which each row has one of its own: row r tells the text of number r / (rows / texts).</summary>
    private sealed class Drawn(int texts, double spread = 2) : DecodingSession
    {
        private string[] _read = [];
        private float[] _logits = [];
        private int _each;

        public int Steps { get; private set; }

        public List<int> RowsOfSteps { get; } = [];

        public override int Symbols => BeamSearchTests.Symbols;

        public override ReadOnlySpan<float> AttentionOf(int row) => Attention(_read[row]);

        public static float[] Attention(string read)
        {
            RandomState random = new RandomState(7).Fork(read + "attention");
            double[] weights = [.. Enumerable.Range(0, Positions).Select(_ => Math.Exp(3 * random.NextGaussian()))];
            return [.. weights.Select(weight => (float)(weight / weights.Sum()))];
        }

        public static float[] Logits(string read, double spread)
        {
            RandomState random = new RandomState(7).Fork(read);
            return [.. Enumerable.Range(0, BeamSearchTests.Symbols).Select(_ => (float)(spread * random.NextGaussian()))];
        }

        protected override void OnStart()
        {
            _read = [.. Enumerable.Range(0, Rows).Select(row => $"{row * texts / Rows}:")];
            _logits = new float[Rows * Symbols];
            _each = Rows / texts;
        }

        protected override ReadOnlySpan<float> OnStep(ReadOnlySpan<int> symbols)
        {
            Steps++;
            RowsOfSteps.Add(Rows);
            for (int row = 0; row < Rows; row++)
            {
                _read[row] += symbols[row];
                Logits(_read[row], spread).CopyTo(_logits.AsSpan(row * Symbols));
            }
            return _logits;
        }

        protected override void OnReorder(ReadOnlySpan<int> parents)
        {
            string[] read = [.. _read];
            // All rows of a text or none.
            Assert.Equal(0, parents.Length % _each);
            for (int row = 0; row < parents.Length; row++)
            {
                Assert.Equal(parents[row / _each * _each] / _each, parents[row] / _each);
                _read[row] = read[parents[row]];
            }
        }
    }

    private sealed record Found(string Symbols, double LogProbability, double Score, bool IsEnded);

    /// <summary>Every sequence there is, the best first.</summary>
    private static List<Found> All(int text, int maximum, BeamOptions options)
    {
        var all = new List<Found>();
        Grow("", 0, new double[Positions]);
        return [.. all.OrderByDescending(found => found.IsEnded).ThenByDescending(found => found.Score)];

        void Grow(string written, double logProbability, double[] covered)
        {
            string read = $"{text}:{Begin}{written}";
            double[] weights = [.. Drawn.Logits(read, 2).Select(logit => Math.Exp(logit))];
            double[] sums = [.. covered.Zip(Drawn.Attention(read), (sum, weight) => sum + weight)];
            for (int symbol = 0; symbol < Symbols; symbol++)
            {
                if (options.Forbidden.Contains(symbol)) continue;
                double value = logProbability + Math.Log(weights[symbol] / weights.Sum());
                int length = written.Length + 1;
                if (symbol != End && length < maximum)
                {
                    Grow(written + symbol, value, sums);
                    continue;
                }
                double score = value / Math.Pow((5.0 + length) / 6, options.LengthPenalty) + options.CoveragePenalty * sums.Sum(sum => Math.Log(Math.Min(sum, 1)));
                all.Add(new Found(symbol == End ? written : written + symbol, value, score, symbol == End));
            }
        }
    }

    private static int[] Lengths(int searches, int length) => [.. Enumerable.Repeat(length, searches)];

    private static string Text(Hypothesis hypothesis) => string.Concat(hypothesis.Symbols);

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(0, 0.4)]
    [InlineData(0.7, 0.2)]
    public void A_beam_as_wide_as_all_beginnings_finds_what_enumeration_finds(double length, double coverage)
    {
        var options = new BeamOptions(End, Width: 300, NBest: 12, length, coverage) { Forbidden = [2] };
        int[] maximum = [4, 3, 4];
        IReadOnlyList<Hypothesis>[] found = BeamSearch.Run(new Drawn(3), Begin, maximum, options);
        for (int text = 0; text < 3; text++)
        {
            List<Found> expected = All(text, maximum[text], options)[..12];
            Assert.Equal(expected.Select(one => one.Symbols), found[text].Select(Text));
            for (int i = 0; i < 12; i++)
            {
                Assert.Equal(expected[i].LogProbability, found[text][i].LogProbability, 1e-5);
                Assert.Equal(expected[i].Score, found[text][i].Score, 1e-5);
                Assert.Equal(expected[i].IsEnded, found[text][i].IsEnded);
            }
        }
    }

    [Fact]
    public void A_beam_of_one_takes_the_likeliest_symbol_always()
    {
        for (int texts = 1; texts < 20; texts++)
        {
            IReadOnlyList<Hypothesis>[] found = BeamSearch.Run(new Drawn(texts), Begin, Lengths(texts, 6), new BeamOptions(End, Width: 1));
            for (int text = 0; text < texts; text++)
            {
                string written = "";
                bool ended = false;
                while (written.Length < 6 && !ended)
                {
                    float[] logits = Drawn.Logits($"{text}:{Begin}{written}", 2);
                    int symbol = Array.IndexOf(logits, logits.Max());
                    ended = symbol == End;
                    if (!ended) written += symbol;
                }
                Hypothesis only = Assert.Single(found[text]);
                Assert.Equal(written, Text(only));
                Assert.Equal(ended, only.IsEnded);
            }
        }
    }

    [Fact]
    public void A_search_is_the_same_alone_and_beside_others()
    {
        var options = new BeamOptions(End, Width: 3, NBest: 3, LengthPenalty: 0.6);
        IReadOnlyList<Hypothesis>[] together = BeamSearch.Run(new Drawn(5), Begin, Lengths(5, 12), options);
        IReadOnlyList<Hypothesis>[] again = BeamSearch.Run(new Drawn(5), Begin, Lengths(5, 12), options);
        Assert.Equal(together.SelectMany(best => best.Select(Text)), again.SelectMany(best => best.Select(Text)));
        IReadOnlyList<Hypothesis> alone = BeamSearch.Run(new Drawn(1), Begin, [12], options)[0];
        Assert.Equal(alone.Select(Text), together[0].Select(Text));
        Assert.Equal(alone.Select(one => one.Score), together[0].Select(one => one.Score));
    }

    [Fact]
    public void Searches_that_are_over_leave_the_batch_and_the_others_are_as_they_would_be_alone()
    {
        var options = new BeamOptions(End, Width: 3, NBest: 2, CoveragePenalty: 0.2) { KeepAttention = true };
        int[] maximum = [9, 1, 14, 3, 14, 6];
        var model = new Drawn(6);
        IReadOnlyList<Hypothesis>[] found = BeamSearch.Run(model, Begin, maximum, options);
        for (int text = 0; text < maximum.Length; text++)
        {
            // Beside texts that are over at once.
            IReadOnlyList<Hypothesis> alone = BeamSearch.Run(new Drawn(6), Begin, [.. maximum.Select((length, i) => i == text ? length : 1)], options)[text];
            Assert.Equal(alone.Select(one => (Text(one), one.LogProbability, one.Score)), found[text].Select(one => (Text(one), one.LogProbability, one.Score)));
            foreach ((Hypothesis a, Hypothesis b) in alone.Zip(found[text])) Assert.Equal(a.Attention, b.Attention);
        }
        Assert.Equal(18, model.RowsOfSteps[0]);
        Assert.Equal(15, model.RowsOfSteps[1]);
        Assert.Equal(model.RowsOfSteps.OrderDescending(), model.RowsOfSteps);
        Assert.True(model.RowsOfSteps.Distinct().Count() > 2);
    }

    [Fact]
    public void Of_equally_likely_symbols_the_first_is_taken()
    {
        IReadOnlyList<Hypothesis> found = BeamSearch.Run(new Drawn(1, spread: 0), Begin, [2], new BeamOptions(End, Width: 3, NBest: 3) { Forbidden = [3] })[0];
        Assert.Equal(["", "0", "00"], found.Select(Text));
        Assert.Equal(Math.Log(0.2), found[0].LogProbability, 1e-6);
    }

    /// <summary>A model that always has the same logits.</summary>
    private sealed class Unmoved(float[] logits) : DecodingSession
    {
        public override int Symbols => logits.Length;

        protected override void OnStart()
        {
        }

        protected override ReadOnlySpan<float> OnStep(ReadOnlySpan<int> symbols) => Enumerable.Repeat(logits, Rows).SelectMany(row => row).ToArray();

        protected override void OnReorder(ReadOnlySpan<int> parents)
        {
        }
    }

    [Fact]
    public void Of_many_symbols_the_likeliest_are_found_and_of_equal_ones_the_first()
    {
        var random = new RandomState(4);
        for (int trial = 0; trial < 50; trial++)
        {
            // Symbol 0 ends a sequence, 1 is forbidden; the others are drawn so that some are equal.
            float[] logits = [-50, 9, .. Enumerable.Range(0, 1 + random.NextInt(400)).Select(_ => random.NextInt(100) / 16f)];
            int width = Math.Min(1 + random.NextInt(6), logits.Length - 2);
            IReadOnlyList<Hypothesis> found = BeamSearch.Run(new Unmoved(logits), 1, [1], new BeamOptions(0, width, width) { Forbidden = [1] })[0];
            int[] expected = [.. Enumerable.Range(2, logits.Length - 2).OrderByDescending(symbol => logits[symbol]).ThenBy(symbol => symbol).Take(width)];
            Assert.Equal(expected, found.Select(one => one.Symbols[0]));
            double total = Math.Log(logits.Sum(logit => Math.Exp(logit)));
            for (int i = 0; i < width; i++) Assert.Equal(logits[expected[i]] - total, found[i].LogProbability, 1e-5);
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void An_output_that_is_not_a_number_is_told_wherever_it_stands(float value)
    {
        float[] logits = new float[200];
        logits[150] = value;
        Assert.Contains($"largest output is {value}", Assert.Throws<RunFailedException>(() => BeamSearch.Run(new Unmoved(logits), 1, [4], new BeamOptions(End))).Message);
    }

    [Fact]
    public void Attention_is_kept_where_it_is_asked_for()
    {
        var options = new BeamOptions(End, Width: 4, NBest: 4);
        Assert.All(BeamSearch.Run(new Drawn(1), Begin, [8], options)[0], one => Assert.Null(one.Attention));
        foreach (Hypothesis one in BeamSearch.Run(new Drawn(2), Begin, [8, 8], options with { KeepAttention = true })[1])
        {
            string read = $"1:{Begin}{Text(one)}";
            IReadOnlyList<float[]> attention = one.Attention!;
            Assert.Equal(one.Symbols.Count + (one.IsEnded ? 1 : 0), attention.Count);
            for (int i = 0; i < attention.Count; i++) Assert.Equal(Drawn.Attention(read[..(3 + i)]), attention[i]);
        }
    }

    [Fact]
    public void A_search_stops_when_nothing_can_get_better()
    {
        var model = new Drawn(1);
        var options = new BeamOptions(End, Width: 2);
        Hypothesis best = BeamSearch.Run(model, Begin, [1000], options)[0][0];
        Assert.True(best.IsEnded);
        Assert.True(model.Steps < 50);
    }

    [Fact]
    public void Senseless_options_are_told()
    {
        var options = new BeamOptions(End);
        Assert.Contains("0 wide", Assert.Throws<BadUsageException>(() => Run(options with { Width = 0 })).Message);
        Assert.Contains("1 to 5", Assert.Throws<BadUsageException>(() => Run(options with { NBest = 6 })).Message);
        Assert.Contains("is 0", Assert.Throws<BadUsageException>(() => BeamSearch.Run(new Drawn(1), Begin, [3, 0], options)).Message);
        Assert.Contains("nothing", Assert.Throws<BadUsageException>(() => BeamSearch.Run(new Drawn(1), Begin, [], options)).Message);
        Assert.Contains("length penalty", Assert.Throws<BadUsageException>(() => Run(options with { LengthPenalty = -1 })).Message);
        Assert.Contains("coverage penalty", Assert.Throws<BadUsageException>(() => Run(options with { CoveragePenalty = double.NaN })).Message);
        Assert.Contains("forbidden", Assert.Throws<ArgumentException>(() => Run(options with { Forbidden = [End] })).Message);
        Assert.Contains("symbol 9", Assert.Throws<ArgumentException>(() => Run(options with { End = 9 })).Message);
        Assert.Contains("diverged", Assert.Throws<RunFailedException>(() => BeamSearch.Run(new Drawn(1, double.NaN), Begin, [4], options)).Message);

        static void Run(BeamOptions options) => BeamSearch.Run(new Drawn(1), Begin, [4], options);
    }
}
