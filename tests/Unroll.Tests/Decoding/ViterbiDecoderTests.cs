using Unroll.Decoding;
using Unroll.Layers;
using Unroll.Tensors;
using Unroll.Tests.Tensors;

namespace Unroll.Tests.Decoding;

/// <summary>Against all paths, written out.</summary>
public sealed class ViterbiDecoderTests
{
    [Fact]
    public void The_n_best_are_the_best_of_all_paths()
    {
        var random = new RandomState(3);
        for (int round = 0; round < 60; round++)
        {
            int tags = 1 + random.NextInt(4), time = 1 + random.NextInt(4), count = 1 + random.NextInt(9);
            Reference[] x = Operands(random, tags, time);
            ViterbiDecoder decoder = Decoder(x);
            for (int i = random.NextInt(3); i > 0; i--)
            {
                int from = random.NextInt(tags), to = random.NextInt(tags);
                decoder.Forbid(from, to);
                x[1].Values[from * tags + to] = double.NegativeInfinity;
            }
            if (random.NextInt(3) == 0)
            {
                decoder.ForbidStart(0);
                x[2].Values[0] = double.NegativeInfinity;
            }
            if (random.NextInt(3) == 0)
            {
                decoder.ForbidEnd(tags - 1);
                x[3].Values[tags - 1] = double.NegativeInfinity;
            }
            double[] all = [.. CrfCase.Paths(tags, time).Select(path => CrfCase.Score(x, 0, path)).Where(score => score > double.NegativeInfinity).OrderDescending()];
            IReadOnlyList<TagPath> found = decoder.Decode(Scores(x), count);
            Assert.Equal(Math.Min(count, all.Length), found.Count);
            for (int i = 0; i < found.Count; i++)
            {
                Assert.Equal(all[i], found[i].Score, 1e-9);
                Assert.Equal(CrfCase.Score(x, 0, found[i].Tags), found[i].Score, 1e-9);
            }
            Assert.Equal(found.Count, found.Select(path => string.Join(' ', path.Tags)).Distinct().Count());
            Assert.Equal(all.Length == 0 ? double.NegativeInfinity : Math.Log(all.Sum(Math.Exp)), decoder.LogPartition(Scores(x)), 1e-9);
        }
    }

    [Fact]
    public void A_decoder_can_be_used_again_for_longer_and_shorter_sequences()
    {
        var random = new RandomState(5);
        var decoder = new ViterbiDecoder(3);
        foreach (int time in new[] { 2, 5, 1, 4 })
            foreach (int count in new[] { 1, 7, 2 })
            {
                float[] scores = [.. Enumerable.Range(0, 3 * time).Select(_ => random.NextSingle())];
                Assert.Equal(new ViterbiDecoder(3).Decode(scores, count).Select(path => path.Score), decoder.Decode(scores, count).Select(path => path.Score));
                Assert.Equal(scores.Chunk(3).Select(row => row.IndexOf(row.Max())), decoder.Decode(scores)[0].Tags);
            }
    }

    [Fact]
    public void No_tokens_have_one_way_to_be_tagged()
    {
        TagPath path = Assert.Single(new ViterbiDecoder(3).Decode([], 5));
        Assert.Empty(path.Tags);
        Assert.Equal(0, path.Score);
    }

    [Fact]
    public void Of_equal_paths_the_choice_is_fixed() => Assert.Equal([0, 0], new ViterbiDecoder(2).Decode(new float[4])[0].Tags);

    [Fact]
    public void A_hundred_thousand_tokens_are_tagged()
    {
        var scores = new float[300_000];
        for (int i = 0; i < scores.Length; i += 3) scores[i + i / 3 % 3] = 1;
        var decoder = new ViterbiDecoder(3);
        IReadOnlyList<TagPath> best = decoder.Decode(scores, 2);
        Assert.Equal([100_000, 99_999], best.Select(path => path.Score));
        Assert.All(best[0].Tags.Index(), pair => Assert.Equal(pair.Index % 3, pair.Item));
        Assert.Equal(100_000 * Math.Log(2 + Math.E), decoder.LogPartition(scores), 1e-4);
    }

    [Fact]
    public void Sizes_that_do_not_match_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new ViterbiDecoder(new float[4], new float[2], new float[3]));
        Assert.Throws<ArgumentException>(() => new ViterbiDecoder(0));
        Assert.Contains("5 scores", Assert.Throws<ArgumentException>(() => new ViterbiDecoder(2).Decode(new float[5])).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => new ViterbiDecoder(2).Decode([], 0));
    }

    [Fact]
    public void The_field_learns_what_follows_what()
    {
        // The scores say nothing; only the transitions can tell 0 1 2 0 1 2 …, and the loss falls to that of the first tag.
        var crf = new ConditionalRandomField(3);
        crf.Initialize(new RandomState(1));
        var tape = new Tape();
        int[] targets = [0, 1, 2, 0, 1, 2, 0, 1];
        float loss = 0;
        for (int step = 0; step < 300; step++)
        {
            tape.Begin();
            Tensor mean = crf.Loss(Tensor.Zeros([1, 8, 3]), targets, [8]);
            tape.Backward(mean);
            tape.End();
            loss = mean.Item;
            foreach (Parameter parameter in crf.Parameters)
                for (int i = 0; i < parameter.Values.Length; i++) parameter.Values[i] -= 2 * parameter.Gradient[i];
            crf.ClearGradients();
        }
        Assert.InRange(loss, 0, 0.02);
        Assert.Equal(targets, new ViterbiDecoder(crf.Transitions.Values, crf.Start.Values, crf.End.Values).Decode(new float[24])[0].Tags);
    }

    [Fact]
    public void Long_sequences_and_large_scores_keep_the_loss_exact()
    {
        // Tokens are independent here, so the loss and its gradient are known: those of one token.
        const int Length = 20_000;
        var crf = new ConditionalRandomField(2);
        float[] scores = new float[2 * Length];
        for (int t = 0; t < Length; t++) (scores[2 * t], scores[2 * t + 1]) = (300, 301);
        var tape = new Tape();
        tape.Begin();
        Tensor x = tape.Watch(Tensor.From(scores, [1, Length, 2]));
        Tensor loss = crf.Loss(x, new int[Length], [Length]);
        tape.Backward(loss);
        tape.End();
        Assert.Equal(Math.Log(1 + Math.E), loss.Item, 1e-5);
        Assert.All(tape.Gradient(x).ToArray().Chunk(2), row => Assert.Equal([-Math.E / (1 + Math.E), Math.E / (1 + Math.E)], row.Select(value => (double)value * Length), (a, b) => Math.Abs(a - b) < 1e-5));
    }

    [Fact]
    public void What_does_not_fit_the_field_is_named()
    {
        var crf = new ConditionalRandomField(3);
        Assert.Contains("[batch, time, tags]", Assert.Throws<ShapeException>(() => crf.Loss(Tensor.Zeros([2, 3]), [0, 0], [1])).Message);
        Assert.Contains("do not fit scores", Assert.Throws<ShapeException>(() => crf.Loss(Tensor.Zeros([1, 2, 4]), [0, 0], [1])).Message);
        Assert.Contains("no tag 3", Assert.Throws<ShapeException>(() => crf.Loss(Tensor.Zeros([1, 2, 3]), [0, 3], [2])).Message);
        Assert.Contains("a length is 3", Assert.Throws<ShapeException>(() => crf.Loss(Tensor.Zeros([1, 2, 3]), [0, 0], [3])).Message);
        Assert.Contains("2 lengths", Assert.Throws<ShapeException>(() => crf.Loss(Tensor.Zeros([1, 2, 3]), [0, 0], [1, 1])).Message);
        Assert.Contains("1 tags", Assert.Throws<ShapeException>(() => crf.Loss(Tensor.Zeros([1, 2, 3]), [0], [1])).Message);
        Assert.Equal(0, crf.Loss(Tensor.Zeros([1, 2, 3]), [-1, -1], [0]).Item);
        Assert.Throws<BadUsageException>(() => new ConditionalRandomField(0));
    }

    private static Reference[] Operands(RandomState random, int tags, int time) =>
        [Draw.Numbers(random, 1, time, tags), Draw.Numbers(random, tags, tags), Draw.Numbers(random, tags), Draw.Numbers(random, tags)];

    private static ViterbiDecoder Decoder(Reference[] x) => new(Floats(x[1]), Floats(x[2]), Floats(x[3]));

    private static float[] Scores(Reference[] x) => Floats(x[0]);

    private static float[] Floats(Reference x) => [.. x.Values.Select(value => (float)value)];
}
