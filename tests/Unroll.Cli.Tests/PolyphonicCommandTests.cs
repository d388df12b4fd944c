using System.Text.Json;

namespace Unroll.Cli.Tests;

public sealed class PolyphonicCommandTests
{
    [Fact]
    public void Pieces_are_learned_judged_and_the_run_goes_on()
    {
        using var session = new CommandSession();
        File.WriteAllText(session.PathOf("train"), string.Concat(Enumerable.Repeat("[[3,50],[3],[],[87,3]]\n[[10],[11,12,13],[5]]\n", 8)));
        File.WriteAllText(session.PathOf("valid"), "[[3,50],[3],[],[87,3]]\n");
        session.Succeed("train", "music", "--data", "@/train", "--valid", "@/valid", "--cell", "gru", "--hidden", "8", "--layers", "2", "--dropout", "0.1", "--threads", "1", "--epochs", "3", "--out", "@/run");
        Assert.Contains("training    16 pieces, 56 steps, the longest 4", session.Error);
        Assert.Contains("2 × gru 8, linear 8 → 88", session.Error);
        session.Succeed("train", "--resume", "@/run", "--epochs", "5", "--quiet");
        using JsonDocument kept = JsonDocument.Parse(session.Succeed("evaluate", "@/run", "--json")), given = JsonDocument.Parse(session.Succeed("evaluate", "@/run", "--data", "@/valid", "--json"));
        Assert.Equal(("polyphonic", 3), (given.RootElement.GetProperty("task").GetString(), given.RootElement.GetProperty("symbols").GetInt32()));
        Assert.Equal(kept.RootElement.GetProperty("nll").GetDouble(), given.RootElement.GetProperty("nll").GetDouble());
        Assert.Contains("16 sequences, 40 answers", session.Succeed("inspect", "@/run"));
        Assert.Contains("--valid-share", session.Succeed("train", "polyphonic", "--help"));
    }

    [Fact]
    public void Bad_input_is_refused_in_one_line()
    {
        using var session = new CommandSession();
        File.WriteAllText(session.PathOf("train"), "[[1],[2]]\n[[1],[88]]\n");
        Assert.Contains($"{session.PathOf("train")}, line 2: step 2 has the note 88", session.Fail(ExitCode.Input, "train", "polyphonic", "--data", "@/train"));
        Assert.Contains("no such file", session.Fail(ExitCode.Input, "train", "polyphonic", "--data", "@/nowhere"));
    }
}
