using Unroll.Decoding;
using Unroll.Tasks.Translation;
using Unroll.Tensors;

namespace Unroll.Tasks.Tests.Translation;

public sealed class TranslationNetworkTests
{
    private const int Sources = 9, Targets = 8;

    private static TaskSettings Settings(string words)
    {
        var settings = new TaskSettings(new TranslateTask().Options);
        settings.Set("hidden", "6");
        settings.Set("embedding", "4");
        settings.Set("dropout", "0");
        settings.Set("label-smoothing", "0");
        foreach (string word in words.Split(' '))
        {
            string[] parts = word.Split('=');
            settings.Set(parts[0], parts.Length > 1 ? parts[1] : "true");
        }
        return settings;
    }

    private static TranslationNetwork Network(string words)
    {
        TaskSettings settings = Settings(words);
        TranslationNetwork network = settings.Text("model") == "cho" ? new ChoNetwork(Sources, Targets, settings) : new AttentionNetwork(Sources, Targets, settings);
        network.Initialize(new RandomState(5));
        var random = new RandomState(6);
        // Larger than weights begin, so that what is compared differs from what it is not.
        foreach (Parameter parameter in network.Parameters)
        {
            foreach (ref float value in parameter.Values) value += 0.5f * (float)random.NextGaussian();
            parameter.Changed();
        }
        return network;
    }

    private static TranslationPairs Pairs() => new(
        [[3, 4, 5, 6], [7, 8], [4, 4, 3], []],
        [[3, 4], [5, 6, 7, 3, 4], [], [7]],
        [new("a b c d", "a b"), new("e f", "c d e a b"), new("b b a", ""), new("", "e")], 0);

    public static TheoryData<string> Kinds =>
    [
        "model=cho", "attention=dot", "attention=general", "attention=concat", "attention=bahdanau", "attention=general input-feeding",
        "attention=concat output=own layers=2 cell=gru", "attention=dot input-feeding layers=2", "attention=bahdanau cell=gru-before layers=2",
    ];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Scores_step_by_step_are_the_loss_over_all_steps(string kind)
    {
        TranslationNetwork network = Network(kind);
        var translator = new Translator(network, new TranslationBatch());
        TranslationPairs pairs = Pairs();
        double[] together = translator.Score(pairs, [0, 1, 2, 3]);
        int judged = Enumerable.Range(0, 4).Sum(pairs.JudgedOf);
        Assert.Equal(-together.Sum() / judged, translator.Loss(pairs, [0, 1, 2, 3]), 1e-5);
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(together[i], translator.Score(pairs, [i])[0], 1e-5);
            Assert.Equal(-together[i] / pairs.JudgedOf(i), translator.Loss(pairs, [i]), 1e-5);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_translation_is_as_likely_as_its_score_says(string kind)
    {
        TranslationNetwork network = Network(kind);
        var translator = new Translator(network, new TranslationBatch());
        TranslationPairs pairs = Pairs();
        BeamOptions options = Translator.Options(null) with { Width = 4, NBest = 3, KeepAttention = true };
        IReadOnlyList<Hypothesis>[] found = translator.Translate(pairs, [0, 1, 2], options);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(found[i].Select(one => one.Symbols), translator.Translate(pairs, [i], options)[0].Select(one => one.Symbols));
            foreach (Hypothesis one in found[i].Where(one => one.IsEnded))
            {
                var written = new TranslationPairs([pairs.Sources[i]], [[.. one.Symbols]], [pairs.Texts[i]], 0);
                Assert.Equal(one.LogProbability, translator.Score(written, [0])[0], 1e-4);
                if (kind == "model=cho")
                {
                    Assert.Null(one.Attention);
                    continue;
                }
                Assert.All(one.Attention!, step => Assert.Equal(pairs.Sources[i].Length + 1, step.Length));
                Assert.All(one.Attention!, step => Assert.Equal(1, step.Sum(), 1e-5));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Gradients_are_finite_differences_of_the_loss(string kind)
    {
        TranslationNetwork network = Network(kind);
        var batch = new TranslationBatch();
        batch.Fill(Pairs(), [0, 1, 2]);
        var tape = new Tape();
        tape.Begin();
        tape.Backward(network.Loss(batch));
        tape.End();
        foreach (Parameter parameter in network.Parameters)
        {
            float[] gradient = parameter.Gradient.ToArray();
            // The direction of the gradient, and one drawn: the loss rises along them as the gradient says.
            var random = new RandomState(9);
            float[] direction = [.. gradient.Select(_ => (float)random.NextGaussian())];
            foreach (float[] along in new[] { gradient, direction })
            {
                double size = Math.Sqrt(along.Sum(value => (double)value * value));
                if (size == 0) continue;
                const float Step = 2e-2f;
                double expected = along.Zip(gradient, (a, b) => (double)a * b).Sum() / size;
                double slope = (8 * (At(Step) - At(-Step)) - (At(2 * Step) - At(-2 * Step))) / (12 * Step);
                Assert.True(Math.Abs(expected - slope) < 2e-3 * Math.Max(0.1, Math.Abs(expected)), $"{parameter.Name}: {slope} instead of {expected}");

                double At(float step)
                {
                    float[] kept = parameter.Values.ToArray();
                    for (int i = 0; i < kept.Length; i++) parameter.Values[i] = kept[i] + step * (float)(along[i] / size);
                    parameter.Changed();
                    double loss = network.Loss(batch).Item;
                    kept.CopyTo(parameter.Values);
                    parameter.Changed();
                    return loss;
                }
            }
        }
    }

    /// <summary>The network of Cho et al. 2014 by the equations of its appendix, in double precision, one pair at a time.</summary>
    [Fact]
    public void Chos_network_follows_its_appendix()
    {
        TranslationNetwork network = Network("model=cho");
        TranslationPairs pairs = Pairs();
        double[] scores = new Translator(network, new TranslationBatch()).Score(pairs, [0, 1, 2]);
        var weights = network.Parameters.ToDictionary(parameter => parameter.Name, parameter => (Values: parameter.Values.ToArray().Select(value => (double)value).ToArray(), parameter.Shape));
        const int Hidden = 6;
        for (int pair = 0; pair < 3; pair++)
        {
            double[] h = new double[Hidden];
            foreach (int symbol in (int[])[.. pairs.Sources[pair], SubwordVocabulary.End]) h = Unit("encoder", Row("source.weight", symbol), h, null);
            double[] c = [.. Affine("summary", h).Select(Math.Tanh)];
            h = [.. Affine("first", c).Select(Math.Tanh)];
            double score = 0;
            int previous = SubwordVocabulary.Begin;
            foreach (int symbol in (int[])[.. pairs.Targets[pair], SubwordVocabulary.End])
            {
                double[] e = Row("target.weight", previous);
                h = Unit("decoder", e, h, c);
                double[] all = Sum(Affine("of_state", h), Sum(Product(weights["of_symbol.weight"].Values, e), Product(weights["of_summary.weight"].Values, c)));
                double[] maxout = [.. all.Chunk(2).Select(two => two.Max())];
                double[] logits = Affine("output", Product(weights["narrow.weight"].Values, maxout));
                score += logits[symbol] - Math.Log(logits.Sum(Math.Exp));
                previous = symbol;
            }
            Assert.Equal(score, scores[pair], 1e-4);
        }

        double[] Row(string name, int row) => weights[name].Values[(row * weights[name].Shape[1])..((row + 1) * weights[name].Shape[1])];

        double[] Affine(string name, double[] x) => Sum(Product(weights[name + ".weight"].Values, x), weights[name + ".bias"].Values);

        // The order of gates is r, z, candidate, and the state's matrices stand side by side as in PyTorch; the decoder's read the state and the summary in turn.
        double[] Unit(string layer, double[] x, double[] state, double[]? summary)
        {
            double[] inputs = weights[$"{layer}.weight_ih_l0"].Values, states = weights[$"{layer}.weight_hh_l0"].Values;
            double[] r = Gate(0), z = Gate(1);
            double[] candidate = summary is null
                ? Sum(Sum(Part(inputs, 2, x), Bias("b", 2)), Part(states, 2, [.. state.Zip(r, (a, b) => a * b)]))
                : Sum(Sum(Part(inputs, 2, x), Bias("ih", 2)), [.. Sum(Sum(Part(states, 4, state), Part(states, 5, summary)), Bias("hh", 0)).Zip(r, (a, b) => a * b)]);
            return [.. Enumerable.Range(0, Hidden).Select(i => z[i] * state[i] + (1 - z[i]) * Math.Tanh(candidate[i]))];

            double[] Gate(int gate)
            {
                double[] sum = Sum(Part(inputs, gate, x), Bias("ih", gate));
                sum = summary is null ? Sum(sum, Part(states, gate, state)) : Sum(sum, Sum(Part(states, 2 * gate, state), Part(states, 2 * gate + 1, summary)));
                return [.. sum.Select(value => 1 / (1 + Math.Exp(-value)))];
            }

            double[] Bias(string kind, int gate) => weights[$"{layer}.bias_{(kind == "b" ? "ih" : kind)}_l0"].Values[(gate * Hidden)..((gate + 1) * Hidden)];

            static double[] Part(double[] matrices, int which, double[] vector) => Product(matrices[(which * Hidden * vector.Length)..((which + 1) * Hidden * vector.Length)], vector);
        }

        static double[] Product(double[] matrix, double[] vector) => [.. matrix.Chunk(vector.Length).Select(row => row.Zip(vector, (a, b) => a * b).Sum())];

        static double[] Sum(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];
    }

    [Theory]
    [InlineData("attention=general")]
    [InlineData("attention=general input-feeding")]
    [InlineData("attention=bahdanau")]
    [InlineData("model=cho")]
    [InlineData("attention=dot scheduled-sampling=0.5:10")]
    public void A_training_step_allocates_nothing(string words)
    {
        TaskSettings settings = Settings(words + " batch=8");
        Assert.Equal(0, TrainingSteps.AllocatedBy(new TranslateTask().Prepare(settings).Job));
    }

    [Fact]
    public void Label_smoothing_acts_while_training_only()
    {
        var batch = new TranslationBatch();
        batch.Fill(Pairs(), [0, 1]);
        double[] trained = new double[3];
        for (int i = 0; i < 3; i++)
        {
            TranslationNetwork network = Network($"attention=general label-smoothing=0.{i}");
            var tape = new Tape();
            tape.Begin();
            trained[i] = network.Loss(batch).Item;
            tape.End();
            Assert.Equal(trained[0], network.Loss(batch).Item, 1e-6);
        }
        // Twice what is shared costs twice as much more.
        Assert.NotEqual(trained[0], trained[1], 1e-3);
        Assert.Equal(2 * (trained[1] - trained[0]), trained[2] - trained[0], 1e-5);
    }

    [Fact]
    public void Scheduled_sampling_replaces_what_the_decoder_reads()
    {
        TranslationNetwork network = Network("attention=general");
        var batch = new TranslationBatch();
        batch.Fill(Pairs(), [0, 1]);
        double Loss(double own, ulong seed)
        {
            var tape = new Tape(new RandomState(seed));
            tape.Begin();
            float loss = network.Loss(batch, own).Item;
            tape.End();
            return loss;
        }

        double forced = network.Loss(batch).Item;
        Assert.Equal(forced, Loss(1e-12, 1), 1e-5);
        Assert.Equal(Loss(1, 1), Loss(1, 1));
        Assert.NotEqual(forced, Loss(1, 1), 1e-3);
        Assert.True(Enumerable.Range(1, 10).Select(seed => Loss(1, (ulong)seed)).Distinct().Count() > 1);
    }

    [Fact]
    public void What_does_not_go_together_is_told()
    {
        Assert.Contains("even", Assert.Throws<BadUsageException>(() => Network("hidden=5")).Message);
        Assert.Contains("--input-feeding", Assert.Throws<BadUsageException>(() => Network("attention=bahdanau input-feeding")).Message);
    }
}
