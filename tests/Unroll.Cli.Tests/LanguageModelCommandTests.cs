using System.Text.Json;

namespace Unroll.Cli.Tests;

public sealed class LanguageModelCommandTests
{
    private static readonly string Text = string.Concat(Enumerable.Repeat("to be, or not to be: that is the question.\n", 60));

    private static readonly string[] Small = ["--hidden", "16", "--layers", "1", "--batch", "8", "--sequence", "16", "--learning-rate", "0.01"];

    private static CommandSession WithText()
    {
        var session = new CommandSession();
        session.Write("text", Text);
        return session;
    }

    private static Dictionary<string, JsonElement> Json(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.EnumerateObject().ToDictionary(property => property.Name, property => property.Value.Clone());
    }

    [Fact]
    public void A_text_is_learned_judged_written_and_learned_on()
    {
        using var session = WithText();
        string told = session.Succeed(["train", "lm", "--data", "@/text", "--out", "@/run", "--steps", "150", .. Small]);
        Assert.Contains("Trained for 150 steps", told);
        Assert.Contains("generate", told);
        Assert.Contains("training    ", session.Error);
        Assert.Contains("bits per character", session.Error);
        Assert.Contains("characters/s", session.Error);
        Assert.Contains("gradient", session.Error);
        Assert.Contains("    | ", session.Error);
        foreach (string file in new[] { "model.safetensors", "checkpoint.safetensors", "recipe.json", "metrics.jsonl" }) Assert.True(File.Exists(session.PathOf("run/" + file)), file);

        var judged = Json(session.Succeed("evaluate", "@/run/model.safetensors", "--data", "@/text", "--json"));
        Assert.Equal("language-model", judged["task"].GetString());
        Assert.Equal(Text.Length - 1, judged["symbols"].GetInt32());
        double loss = judged["loss"].GetDouble();
        Assert.InRange(loss, 0, 1.5);
        Assert.Equal(loss / Math.Log(2), judged["bits_per_character"].GetDouble(), 1e-9);
        Assert.Equal(Math.Exp(loss), judged["perplexity"].GetDouble(), 1e-9);
        Assert.InRange(judged["accuracy"].GetDouble(), 0.6, 1);
        foreach (string name in new[] { "examples", "seconds" }) Assert.Contains(name, judged.Keys);

        Assert.StartsWith("to be", session.Succeed("generate", "@/run", "--prime", "to b", "--length", "40", "--temperature", "0"));
        // Rounded weights: other numbers, hardly worse.
        foreach (string format in new[] { "bf16", "int8" })
        {
            double rounded = Json(session.Succeed("evaluate", "@/run", "--data", "@/text", "--json", "--weights", format))["loss"].GetDouble();
            Assert.NotEqual(loss, rounded);
            Assert.Equal(loss, rounded, 0.05);
            Assert.StartsWith("to be", session.Succeed("generate", "@/run", "--prime", "to b", "--length", "40", "--temperature", "0", "--weights", format));
        }

        var resumed = Json(session.Succeed("train", "--resume", "@/run", "--steps", "250", "--json", "--quiet"));
        Assert.Equal(250, resumed["steps"].GetInt32());
        Assert.Equal("", session.Error);
        Assert.True(Json(session.Succeed("evaluate", "@/run", "--data", "@/text", "--json"))["loss"].GetDouble() < loss);
    }

    [Fact]
    public void A_recipe_gives_defaults_that_the_run_keeps_and_the_model_may_adapt_to_what_it_reads()
    {
        using var session = WithText();
        session.Succeed("train", "lm", "--recipe", "zaremba-small", "--data", "@/text", "--out", "@/run", "--hidden", "12", "--batch", "4", "--epochs", "2", "--quiet");
        string recipe = File.ReadAllText(session.PathOf("run/recipe.json"));
        foreach (string kept in (string[])["\"hidden\": \"12\"", "\"level\": \"token\"", "\"recipe\": \"zaremba-small\"", "\"sequence\": \"20\""]) Assert.Contains(kept, recipe);
        session.Succeed("train", "lm", "--recipe", "fast", "--tie=false", "--data", "@/text", "--out", "@/untied", "--hidden", "12", "--steps", "1", "--quiet");
        // What the text is too small for, and nobody asked for by name, is made smaller.
        Assert.Contains("for which the recipe's adaptive softmax does not pay", session.Error);
        foreach (string kept in (string[])["\"tie\": \"false\"", "\"softmax\": \"full\""]) Assert.Contains(kept, File.ReadAllText(session.PathOf("untied/recipe.json")));
        Assert.DoesNotContain("\"batch\": \"40\"", File.ReadAllText(session.PathOf("untied/recipe.json")));
        session.Succeed("train", "--resume", "@/run", "--epochs", "3", "--quiet");
        double plain = Json(session.Succeed("evaluate", "@/run", "--data", "@/text", "--json"))["perplexity"].GetDouble();
        Assert.InRange(Json(session.Succeed("evaluate", "@/run", "--data", "@/text", "--json", "--cache", "50"))["perplexity"].GetDouble(), 1, plain);
        Assert.InRange(Json(session.Succeed("evaluate", "@/run", "--data", "@/text", "--json", "--dynamic", "sgd"))["perplexity"].GetDouble(), 1, plain);
        Assert.Contains("--cache-theta 1: it belongs to --cache N", session.Fail(ExitCode.Usage, "evaluate", "@/run", "--data", "@/text", "--cache-theta", "1"));
        Assert.Contains("only --optimizer asgd averages", session.Fail(ExitCode.Usage, "train", "--data", "@/text", "--average-after", "2"));
        Assert.Contains("--init uniform:x: expected uniform[:WIDTH]", session.Fail(ExitCode.Usage, "train", "--data", "@/text", "--init", "uniform:x"));

        var line = Json(session.Succeed("predict", "@/run", "to be, or not", "--json"));
        var symbols = line["symbols"].EnumerateArray().ToArray();
        Assert.Equal(["to", "be,", "or", "not", "<eos>"], symbols.Select(symbol => symbol.GetProperty("symbol").GetString()));
        double sum = symbols.Sum(symbol => symbol.GetProperty("log_probability").GetDouble());
        Assert.Equal(sum, line["log_probability"].GetDouble(), 1e-9);
        Assert.Equal(Math.Exp(-sum / 5), line["perplexity"].GetDouble(), 1e-9);
        session.Write("lines", "to be\n\nto whom\n");
        string[] told = session.Succeed("predict", "@/run", "--input", "@/lines").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, told.Length);
        Assert.EndsWith("\tto whom", told[2].TrimEnd('\r'));
    }

    [Fact]
    public void The_same_seed_trains_the_same_model_and_another_another()
    {
        using var session = WithText();
        string[] train = ["train", "--data", "@/text", "--steps", "20", "--quiet", .. Small];
        session.Succeed([.. train, "--out", "@/a"]);
        session.Succeed([.. train, "--out", "@/b", "--threads", "1"]);
        session.Succeed([.. train, "--out", "@/c", "--seed", "2"]);
        Assert.Equal(session.Succeed("generate", "@/a", "--length", "100"), session.Succeed("generate", "@/b", "--length", "100"));
        Assert.NotEqual(session.Succeed("generate", "@/a", "--length", "100"), session.Succeed("generate", "@/c", "--length", "100"));
        byte[] Weights(string run) => File.ReadAllBytes(session.PathOf(run + "/model.safetensors"))[^2000..];
        Assert.Equal(Weights("a"), Weights("b"));
        Assert.NotEqual(Weights("a"), Weights("c"));
    }

    [Fact]
    public void Chance_follows_the_seed()
    {
        using var session = WithText();
        session.Succeed(["train", "--data", "@/text", "--out", "@/run", "--steps", "20", "--quiet", .. Small]);
        string Write(params string[] options) => session.Succeed(["generate", "@/run", "--length", "80", .. options]);
        Assert.Equal(Write("--seed", "5"), Write("--seed", "5"));
        Assert.NotEqual(Write("--seed", "5"), Write("--seed", "6"));
        Assert.Equal(Write("--temperature", "0", "--seed", "5"), Write("--temperature", "0", "--seed", "6"));
        Assert.Equal(Write("--top-k", "1", "--seed", "5"), Write("--temperature", "0"));
        Assert.Equal(Write("--top-p", "1e-9", "--seed", "5"), Write("--temperature", "0"));
        Assert.Equal(Write("--seed", "5").TrimEnd('\n'), Json(Write("--seed", "5", "--json"))["text"].GetString()!.TrimEnd('\n'));
    }

    [Fact]
    public void A_run_that_is_interrupted_saves_says_how_to_go_on_and_ends_as_if_it_had_not_been()
    {
        using var session = WithText();
        string[] train = ["train", "--data", "@/text", "--steps", "40", "--quiet", .. Small];
        session.Succeed([.. train, "--out", "@/whole"]);
        using var interrupt = new CancellationTokenSource();
        interrupt.CancelAfter(TimeSpan.FromMilliseconds(30));
        int code = session.Run(TextReader.Null, interrupt.Token, [.. train, "--out", session.PathOf("cut")]);
        for (int i = 0; code != ExitCode.Done; i++)
        {
            Assert.Equal(ExitCode.Interrupted, code);
            Assert.Contains($"train --resume {session.PathOf("cut")}", session.Out);
            using var again = new CancellationTokenSource();
            if (i < 3) again.CancelAfter(TimeSpan.FromMilliseconds(20));
            code = session.Run(TextReader.Null, again.Token, "train", "--resume", session.PathOf("cut"), "--quiet");
        }
        foreach (string seed in new[] { "1", "2" })
            Assert.Equal(session.Succeed("generate", "@/whole", "--length", "100", "--seed", seed), session.Succeed("generate", "@/cut", "--length", "100", "--seed", seed));
    }

    [Fact]
    public void Unknown_symbols_are_counted_and_named()
    {
        using var session = WithText();
        session.Succeed(["train", "--data", "@/text", "--out", "@/run", "--steps", "2", "--quiet", .. Small]);
        session.Write("other", "to ZZbeQ\n");
        var judged = Json(session.Succeed("evaluate", "@/run", "--data", "@/other", "--json"));
        Assert.Equal(3, judged["unknown_symbols"].GetInt32());
        Assert.Equal(5, judged["symbols"].GetInt32());
        Assert.Contains("3 of 9 symbols are not in the vocabulary: 'Z' ×2, 'Q' ×1", session.Error);

        Assert.StartsWith("tbe", session.Succeed("generate", "@/run", "--prime", "tXbe", "--length", "3"));
        Assert.Contains("in the prime, 1 of 4 symbols are not in the vocabulary: 'X' ×1", session.Error);
    }

    [Theory]
    [InlineData("word", "perplexity")]
    [InlineData("byte", "bits_per_byte")]
    public void Words_and_bytes_are_learned_too(string level, string metric)
    {
        using var session = WithText();
        session.Succeed(["train", "--data", "@/text", "--out", "@/run", "--level", level, "--steps", "200", "--quiet", .. Small]);
        Assert.Contains(metric, Json(session.Succeed("evaluate", "@/run", "--json")).Keys);
        Assert.Contains("part kept aside", session.Error);
        Assert.StartsWith("to be", session.Succeed("generate", "@/run", "--prime", "to ", "--length", "30", "--temperature", "0"));
    }

    [Fact]
    public void An_adaptive_softmax_is_learned_judged_written_shown_and_learned_on()
    {
        using var session = WithText();
        string[] train = ["train", "--data", "@/text", "--level", "word", "--softmax", "adaptive", "--cutoffs", "6,9", "--quiet", .. Small];
        session.Succeed([.. train, "--out", "@/whole", "--steps", "300"]);
        session.Succeed([.. train, "--out", "@/run", "--steps", "180"]);
        session.Succeed("train", "--resume", "@/run", "--steps", "300", "--quiet");
        double Loss(string run) => Json(session.Succeed("evaluate", run, "--data", "@/text", "--json"))["loss"].GetDouble();
        Assert.InRange(Loss("@/run"), 0, 0.5);
        Assert.Equal(Loss("@/whole"), Loss("@/run"));
        Assert.StartsWith("to be, or not to be", session.Succeed("generate", "@/run", "--prime", "to be", "--length", "12", "--temperature", "0"));
        string shown = session.Succeed("inspect", "@/run");
        foreach (string expected in new[] { "cut at 6, 9", "output.head.weight", "output.tail.0.0.weight", "output.tail.1.1.weight", "--cutoffs" }) Assert.Contains(expected, shown);
    }

    [Fact]
    public void A_prime_can_come_from_standard_input()
    {
        using var session = WithText();
        session.Succeed(["train", "--data", "@/text", "--out", "@/run", "--steps", "2", "--quiet", .. Small]);
        Assert.Equal(0, session.Run(new StringReader("that is"), CancellationToken.None, "generate", session.PathOf("run"), "--prime", "-", "--length", "0"));
        Assert.Equal("that is\n", session.Out);
    }

    [Fact]
    public void Parts_read_side_by_side_are_judged_nearly_the_same()
    {
        using var session = WithText();
        session.Succeed(["train", "--data", "@/text", "--out", "@/run", "--steps", "60", "--quiet", .. Small]);
        var one = Json(session.Succeed("evaluate", "@/run", "--data", "@/text", "--json"));
        var four = Json(session.Succeed("evaluate", "@/run", "--data", "@/text", "--batch", "4", "--json"));
        Assert.Equal(one["symbols"].GetInt32(), four["symbols"].GetInt32());
        Assert.Equal(one["loss"].GetDouble(), four["loss"].GetDouble(), 1e-3);
    }

    [Fact]
    public void A_short_text_gets_a_smaller_batch_unless_one_was_asked_for()
    {
        using var session = new CommandSession();
        session.Write("short", Text[..500]);
        session.Succeed("train", "--data", "@/short", "--out", "@/run", "--steps", "2", "--hidden", "8");
        Assert.Contains("the batch is 9 instead of 50", session.Error);
        Assert.Contains("\"batch\": \"9\"", File.ReadAllText(session.PathOf("run/recipe.json")));
        Assert.Contains("batch 50 × sequence 50", session.Fail(ExitCode.Input, "train", "--data", "@/short", "--out", "@/other", "--batch", "50"));
    }

    [Fact]
    public void A_model_is_shown_with_its_equations_parameters_vocabulary_and_recipe()
    {
        using var session = WithText();
        session.Succeed(["train", "--data", "@/text", "--out", "@/run", "--steps", "2", "--cell", "gru", "--quiet", .. Small]);
        string shown = session.Succeed("inspect", "@/run");
        foreach (string expected in new[] { "language-model", "r = σ(W_r", "embedding.weight", "output.bias", "FLOPs", "characters: '\\n' ' ' ','", "--learning-rate", "0.01", "validation loss" })
            Assert.Contains(expected, shown);
        var json = Json(session.Succeed("inspect", "@/run", "--json"));
        Assert.Equal("gru", json["recipe"].GetProperty("cell").GetString());
        Assert.Equal(16, json["parameters"].GetProperty("embedding.weight")[1].GetInt32());
    }

    [Fact]
    public void Early_stopping_ends_a_run()
    {
        using var session = WithText();
        var result = Json(session.Succeed(["train", "--data", "@/text", "--out", "@/run", "--steps", "500", "--validate-every", "1", "--patience", "2", "--quiet", "--json", .. Small[..8], "--learning-rate", "3"]));
        Assert.Equal("stopped-early", result["outcome"].GetString());
        Assert.True(result["steps"].GetInt32() < 500);
    }
}
