using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Unroll.Cli.Display;

namespace Unroll.Cli.Tests;

/// <summary>The task classify on the command line, and with it what `unroll predict` and `unroll evaluate` do for every task that learns from examples.</summary>
public sealed class ClassifyCommandTests
{
    private static readonly string[] Small = ["--hidden", "8", "--embedding", "8", "--threads", "1", "--quiet"];

    private static CommandSession WithModel(params string[] more)
    {
        var session = new CommandSession();
        session.Succeed(["train", "classify", "--steps", "3", "--out", "@/run", .. Small, .. more]);
        return session;
    }

    private static string[] Lines(string text) => text.TrimEnd('\n').Split('\n');

    [Fact]
    public void The_sample_is_learned_judged_and_inspected()
    {
        using var session = new CommandSession();
        session.Succeed("train", "sentiment", "--steps", "4", "--hidden", "8", "--embedding", "8", "--threads", "1", "--out", "@/run");
        Assert.Contains("training    1,600 texts", session.Error);
        Assert.Contains("labels      negative, positive", session.Error);
        Assert.Contains("1 × bidirectional lstm 8, attention pooling, linear 16 → 1", session.Error);
        Assert.Contains("attention pooling", session.Succeed("inspect", "@/run"));
        Assert.Contains("--class-weights", session.Succeed("train", "classify", "--help"));
        Assert.Contains("--show-words", session.Succeed("predict", "classify", "--help"));
        Assert.Contains("--label", session.Succeed("evaluate", "classify", "--help"));
    }

    [Fact]
    public void Tables_of_an_evaluation_are_columns_for_people_and_lists_in_json()
    {
        using CommandSession session = WithModel();
        session.Write("texts", "positive\tthe film is wonderful\nnegative\tthe film is dull\nnegative\tnot clever\n");
        string[] text = Lines(session.Succeed("evaluate", "@/run", "--data", "@/texts"));
        Assert.Contains("classes", text);
        Assert.Contains(text, line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is ["label", "precision", "recall", "f1", "texts"]);
        Assert.Contains("confusion", text);
        Assert.Contains("label     as negative  as positive", text);
        using JsonDocument json = JsonDocument.Parse(session.Succeed("evaluate", "@/run", "--data", "@/texts", "--json"));
        JsonElement root = json.RootElement, classes = root.GetProperty("classes"), confusion = root.GetProperty("confusion");
        Assert.Equal(["negative", "positive"], classes.EnumerateArray().Select(row => row.GetProperty("label").GetString()));
        Assert.Equal([2, 1], classes.EnumerateArray().Select(row => row.GetProperty("texts").GetInt32()));
        Assert.Equal([2, 1], confusion.EnumerateArray().Select(row => row.GetProperty("as negative").GetInt32() + row.GetProperty("as positive").GetInt32()));
        Assert.Equal((confusion[0].GetProperty("as negative").GetInt32() + confusion[1].GetProperty("as positive").GetInt32()) / 3.0, root.GetProperty("accuracy").GetDouble(), 1e-9);
        Assert.Equal(classes.EnumerateArray().Average(row => row.GetProperty("f1").GetDouble()), root.GetProperty("macro_f1").GetDouble(), 1e-9);
    }

    [Fact]
    public void An_argument_a_file_and_standard_input_are_answered_alike()
    {
        using CommandSession session = WithModel();
        string[] texts = ["the film is wonderful", "", "the plot was not dull <br /> at all", "the film is wonderful"];
        string one = session.Succeed("predict", "@/run", texts[0]);
        Assert.Matches(@"^(positive|negative)\t0\.\d{4}\n$", one);
        session.Write("texts", "\uFEFF" + string.Join("\r\n", texts));
        using (var gzip = new GZipStream(File.Create(session.PathOf("texts.gz")), CompressionLevel.Fastest)) gzip.Write(Encoding.UTF8.GetBytes(string.Join('\n', texts)));
        string[] answers = Lines(session.Succeed("predict", "@/run", "--input", "@/texts"));
        Assert.Equal(4, answers.Length);
        Assert.Equal((one.TrimEnd('\n'), one.TrimEnd('\n')), (answers[0], answers[3]));
        Assert.Equal(answers, Lines(session.Succeed("predict", "@/run/model.safetensors", "--input", "@/texts.gz", "--batch", "1")));
        Assert.Equal(0, session.Run(new StringReader(string.Join('\n', texts)), CancellationToken.None, "predict", session.PathOf("run"), "--input", "-"));
        Assert.Equal(answers, Lines(session.Out));

        string[] json = Lines(session.Succeed("predict", "@/run", "--input", "@/texts", "--json"));
        foreach ((string line, string answer) in json.Zip(answers))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            Assert.StartsWith(document.RootElement.GetProperty("label").GetString() + "\t", answer);
            Assert.Equal(2, document.RootElement.GetProperty("probabilities").EnumerateObject().Count());
        }
    }

    [Fact]
    public void A_table_s_texts_are_answered_row_by_row()
    {
        using CommandSession session = WithModel();
        string[] texts = ["the film is wonderful", "", "the plot, was not\ndull", "bad"];
        session.Write("texts", string.Join('\n', texts.Select(text => text.ReplaceLineEndings(" "))));
        string[] answers = Lines(session.Succeed("predict", "@/run", "--input", "@/texts"));
        string table = "\uFEFFid;text\r\n" + string.Concat(texts.Select((text, i) => $"{i};\"{text}\"\r\n"));
        session.Write("texts.csv", table);
        Assert.Equal(answers, Lines(session.Succeed("predict", "@/run", "--input", "@/texts.csv")));
        using (var gzip = new GZipStream(File.Create(session.PathOf("texts.csv.gz")), CompressionLevel.Fastest)) gzip.Write(Encoding.UTF8.GetBytes(table.Replace("text", "body", StringComparison.Ordinal)));
        Assert.Equal(answers, Lines(session.Succeed("predict", "@/run", "--input", "@/texts.csv.gz", "--text", "body", "--batch", "1")));
        session.Write("table", table);
        Assert.Equal(answers, Lines(session.Succeed("predict", "@/run", "--input", "@/table", "--text", "text")));

        Assert.Contains("texts.csv.gz, line 1: no column 'text'; the columns are 'id', 'body'. Name the one that has the text with --text.", session.Fail(ExitCode.Input, "predict", "@/run", "--input", "@/texts.csv.gz"));
        Assert.Contains("--text body names the column of a CSV file, and there is none", session.Fail(ExitCode.Usage, "predict", "@/run", "x", "--text", "body"));
        Assert.Contains("--text body names the column of a CSV file, and there is none", session.Fail(ExitCode.Usage, "predict", "@/run", "--input", "-", "--text", "body"));
        session.Write("short.csv", "id,text\n1,a\n2\n");
        session.Run("predict", "@/run", "--input", "@/short.csv");
        Assert.Contains("short.csv, line 3: 1 field, and the first line has 2.", session.Error);
        // A model remembers the column it was trained with.
        session.Write("mails.csv", "kind,body\n" + string.Concat(Enumerable.Range(0, 8).Select(i => $"{i % 2},word{i}\n")));
        session.Succeed(["train", "classify", "--data", "@/mails.csv", "--label", "kind", "--text", "body", "--steps", "1", "--out", "@/mails", .. Small]);
        Assert.Equal(8, Lines(session.Succeed("predict", "@/mails", "--input", "@/mails.csv")).Length);
    }

    [Fact]
    public void Words_are_shown_with_their_weights()
    {
        using CommandSession session = WithModel();
        string[] shown = Lines(session.Succeed("predict", "@/run", "What a film, WONDERFUL!", "--show-words"));
        Assert.Equal(2, shown.Length);
        Assert.Matches(@"\[\S+ 0\.\d\d\]", shown[1]);
        Assert.Equal(["What", "a", "film", ",", "WONDERFUL", "!"], shown[1].Split(' ').Select(word => word.TrimStart('[')).Where(word => !word.EndsWith(']')));
        using JsonDocument json = JsonDocument.Parse(session.Succeed("predict", "@/run", "What a film", "--show-words", "--json"));
        Assert.Equal(["What", "a", "film"], json.RootElement.GetProperty("words").EnumerateArray().Select(word => word.GetProperty("word").GetString()));
        session.Succeed(["train", "classify", "--steps", "1", "--pooling", "last", "--out", "@/last", .. Small]);
        Assert.Contains("--show-words: this model pools with 'last'", session.Fail(ExitCode.Usage, "predict", "@/last", "x", "--show-words"));
    }

    [Fact]
    public void Words_that_weigh_more_stand_on_a_stronger_colour_on_a_screen()
    {
        var output = new StringWriter();
        WordShades.Write(new Terminal { Out = output, Error = TextWriter.Null, IsOutScreen = true, HasColours = true }, [new("[good]", 0.7), new("film", 0.25), new("a\u001b[31m", 0.05)]);
        string[] words = output.ToString().Split(' ');
        Assert.Matches(@"^\u001b\[38;5;\d+;48;5;\d+m\[good\]", words[0]);
        Assert.Contains("48;5;", words[1]);
        Assert.NotEqual(words[0][..words[0].IndexOf('m')], words[1].TrimStart()[..words[1].IndexOf('m')]);
        Assert.DoesNotContain("48;5;", words[2]);
        Assert.DoesNotContain("\u001b[31m", output.ToString());
    }

    [Fact]
    public void A_run_that_was_interrupted_ends_as_if_it_had_not_been_and_for_any_number_of_threads()
    {
        using var session = new CommandSession();
        string[] train = ["train", "classify", "--checkpoint-every", "7", "--word-dropout", "0.1", "--hidden", "8", "--embedding", "8", "--quiet", "--json"];
        string whole = Losses(session.Succeed([.. train, "--steps", "70", "--out", "@/whole", "--threads", "1"]));
        session.Succeed([.. train, "--steps", "33", "--out", "@/ended"]);
        Assert.Equal(whole, Losses(session.Succeed("train", "--resume", "@/ended", "--steps", "70", "--quiet", "--json")));
        using var interrupt = new CancellationTokenSource();
        interrupt.CancelAfter(TimeSpan.FromMilliseconds(150));
        int code = session.Run(TextReader.Null, interrupt.Token, [.. train, "--steps", "70", "--out", session.PathOf("cut")]);
        Assert.Equal(whole, Losses(code == ExitCode.Done ? session.Out : session.Succeed("train", "--resume", "@/cut", "--quiet", "--json")));
        // The model is the best so far, and the run that was ended has been judged once more.
        byte[] Weights(string run) => File.ReadAllBytes(session.PathOf(run + "/model.safetensors"))[^4000..];
        Assert.Equal(Weights("whole"), Weights("cut"));

        static string Losses(string json)
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return $"{document.RootElement.GetProperty("training_loss").GetDouble():R} {document.RootElement.GetProperty("loss").GetDouble():R}";
        }
    }

    [Theory]
    [InlineData("--lower=false", false)]
    [InlineData("--lower=true", true)]
    [InlineData("--lower", true)]
    [InlineData(null, true)]
    public void A_flag_that_is_on_unless_said_otherwise_can_be_switched_off(string? flag, bool lower)
    {
        using var session = new CommandSession();
        session.Write("texts", string.Concat(Enumerable.Repeat("a\tFilm film\nb\tMusic music\n", 4)));
        session.Succeed(["train", "classify", "--data", "@/texts", "--steps", "1", "--hidden", "4", "--embedding", "4", "--threads", "1", "--out", "@/run", .. flag is null ? Array.Empty<string>() : [flag]]);
        Assert.Contains($"words       {(lower ? 3 : 5)}\n", session.Error);
    }

    [Fact]
    public void A_table_is_learned_and_judged_by_the_names_of_its_columns()
    {
        using var session = new CommandSession();
        session.Write("mails.csv", "id,kind,body\n" + string.Concat(Enumerable.Range(0, 12).Select(i => $"{i},{(i % 3 == 0 ? "spam" : "ham")},\"word{i % 3}, and\nanother\"\n")));
        session.Succeed(["train", "classify", "--data", "@/mails.csv", "--label", "kind", "--text", "body", "--class-weights", "balanced", "--steps", "2", "--out", "@/run", .. Small]);
        Assert.Contains("\"examples\": 12", session.Succeed("evaluate", "@/run", "--data", "@/mails.csv", "--json"));
        session.Write("other.csv", "what,body\nspam,word0\n");
        Assert.Contains("other.csv, line 1: no column 'kind'; the columns are 'what', 'body'.", session.Fail(ExitCode.Input, "evaluate", "@/run", "--data", "@/other.csv"));
        Assert.Contains("\"examples\": 1,", session.Succeed("evaluate", "@/run", "--data", "@/other.csv", "--label", "what", "--json"));
        Assert.Contains("no text has the label 'eggs'", session.Fail(ExitCode.Usage, "train", "classify", "--data", "@/mails.csv", "--label", "kind", "--text", "body", "--class-weights", "eggs:2"));
    }

    [Fact]
    public void Bad_input_is_refused_in_one_line()
    {
        using CommandSession session = WithModel();
        session.Write("columns", "positive\tx\nno tabulator\n");
        Assert.Contains($"{session.PathOf("columns")}, line 2: no tabulator; expected a label, a tabulator and a text.", session.Fail(ExitCode.Input, "train", "classify", "--data", "@/columns"));
        session.Write("unknown", "positive\tx\nlukewarm\ty\n");
        Assert.Contains("line 2: the label 'lukewarm' is none of those the model learned: negative, positive.", session.Fail(ExitCode.Input, "evaluate", "@/run", "--data", "@/unknown"));
        Assert.Contains("line 2: the label 'lukewarm'", session.Fail(ExitCode.Input, "train", "classify", "--valid", "@/unknown"));
        Assert.Contains("no such file", session.Fail(ExitCode.Input, "train", "classify", "--data", "@/nowhere"));
        Assert.Contains("no such file", session.Fail(ExitCode.Input, "predict", "@/run", "--input", "@/nowhere"));
        File.WriteAllBytes(session.PathOf("latin1"), [(byte)'a', (byte)'\n', 0xE9]);
        Assert.Contains("latin1, line 2: not UTF-8", session.Fail(ExitCode.Input, "predict", "@/run", "--input", "@/latin1"));
    }

    [Fact]
    public void A_prediction_takes_one_input_and_a_model_that_answers_lines()
    {
        using CommandSession session = WithModel();
        Assert.Contains("nothing to answer: give an input, or --input FILE", session.Fail(ExitCode.Usage, "predict", "@/run"));
        Assert.Contains("an input and --input exclude each other", session.Fail(ExitCode.Usage, "predict", "@/run", "x", "--input", "-"));
        Assert.Contains("'y' is one word too many", session.Fail(ExitCode.Usage, "predict", "@/run", "x", "y"));
        Assert.Contains("MODEL is missing", session.Fail(ExitCode.Usage, "predict"));
        session.Succeed("train", "adding", "--length", "8", "--hidden", "4", "--steps", "1", "--out", "@/adding", "--quiet");
        string refused = session.Fail(ExitCode.Input, "predict", "@/adding", "x");
        Assert.Contains("a model of the task adding, which does not answer lines; those of ", refused);
        Assert.Contains("classify", refused);
        Assert.Contains("Tasks that can: ", session.Succeed("predict", "--help"));
    }
}
