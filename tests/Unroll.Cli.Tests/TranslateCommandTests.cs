using System.Text;
using System.Text.Json;
using Unroll.Files;
using Unroll.Tasks;

namespace Unroll.Cli.Tests;

public sealed class TranslateCommandTests
{
    private static readonly string[] Small = ["--hidden", "64", "--embedding", "32", "--min-count", "1", "--dropout", "0.1", "--batch", "4", "--threads", "1"];

    private const string Pairs = "ein hund\ta dog\neine katze\ta cat\nder hund\tthe dog\ndie katze\tthe cat\nder hund schläft\tthe dog sleeps\ndie katze schläft\tthe cat sleeps\nein hund schläft\ta dog sleeps\neine katze schläft\ta cat sleeps\n";

    [Fact]
    public void Pairs_are_learned_judged_translated_and_scored()
    {
        using var session = new CommandSession();
        session.Write("pairs.tsv", Pairs);
        session.Succeed(["train", "translate", "--data", "@/pairs.tsv", "--valid", "@/pairs.tsv", "--epochs", "100", "--learning-rate", "0.01", .. Small, "--out", "@/run"]);
        Assert.Contains("8 sentence pairs", session.Error);
        using JsonDocument kept = JsonDocument.Parse(session.Succeed("evaluate", "@/run", "--json")), given = JsonDocument.Parse(session.Succeed("evaluate", "@/run", "--data", "@/pairs.tsv", "--beam", "2", "--json"));
        Assert.Equal("translate", given.RootElement.GetProperty("task").GetString());
        Assert.InRange(given.RootElement.GetProperty("bleu").GetDouble(), 0, 100);
        Assert.Equal(Math.Exp(given.RootElement.GetProperty("loss").GetDouble()), given.RootElement.GetProperty("perplexity").GetDouble(), 1e-3);
        Assert.Equal(kept.RootElement.GetProperty("loss").GetDouble(), given.RootElement.GetProperty("loss").GetDouble());
        Assert.Equal("1–5", given.RootElement.GetProperty("bleu_by_length")[0].GetProperty("source_words").GetString());

        Assert.Equal("the dog sleeps\n", session.Succeed("predict", "@/run", "der hund schläft"));
        session.Write("lines.txt", "die katze\r\n\r\nein hund schläft");
        Assert.Equal("the cat\n\na dog sleeps\n", session.Succeed("predict", "@/run", "--input", "@/lines.txt"));
        Assert.Equal(3, session.Succeed("predict", "@/run", "der hund", "--beam", "4", "--n-best", "3").TrimEnd('\n').Split('\n').Length);
        session.Run(new StringReader("die katze\n"), TestContext.Current.CancellationToken, "predict", session.PathOf("run"), "--input", "-", "--json", "--n-best", "2");
        using (JsonDocument one = JsonDocument.Parse(session.Out))
        {
            Assert.Equal("the cat", one.RootElement.GetProperty("translation").GetString());
            Assert.Equal(2, one.RootElement.GetProperty("n_best").GetArrayLength());
        }

        session.Write("scored.tsv", "die katze\tthe cat\ndie katze\tthe dog\n");
        string[] scores = session.Succeed("predict", "@/run", "--score", "--input", "@/scored.tsv").TrimEnd('\n').Split('\n');
        Assert.True(double.Parse(scores[0], System.Globalization.CultureInfo.InvariantCulture) > double.Parse(scores[1], System.Globalization.CultureInfo.InvariantCulture));
        Assert.Contains("line 1: one column", session.Fail(ExitCode.Input, "predict", "@/run", "--score", "die katze"));

        session.Succeed("predict", "@/run", "der hund schläft", "--attention-svg", "@/heat.svg");
        string svg = File.ReadAllText(session.PathOf("heat.svg"));
        Assert.StartsWith("<svg", svg);
        string[] words = [.. System.Xml.Linq.XDocument.Parse(svg).Descendants().Where(element => element.Name.LocalName == "text").Select(element => element.Value)];
        Assert.Equal(["der", "hund", "schläft", "⏎", "the", "dog", "sleeps", "⏎"], words);
    }

    [Fact]
    public void Every_line_has_a_heat_map_of_its_own_up_to_twenty()
    {
        using var session = new CommandSession();
        session.Write("pairs.tsv", Pairs);
        session.Succeed(["train", "translate", "--data", "@/pairs.tsv", "--steps", "2", .. Small, "--out", "@/run"]);
        string[] sources = [.. Pairs.TrimEnd('\n').Split('\n').Select(line => line.Split('\t')[0])];
        session.Write("lines", string.Concat(Enumerable.Range(0, 22).Select(i => sources[i % sources.Length] + "\n")));
        Directory.CreateDirectory(session.PathOf("maps.of"));
        session.Succeed("predict", "@/run", "--input", "@/lines", "--batch", "2", "--attention-svg", "@/maps.of/heat.svg");
        Assert.Equal(20, Directory.GetFiles(session.PathOf("maps.of")).Length);
        for (int line = 1; line <= 20; line++)
        {
            IEnumerable<string> drawn = System.Xml.Linq.XDocument.Load(session.PathOf(line == 1 ? "maps.of/heat.svg" : $"maps.of/heat-{line}.svg")).Descendants().Where(element => element.Name.LocalName == "text").Select(element => element.Value);
            Assert.Equal(sources[(line - 1) % sources.Length].Replace(" ", "", StringComparison.Ordinal), string.Concat(drawn.TakeWhile(symbol => symbol != "⏎")));
        }
    }

    [Fact]
    public void Models_are_drawn_side_by_side_over_the_length_of_sentences()
    {
        using var session = new CommandSession();
        session.Write("pairs.tsv", Pairs);
        session.Write("long.tsv", Pairs + "ein hund und eine katze und ein hund\ta dog and a cat and a dog\n");
        foreach (string run in new[] { "first", "second" })
            session.Succeed(["train", "translate", "--data", "@/pairs.tsv", "--valid", "@/pairs.tsv", "--steps", "2", .. Small, "--out", $"@/{run}", "--quiet"]);
        session.Succeed("evaluate", "@/first", "--data", "@/long.tsv", "--against", "@/second/model.safetensors", "--svg", "@/bleu.svg");
        var plot = System.Xml.Linq.XDocument.Parse(File.ReadAllText(session.PathOf("bleu.svg")));
        string[] texts = [.. plot.Descendants().Where(element => element.Name.LocalName == "text").Select(element => element.Value)];
        foreach (string text in new[] { "bleu by length", "source words", "bleu", "first", "second" }) Assert.Contains(text, texts);

        Assert.Contains("--against @/second: it is drawn beside the model; name the file to draw into with --svg", session.Fail(ExitCode.Usage, "evaluate", "@/first", "--against", "@/second").Replace(session.Folder, "@", StringComparison.Ordinal));
        session.Succeed("train", "tag", "--steps", "1", "--hidden", "4", "--out", "@/tags", "--quiet");
        Assert.Contains("a model of the task tag; expected one of translate", session.Fail(ExitCode.Input, "evaluate", "@/first", "--against", "@/tags", "--svg", "@/bleu.svg"));
        Assert.Contains("an evaluation of the task tag measures nothing over a scale", session.Fail(ExitCode.Usage, "evaluate", "@/tags", "--svg", "@/bleu.svg"));
    }

    [Theory]
    [InlineData("--model", "cho")]
    [InlineData("--attention", "bahdanau")]
    [InlineData("--input-feeding", "--shared")]
    [InlineData("--scheduled-sampling", "0.5:10")]
    [InlineData("--subwords", "0")]
    public void A_run_cut_in_two_ends_as_one_that_was_not(string option, string value)
    {
        using var session = new CommandSession();
        session.Write("pairs.tsv", Pairs);
        string[] train = ["train", "translate", "--data", "@/pairs.tsv", .. Small, option, value, "--schedule", "constant", "--quiet"];
        session.Succeed([.. train, "--steps", "9", "--out", "@/whole"]);
        session.Succeed([.. train, "--steps", "5", "--out", "@/cut"]);
        session.Succeed("train", "--resume", "@/cut", "--steps", "9", "--quiet");
        Assert.Equal(Weights("whole"), Weights("cut"));

        float[] Weights(string run)
        {
            TaskModel model = TaskCatalogue.Get("translate").Open(ModelFile.Read(Path.Combine(session.PathOf(run), "model.safetensors")));
            return [.. model.Module.Parameters.SelectMany(parameter => parameter.Values.ToArray())];
        }
    }

    [Fact]
    public void Aligned_files_are_learned_and_those_of_unequal_length_refused()
    {
        using var session = new CommandSession();
        session.Write("a.de", "\uFEFFder hund\r\ndie katze\rein hund\n");
        session.Write("a.en", "the dog\nthe cat\na dog\n");
        session.Succeed(["train", "translate", "--data", "@/a.de", "--target", "@/a.en", "--valid", "@/a.de", "--valid-target", "@/a.en", "--steps", "2", .. Small, "--out", "@/run"]);
        Assert.Contains("training    3 sentence pairs", session.Error);
        Assert.Contains("\"examples\": 3", session.Succeed("evaluate", "@/run", "--data", "@/a.de", "--target", "@/a.en", "--json"));
        session.Write("b.en", "the dog\nthe cat\n");
        string error = session.Fail(ExitCode.Input, "train", "translate", "--data", "@/a.de", "--target", "@/b.en");
        Assert.Contains($"{session.PathOf("a.de")} has 3 lines and {session.PathOf("b.en")} 2", error);
        Assert.Contains("--target", session.Fail(ExitCode.Usage, "train", "translate", "--target", "@/a.en"));
        Assert.Contains("each names one file", session.Fail(ExitCode.Usage, "train", "translate", "--data", "@/a.de", "--data", "@/a.de", "--target", "@/a.en"));
    }

    [Fact]
    public void Bad_input_is_refused_in_one_line()
    {
        using var session = new CommandSession();
        session.Write("short.tsv", "a\tb\nno tab here\n");
        Assert.Contains($"{session.PathOf("short.tsv")}, line 2: one column", session.Fail(ExitCode.Input, "train", "translate", "--data", "@/short.tsv"));
        Assert.Contains("no such file", session.Fail(ExitCode.Input, "train", "translate", "--data", "@/nowhere"));
        Assert.Contains("even", session.Fail(ExitCode.Usage, "train", "translate", "--hidden", "15"));
        Assert.Contains("--layers", session.Fail(ExitCode.Usage, "train", "translate", "--model", "cho", "--layers", "2"));
        Assert.Contains("--bidirectional", session.Fail(ExitCode.Usage, "train", "translate", "--bidirectional"));
        Assert.Contains("0.25:5000", session.Fail(ExitCode.Usage, "train", "translate", "--scheduled-sampling", "2"));
    }

    [Fact]
    public void Long_and_empty_sentences_are_defined()
    {
        using var session = new CommandSession();
        string longOne = string.Join(' ', Enumerable.Repeat("der hund", 50_000));
        session.Write("pairs.tsv", new StringBuilder(Pairs).Append(longOne).Append("\tthe dog\n\tnothing said\nnichts\t\n\n").ToString());
        session.Succeed(["train", "translate", "--data", "@/pairs.tsv", "--steps", "2", "--max-length", "20", .. Small, "--out", "@/run"]);
        Assert.Contains("1 sentences are longer than --max-length", session.Error);
        session.Write("lines.txt", longOne + "\n\n");
        Assert.Equal(2, session.Succeed("predict", "@/run", "--input", "@/lines.txt").Count(letter => letter == '\n'));
    }
}
