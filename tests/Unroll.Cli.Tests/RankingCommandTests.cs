using System.Text.Json;

namespace Unroll.Cli.Tests;

public sealed class RankingCommandTests
{
    private const string Questions = "who taught Anna ?\tBert taught Anna .\t1\nwho taught Anna ?\tAnna taught Bert .\t0\nwhom did Carl meet ?\tCarl met Dora .\t1\nwhom did Carl meet ?\tDora met Carl .\t0\n";

    [Fact]
    public void Questions_are_learned_judged_and_answered_and_the_run_goes_on()
    {
        using var session = new CommandSession();
        session.Write("train", Questions);
        session.Succeed("train", "rank", "--data", "@/train", "--valid", "@/train", "--hidden", "6", "--embedding", "4", "--min-count", "1", "--threads", "1", "--epochs", "3", "--out", "@/run");
        Assert.Contains("training    2 questions, 4 candidates, 25 words", session.Error);
        session.Succeed("train", "--resume", "@/run", "--epochs", "5", "--quiet");
        using JsonDocument judged = JsonDocument.Parse(session.Succeed("evaluate", "@/run", "--data", "@/train", "--json"));
        Assert.Equal(("rank", 2, 4), (judged.RootElement.GetProperty("task").GetString(), judged.RootElement.GetProperty("examples").GetInt32(), judged.RootElement.GetProperty("symbols").GetInt32()));
        foreach (string metric in new[] { "map", "mrr", "baseline_map", "baseline_mrr" }) Assert.InRange(judged.RootElement.GetProperty(metric).GetDouble(), 0.5, 1);
        string one = session.Succeed("predict", "@/run", "who taught Anna ?\tBert taught Anna .").Trim();
        session.Write("lines", "who taught Anna ?\tBert taught Anna .\nwho taught Anna ?\tAnna taught Bert .\n");
        string[] lines = session.Succeed("predict", "@/run", "--input", "@/lines", "--json").TrimEnd('\n').Split('\n');
        Assert.Equal(2, lines.Length);
        using JsonDocument first = JsonDocument.Parse(lines[0]);
        Assert.Equal(float.Parse(one, System.Globalization.CultureInfo.InvariantCulture), first.RootElement.GetProperty("score").GetSingle(), 1e-4f);
        Assert.Contains("--margin", session.Succeed("train", "rank", "--help"));
    }

    [Fact]
    public void Bad_input_is_refused_in_one_line()
    {
        using var session = new CommandSession();
        session.Write("train", "why ?\tso .\t1\nwhy ?\tno .\tno\n");
        Assert.Contains($"{session.PathOf("train")}, line 2: the label is 'no'", session.Fail(ExitCode.Input, "train", "rank", "--data", "@/train"));
        session.Write("train", Questions);
        session.Write("wrong", "why ?\tno .\t0\n");
        session.Succeed("train", "rank", "--data", "@/train", "--hidden", "4", "--embedding", "4", "--steps", "1", "--out", "@/run", "--quiet");
        Assert.Contains("None of the 1 questions has a right candidate", session.Fail(ExitCode.Input, "evaluate", "@/run", "--data", "@/wrong"));
        session.Write("lines", "why ?\tno .\nwhy ?\n");
        session.Run("predict", "@/run", "--input", "@/lines");
        Assert.Contains($"{session.PathOf("lines")}, line 2: no tabulator; expected a question, a tabulator and a candidate", session.Error);
    }
}
