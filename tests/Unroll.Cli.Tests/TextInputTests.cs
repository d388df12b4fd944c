using System.Text.Json;

namespace Unroll.Cli.Tests;

/// <summary>What all text tasks make of a byte-order mark, line ends of all kinds, empty sentences, lines of 100,000 words and labels never seen; what belongs to one task alone
/// stands with its own tests.</summary>
public sealed class TextInputTests
{
    private static readonly string Long = string.Join(' ', Enumerable.Repeat("tea", 100_000));

    private static readonly Dictionary<string, string> Texts = new()
    {
        ["lm"] = Repeat("the cat sat on the mat\n\nthe dog ran\n", 40),
        ["classify"] = Repeat("good\ta nice film\nbad\ta dull film\ngood\t\n\n", 6),
        ["tag"] = Repeat("the\tDET\ncat\tNOUN\n\nit\tPRON\nran\tVERB\n\n", 6),
        ["translate"] = Repeat("ein hund\ta dog\neine katze\ta cat\nnichts\t\n\tnothing\n\n", 6),
        ["rank"] = Repeat("why ?\tso .\t1\nwhy ?\t\t0\n\nhow ?\tthus .\t1\nhow ?\tnot .\t0\n", 6),
        ["chat"] = Repeat("""{"turns":[["U","I want tea."],["S",""]]}""" + "\n\n" + """{"turns":[["U",""],["S","Here it is."]]}""" + "\n", 6),
    };

    private static string[] Train(string task, string data, string run) =>
    [
        "train", task, "--data", data, "--hidden", "6", "--steps", "2", "--threads", "1", "--quiet", "--out", run,
        .. task == "lm" ? (string[])["--valid", data, "--level", "token", "--sequence", "8", "--batch", "2"] : ["--embedding", "6", "--min-count", "1"], .. task == "chat" ? (string[])["--context", "6"] : [],
    ];

    private static string Repeat(string text, int times) => string.Concat(Enumerable.Repeat(text, times));

    /// <summary>Begins with a byte-order mark, and lines end with \r\n, \n and \r by turns.</summary>
    private static string Mixed(string text)
    {
        int line = 0;
        // In an order in which no two that follow each other are one.
        return "\uFEFF" + string.Concat(text.Select(letter => letter != '\n' ? letter.ToString() : (line++ % 3) switch { 0 => "\r\n", 1 => "\n", _ => "\r" }));
    }

    private static string Judged(CommandSession session, string run, string data)
    {
        using JsonDocument json = JsonDocument.Parse(session.Succeed("evaluate", run, "--data", data, "--json"));
        return string.Join('\n', json.RootElement.EnumerateObject().Where(property => property.Name != "seconds").Select(property => property.ToString()));
    }

    public static TheoryData<string> Tasks => [.. Texts.Keys];

    [Theory]
    [MemberData(nameof(Tasks))]
    public void A_mark_and_the_kinds_of_line_ends_make_no_difference(string task)
    {
        using var session = new CommandSession();
        session.Write("plain", Texts[task]);
        session.Write("mixed", Mixed(Texts[task]));
        session.Succeed(Train(task, "@/plain", "@/a"));
        session.Succeed(Train(task, "@/mixed", "@/b"));
        string judged = Judged(session, "@/a", "@/plain");
        Assert.Equal(judged, Judged(session, "@/a", "@/mixed"));
        Assert.Equal(judged, Judged(session, "@/b", "@/plain"));

        string input = task == "rank" ? "why ?\tso .\nhow ?\t\nhow ?\tthus .\nwhy ?\tno ." : "the cat\n\ntea\nit ran";
        session.Write("lines", input);
        session.Write("mixed lines", Mixed(input));
        string[] answers = session.Succeed("predict", "@/a", "--input", "@/lines").TrimEnd('\n').Split('\n');
        Assert.Equal(answers, session.Succeed("predict", "@/a", "--input", "@/mixed lines").TrimEnd('\n').Split('\n'));
    }

    [Theory]
    [MemberData(nameof(Tasks))]
    public void A_line_of_100_000_words_is_learned_judged_and_answered(string task)
    {
        using var session = new CommandSession();
        string data = task switch
        {
            "lm" => Long + "\n",
            "classify" => $"good\t{Long}\nbad\tno tea\n",
            "tag" => Repeat("tea\tNOUN\n", 100_000) + "\nno\tDET\ntea\tNOUN\n\n",
            "translate" => $"{Long}\tTee\nTee\t{Long}\n",
            "rank" => $"why ?\t{Long}\t1\nwhy ?\tno\t0\n",
            _ => $$"""{"turns":[["U","{{Long}}"],["S","tea"]]}""" + "\n",
        };
        session.Write("long", data);
        session.Write("train", Texts[task] + data + Texts[task]);
        session.Succeed(Train(task, "@/train", "@/run"));
        string judged = Judged(session, "@/run", "@/long");
        // A language model predicts all but the first, and the line's end; sentences are cut into parts that can be learned, and every token is judged.
        if (task is "lm" or "tag") Assert.Contains($"\"symbols\":{(task == "lm" ? 100_000 : 100_002)}", judged.Replace(" ", "", StringComparison.Ordinal));
        session.Write("lines", task == "rank" ? $"why ?\tso .\nwhy ?\t{Long}\n" : $"tea\n{Long}\n");
        Assert.Equal(2, session.Succeed("predict", "@/run", "--input", "@/lines").Count(letter => letter == '\n'));
    }

    [Theory]
    [InlineData("classify", "ugly\tx\n", "line 4: the label 'ugly' is none of those the model learned: bad, good. Correct it")]
    [InlineData("tag", "the\tXX\n", "line 4: the tag 'XX' is none of those the model knows: DET, NOUN, PRON, VERB. Correct it")]
    [InlineData("chat", "[[\"X\",\"tea\"]]\n", "line 4, turn 1: the speaker 'X' is none of those the model knows: U, S.")]
    [InlineData("rank", "why ?\tso .\tyes\n", "line 4: the label is 'yes'; expected 1 for a candidate that answers the question, or 0.")]
    [InlineData("classify", "good\n", "line 4: no tabulator; expected a label, a tabulator and a text.")]
    [InlineData("tag", "the\n", "line 4: no tabulator; expected a token, a tabulator and its tag")]
    [InlineData("chat", "[[\"U\"]]\n", "line 4: turn 1 is '[\"U\"]'; expected a conversation")]
    [InlineData("rank", "why ?\tso .\n", "line 4: 2 columns; expected a question, a candidate and 0 or 1")]
    [InlineData("translate", "ein hund\n", "line 4: one column; expected 'source⇥target'")]
    public void What_cannot_be_judged_is_named_with_file_and_line(string task, string line, string message)
    {
        using var session = new CommandSession();
        session.Write("train", Texts[task]);
        session.Succeed(Train(task, "@/train", "@/run"));
        session.Write("test", "\n\n\n" + line);
        Assert.Contains($"{session.PathOf("test")}, {message}", session.Fail(ExitCode.Input, "evaluate", "@/run", "--data", "@/test"));
    }

    [Fact]
    public void A_label_that_chance_keeps_aside_alone_is_said_to_be_so()
    {
        using var session = new CommandSession();
        session.Write("texts", "a\tx\nb\ty\nc\tz\n");
        string message = session.Fail(ExitCode.Input, Train("classify", "@/texts", "@/run"));
        Assert.Matches(@"texts, line \d: the label '\w' is none of those the model learned.*kept aside: --seed draws others, --valid names them\.", message);
        session.Write("other", "d\tx\n");
        Assert.DoesNotContain("--seed", session.Fail(ExitCode.Input, [.. Train("classify", "@/texts", "@/run"), "--valid", "@/other"]));
    }

    [Fact]
    public void Every_line_end_is_a_token_of_its_own_and_a_text_of_white_space_has_no_others()
    {
        using var session = new CommandSession();
        session.Write("ends", "\n \n\t\r\n");
        session.Write("train", Texts["lm"]);
        session.Succeed(Train("lm", "@/train", "@/run"));
        Assert.Contains("\"symbols\": 2", Judged(session, "@/run", "@/ends"));
        session.Write("blank", " \t ");
        Assert.Contains("The text has 0 symbols that the model knows, out of 0; it takes at least 2", session.Fail(ExitCode.Input, "evaluate", "@/run", "--data", "@/blank"));
        Assert.Contains("0 symbols", session.Fail(ExitCode.Input, Train("lm", "@/blank", "@/other")));
    }

    [Fact]
    public void Files_of_unequal_length_are_refused_wherever_they_are_given()
    {
        using var session = new CommandSession();
        session.Write("a", "x\ny\nz\n");
        session.Write("b", "x\ny\n");
        session.Write("pairs", Texts["translate"]);
        session.Succeed(Train("translate", "@/pairs", "@/run"));
        string message = $"{session.PathOf("a")} has 3 lines and {session.PathOf("b")} 2; expected equally many";
        Assert.Contains(message, session.Fail(ExitCode.Input, "evaluate", "@/run", "--data", "@/a", "--target", "@/b"));
        Assert.Contains(message, session.Fail(ExitCode.Input, "train", "translate", "--data", "@/a", "--target", "@/a", "--valid", "@/a", "--valid-target", "@/b"));
    }
}
