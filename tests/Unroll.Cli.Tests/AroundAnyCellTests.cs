namespace Unroll.Cli.Tests;

/// <summary>What stands around the cells, as options of a training.</summary>
public sealed class AroundAnyCellTests
{
    private static readonly string[] Everything =
    [
        "--layers", "2", "--dropout", "0.2", "--variational", "--input-dropout", "0.1", "--output-dropout", "0.1", "--state-dropout", "0.1", "--zoneout", "0.1",
        "--weight-drop", "0.1", "--layer-norm", "--connection", "highway", "--quiet", "--seed", "3",
    ];

    private static byte[] Weights(CommandSession session, string run) => File.ReadAllBytes(session.PathOf(run + "/model.safetensors"))[^3000..];

    [Theory]
    [InlineData("lstm")]
    [InlineData("gru-layer-norm")]
    public void A_run_that_is_resumed_ends_in_the_same_bits_for_any_number_of_threads(string cell)
    {
        using var session = new CommandSession();
        session.Write("text", string.Concat(Enumerable.Repeat("to be, or not to be: that is the question.\n", 60)));
        string[] language = ["train", "--data", "@/text", "--hidden", "16", "--batch", "8", "--sequence", "16", "--cell", cell, .. Everything];
        string[] adding = ["train", "adding", "--length", "8", "--hidden", "8", "--batch", "8", "--cell", cell, .. Everything];
        foreach (var (name, train) in new[] { ("lm", language), ("adding", adding) })
        {
            session.Succeed([.. train, "--steps", "24", "--out", $"@/{name}", "--threads", "1"]);
            session.Succeed([.. train, "--steps", "11", "--out", $"@/{name}-ended", "--threads", "2"]);
            session.Succeed("train", "--resume", $"@/{name}-ended", "--steps", "24", "--quiet");
            session.Succeed("evaluate", $"@/{name}");
            Assert.Equal(Weights(session, name), Weights(session, $"{name}-ended"));
        }
        string shown = session.Succeed("inspect", "@/lm");
        Assert.Contains("join_l1.gate_weight", shown);
        Assert.Contains("zoneout", shown);
        Assert.NotEmpty(session.Succeed("generate", "@/lm", "--length", "20"));
    }

    [Fact]
    public void What_does_not_go_together_is_refused()
    {
        using var session = new CommandSession();
        Assert.Contains("the cell MinGru has no such matrix", session.Fail(ExitCode.Usage, "train", "adding", "--cell", "min-gru", "--weight-drop", "0.5"));
        Assert.Contains("there is 1 layer; use 2 or more", session.Fail(ExitCode.Usage, "train", "adding", "--connection", "residual"));
        Assert.Contains("--zoneout 1: expected a number from 0 to 0.99", session.Fail(ExitCode.Usage, "train", "--zoneout", "1"));
        Assert.Contains("--connection highways: expected none, residual or highway", session.Fail(ExitCode.Usage, "train", "--connection", "highways"));
    }
}
