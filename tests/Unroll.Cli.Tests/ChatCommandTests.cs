using System.Text.Json;

namespace Unroll.Cli.Tests;

public sealed class ChatCommandTests
{
    [Fact]
    public void Conversations_are_learned_judged_and_gone_on_with()
    {
        using var session = new CommandSession();
        string turns = """{"id":"1","turns":[["U","I want tea."],["S","Here is your tea."],["U","Thank you!"],["S","You are welcome."]]}""";
        session.Write("train", "\uFEFF" + string.Concat(Enumerable.Repeat(turns + "\r\n\n", 20)));
        session.Succeed("train", "chat", "--data", "@/train", "--valid", "@/train", "--hidden", "24", "--context", "16", "--embedding", "12", "--dropout", "0", "--embedding-dropout", "0", "--batch", "4",
            "--learning-rate", "0.02", "--max-turns", "4", "--threads", "1", "--epochs", "6", "--out", "@/run");
        Assert.Contains("20 conversations, 80 turns", session.Error);
        session.Succeed("train", "--resume", "@/run", "--epochs", "12", "--quiet");
        using JsonDocument judged = JsonDocument.Parse(session.Succeed("evaluate", "@/run", "--data", "@/train", "--json"));
        Assert.True(judged.RootElement.GetProperty("perplexity").GetDouble() < 1.5, judged.RootElement.ToString());

        Assert.Equal("Here is your tea.\n", session.Succeed("predict", "@/run", "I want tea."));
        using JsonDocument reply = JsonDocument.Parse(session.Succeed("predict", "@/run", """[["U","I want tea."],["S","Here is your tea."],["U","Thank you!"]]""", "--json"));
        Assert.Equal("You are welcome.", reply.RootElement.GetProperty("reply").GetString());
        Assert.Equal(0, session.Run(new StringReader("I want tea.\nThank you!\n\nI want tea.\n"), TestContext.Current.CancellationToken, "chat", "@/run"));
        Assert.Equal("Here is your tea.\nYou are welcome.\nHere is your tea.\n", session.Out);
        Assert.Contains("a new conversation", session.Error);
    }

    [Fact]
    public void Bad_input_is_refused_in_one_line()
    {
        using var session = new CommandSession();
        session.Write("train", "[\"a\",\"b\"]\n[\"a\",7]\n");
        Assert.Contains($"{session.PathOf("train")}, line 2: turn 2 is '7'", session.Fail(ExitCode.Input, "train", "chat", "--data", "@/train"));
        session.Write("empty", "[]\n");
        Assert.Contains("a conversation without turns", session.Fail(ExitCode.Input, "train", "chat", "--data", "@/empty"));
        Assert.Contains("reading both ways", session.Fail(ExitCode.Usage, "train", "chat", "--bidirectional"));
        session.Succeed("train", "adding", "--length", "4", "--steps", "1", "--threads", "1", "--quiet", "--out", "@/other");
        Assert.Contains("does not talk", session.Fail(ExitCode.Input, "chat", "@/other"));
        Assert.Contains("chat", session.Succeed("chat", "--help"));
    }
}
