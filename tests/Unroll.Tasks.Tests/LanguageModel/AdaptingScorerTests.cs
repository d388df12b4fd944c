using System.Text;
using System.Text.Json;
using Unroll.Data;
using Unroll.Losses;
using Unroll.Tasks.LanguageModel;
using Unroll.Tensors;

namespace Unroll.Tasks.Tests.LanguageModel;

/// <summary>Dynamic evaluation and the continuous cache beside their definitions, written out plainly in double precision.</summary>
public sealed class AdaptingScorerTests : IDisposable
{
    private const string Text = "the cat saw the dog and the dog saw the cat\n \n= the bird =\nand then the bird saw the cat\n";

    private readonly string _path = Path.GetTempFileName();
    private readonly TaskDefinition _task = TaskCatalogue.Get("lm");
    private readonly Vocabulary _vocabulary = Vocabulary.Build(TextLevel.Token, Encoding.UTF8.GetBytes(Text));

    public AdaptingScorerTests() => File.WriteAllText(_path, string.Concat(Enumerable.Repeat(Text, 6)));

    public void Dispose() => File.Delete(_path);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private int[] Symbols => _vocabulary.Encode(Text + Text + Text).Symbols;

    private LanguageModelNetwork Network(params (string Name, string Value)[] values)
    {
        var settings = new TaskSettings(_task.Options).Set("level", "token").Set("hidden", "8").Set("layers", "1");
        foreach (var (name, value) in values) settings.Set(name, value);
        var network = LanguageModelNetwork.Create(settings, _vocabulary.Count);
        network.Initialize(new RandomState(3));
        return network;
    }

    private TaskSettings Settings(params (string Name, string Value)[] values)
    {
        var settings = new TaskSettings(_task.EvaluationOptions);
        foreach (var (name, value) in values) settings.Set(name, value);
        return settings;
    }

    private Dictionary<string, double> Score(LanguageModelNetwork network, params (string Name, string Value)[] values)
    {
        TaskSettings settings = Settings(values);
        Assert.True(AdaptingScorer.IsAsked(settings));
        return AdaptingScorer.Score(network, _vocabulary, Symbols, settings, () => Symbols, Token);
    }

    private static double[] Softmax(ReadOnlySpan<float> logits)
    {
        double[] exp = [.. logits.ToArray().Select(logit => Math.Exp(logit))];
        return [.. exp.Select(value => value / exp.Sum())];
    }

    /// <summary>Logits and features of every place, read at once.</summary>
    private (double[][] Probabilities, double[][] Features) Read(LanguageModelNetwork network)
    {
        var tape = new Tape { Training = false };
        tape.Begin();
        var (logits, features, _) = network.Forward(Symbols.AsSpan(..^1), 1, network.Recurrent.NewState(1));
        int count = Symbols.Length - 1, units = network.Recurrent.OutputSize;
        var result = (
            Enumerable.Range(0, count).Select(i => Softmax(logits.Span.Slice(i * network.Symbols, network.Symbols))).ToArray(),
            Enumerable.Range(0, count).Select(i => features.Span.Slice(i * units, units).ToArray().Select(v => (double)v).ToArray()).ToArray());
        tape.End();
        return result;
    }

    [Theory]
    [InlineData(1000, 0.3, 0.1)]
    [InlineData(7, 2, 0.5)]
    [InlineData(1, 1, 0.3)]
    [InlineData(20, 0, 1e-9)]
    public void The_cache_is_that_of_the_paper(int size, double theta, double lambda)
    {
        LanguageModelNetwork network = Network();
        var (probabilities, h) = Read(network);
        double nats = 0;
        int correct = 0;
        for (int t = 0; t < h.Length; t++)
        {
            double[] p = probabilities[t];
            int[] places = [.. Enumerable.Range(Math.Max(0, t - size), t - Math.Max(0, t - size))];
            if (places.Length > 0)
            {
                double[] alike = [.. places.Select(i => Math.Exp(theta * h[t].Zip(h[i], (a, b) => a * b).Sum()))];
                p = [.. p.Select((value, word) => (1 - lambda) * value + lambda * places.Select((i, k) => Symbols[i + 1] == word ? alike[k] : 0).Sum() / alike.Sum())];
            }
            nats -= Math.Log(p[Symbols[t + 1]]);
            if (Array.IndexOf(p, p.Max()) == Symbols[t + 1]) correct++;
        }
        var metrics = Score(network, ("cache", $"{size}"), ("cache-theta", $"{theta}"), ("cache-lambda", $"{lambda}"));
        Assert.Equal(nats / h.Length, metrics["loss"], 1e-5);
        Assert.Equal(Math.Exp(nats / h.Length), metrics["perplexity"], 1e-3);
        Assert.Equal((double)correct / h.Length, metrics["accuracy"], 1e-9);
    }

    /// <summary>The definition step by step: judge a few symbols, then move every weight by their gradient, in double precision.</summary>
    [Theory]
    [InlineData("sgd", 0.5, 0.01, 5, "full")]
    [InlineData("sgd", 0.3, 0, 3, "adaptive")]
    [InlineData("rms", 0.02, 0.05, 4, "full")]
    public void Dynamic_evaluation_is_that_of_the_paper(string kind, double rate, double decay, int steps, string softmax)
    {
        (string, string)[] model = softmax == "adaptive" ? [("softmax", "adaptive"), ("cutoffs", "3,6")] : [("tie", "true")];
        LanguageModelNetwork network = Network(model), moved = Network(model);
        double[][] start = [.. moved.Parameters.Select(parameter => parameter.Values.ToArray().Select(v => (double)v).ToArray())];
        double[][] roots = kind == "rms" ? Roots(moved, steps) : [];
        double meanRoot = kind == "rms" ? roots.Sum(r => r.Sum()) / roots.Sum(r => r.Length) : 1;
        double nats = 0;
        var state = new CarriedState(moved.Recurrent, 1);
        var tape = new Tape { Training = false };
        for (int from = 0; from + 1 < Symbols.Length; from += steps)
        {
            int[] part = Symbols[from..Math.Min(from + steps + 1, Symbols.Length)];
            tape.Begin();
            var (logits, _, next) = moved.Forward(part.AsSpan(..^1), 1, state.Value);
            for (int i = 0; i + 1 < part.Length; i++) nats -= Math.Log(Softmax(logits.Span.Slice(i * moved.Symbols, moved.Symbols))[part[i + 1]]);
            tape.Backward(Likelihood.Categorical(logits, part.AsSpan(1..)));
            state.Keep(next);
            tape.End();
            for (int p = 0; p < start.Length; p++)
            {
                Parameter parameter = moved.Parameters[p];
                for (int i = 0; i < start[p].Length; i++)
                {
                    double value = parameter.Values[i], gradient = parameter.Gradient[i], back = start[p][i] - value;
                    parameter.Values[i] = (float)(kind == "sgd"
                        ? value - rate * gradient + decay * back
                        : value - rate * gradient / (roots[p][i] + 0.002) + Math.Min(1, decay * roots[p][i] / meanRoot) * back);
                }
                parameter.Gradient.Clear();
                parameter.Changed();
            }
        }
        float[] before = [.. network.Parameters.SelectMany(parameter => parameter.Values.ToArray())];
        var metrics = Score(network, ("dynamic", kind), ("dynamic-rate", $"{rate}"), ("dynamic-decay", $"{decay}"), ("dynamic-steps", $"{steps}"));
        Assert.Equal(nats / (Symbols.Length - 1), metrics["loss"], 1e-4);
        // The text repeats itself, and the model has learned that.
        Assert.True(metrics["loss"] < new LanguageModelScorer(network, _vocabulary).Score(Symbols, 1, Token)["loss"]);
        Assert.Equal(before, network.Parameters.SelectMany(parameter => parameter.Values.ToArray()));
        Assert.All(network.Parameters, parameter => Assert.DoesNotContain(parameter.Gradient.ToArray(), g => g != 0));
    }

    /// <summary>The root of the mean over batches of the squared gradient of their mean loss.</summary>
    private double[][] Roots(LanguageModelNetwork network, int steps)
    {
        var cut = new SymbolStreams(Symbols, (Symbols.Length - 1) / steps, steps);
        int[] inputs = new int[cut.Batch * steps], targets = new int[cut.Batch * steps];
        double[][] squares = [.. network.Parameters.Select(parameter => new double[parameter.Shape.Count])];
        var tape = new Tape { Training = false };
        for (int batch = 0; batch < cut.StepsPerEpoch; batch++)
        {
            cut.Fill(batch, inputs, targets);
            tape.Begin();
            tape.Backward(network.Loss(inputs, targets, cut.Batch, network.Recurrent.NewState(cut.Batch)).Loss);
            tape.End();
            for (int p = 0; p < squares.Length; p++)
                for (int i = 0; i < squares[p].Length; i++) squares[p][i] += Math.Pow(network.Parameters[p].Gradient[i], 2);
            network.ClearGradients();
        }
        Assert.Equal(1, cut.StepsPerEpoch);
        return [.. squares.Select(of => of.Select(square => Math.Sqrt(square / cut.StepsPerEpoch)).ToArray())];
    }

    [Fact]
    public void Nothing_learned_and_nothing_remembered_is_plain_evaluation()
    {
        LanguageModelNetwork network = Network();
        double plain = new LanguageModelScorer(network, _vocabulary).Score(Symbols, 1, Token)["loss"];
        Assert.Equal(plain, Score(network, ("dynamic", "sgd"), ("dynamic-rate", "0"))["loss"], 1e-5);
        Assert.Equal(plain, Score(network, ("cache", "10"), ("cache-lambda", "0"))["loss"], 1e-5);
        Assert.False(AdaptingScorer.IsAsked(Settings()));
    }

    [Fact]
    public void Both_together_go_through_the_trained_model()
    {
        var settings = new TaskSettings(_task.Options).Set("data", _path).Set("level", "token").Set("hidden", "8").Set("batch", "2").Set("sequence", "5").Set("steps", "1").Set("valid", _path);
        TaskModel model = _task.Open(_task.Prepare(settings).Job.ToModelFile());
        double plain = model.Evaluate(Settings(), Token).Metrics["perplexity"];
        double adapted = model.Evaluate(Settings(("dynamic", "rms"), ("cache", "100")), Token).Metrics["perplexity"];
        Assert.True(adapted < plain, $"{adapted}, {plain}");
        Assert.Equal(plain, model.Evaluate(Settings(), Token).Metrics["perplexity"]);
    }

    /// <summary>A line's log-probability is the sum over its symbols and its end, each from all before it, by the plainest way.</summary>
    [Fact]
    public void A_line_is_judged_from_the_end_of_the_line_before()
    {
        LanguageModelNetwork network = Network();
        var predictor = new LinePredictor(network, _vocabulary);
        Log("the dog saw a bird");
        JsonElement known = Log("the dog");
        var session = new LanguageModelSession(network);
        session.Start();
        int[] symbols = [_vocabulary.LineEnd, .. _vocabulary.Encode("the dog").Symbols, _vocabulary.LineEnd];
        double expected = 0;
        for (int i = 0; i + 1 < symbols.Length; i++) expected += Math.Log(Softmax(session.Step([symbols[i]]))[symbols[i + 1]]);
        Assert.Equal(expected, known.GetProperty("log_probability").GetDouble(), 1e-5);
        Assert.Equal(Math.Exp(-expected / 3), known.GetProperty("perplexity").GetDouble(), 1e-3);
        Assert.Equal(1, Log("").GetProperty("symbols").GetArrayLength());
        Assert.Equal(2, Log("a unicorn").GetProperty("unknown_symbols").GetInt32());

        // A model that knows no line end cannot predict a first symbol.
        var letters = Vocabulary.Build(TextLevel.Char, "abc"u8);
        var lettersNetwork = LanguageModelNetwork.Create(new TaskSettings(_task.Options).Set("hidden", "4"), letters.Count);
        Prediction single = new LinePredictor(lettersNetwork, letters).Of(["a"], 1, Token)[0];
        Assert.Equal("-\t0\ta", single.Text);
        Assert.Equal(JsonValueKind.Null, JsonOf(single).GetProperty("perplexity").ValueKind);

        JsonElement Log(string line) => JsonOf(predictor.Of([line], 1, Token)[0]);
    }

    [Theory]
    [InlineData("full")]
    [InlineData("adaptive")]
    public void Lines_are_judged_together_as_they_are_alone(string softmax)
    {
        LanguageModelNetwork network = softmax == "full" ? Network() : Network(("softmax", "adaptive"), ("cutoffs", "3,5"));
        var predictor = new LinePredictor(network, _vocabulary);
        string[] lines = ["the dog", "", "a bird saw the dog " + string.Join(' ', Enumerable.Repeat("and the dog saw a unicorn", 40)), "the", "", "dog dog dog", "a bird saw the bird saw the dog"];
        double[][] together = LogsOf(predictor.Of(lines, 4, Token)), alone = LogsOf(predictor.Of(lines, 1, Token));
        Assert.Equal(lines.Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length + 1), together.Select(logs => logs.Length));
        foreach ((double[] a, double[] b) in together.Zip(alone))
            foreach ((double x, double y) in a.Zip(b)) Assert.Equal(x, y, 1e-5);

        static double[][] LogsOf(Prediction[] predictions) =>
            [.. predictions.Select(prediction => JsonOf(prediction).GetProperty("symbols").EnumerateArray().Select(symbol => symbol.GetProperty("log_probability").GetDouble()).ToArray())];
    }

    private static JsonElement JsonOf(Prediction prediction)
    {
        using JsonDocument document = JsonDocument.Parse(JsonText.OfObject(prediction.Json));
        return document.RootElement.Clone();
    }

    [Theory]
    [InlineData("--cache-theta 1: it belongs to --cache N", "cache-theta", "1")]
    [InlineData("--dynamic-steps 3: it belongs to --dynamic", "dynamic-steps", "3")]
    [InlineData("--batch 2: a model that adapts", "cache", "3", "batch", "2")]
    public void Options_that_do_not_go_together_are_refused(string message, params string[] words)
    {
        TaskSettings settings = Settings([.. words.Chunk(2).Select(pair => (pair[0], pair[1]))]);
        Assert.StartsWith(message, Assert.Throws<BadUsageException>(() => AdaptingScorer.IsAsked(settings)).Message, StringComparison.Ordinal);
    }
}
