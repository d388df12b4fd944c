using Unroll.Cli.Display;

namespace Unroll.Cli.Tests;

public sealed class TerminalTests
{
    [Fact]
    public void Text_from_data_cannot_steer_the_screen()
    {
        Assert.Equal("a\uFFFD[31mb\n\tc\uFFFD", Terminal.Visible("a\u001b[31mb\n\tc\u009b"));
        Assert.Equal("plain ✓", Terminal.Visible("plain ✓"));
    }

    [Theory]
    [InlineData(0, "0:00")]
    [InlineData(61.9, "1:01")]
    [InlineData(3723, "1:02:03")]
    [InlineData(double.NaN, "0:00")]
    [InlineData(-5, "0:00")]
    public void Times_are_minutes_and_seconds(double seconds, string text) => Assert.Equal(text, Clock.Text(seconds));

    [Fact]
    public void A_training_is_drawn_on_a_screen()
    {
        using var session = new CommandSession();
        session.Write("text", string.Concat(Enumerable.Repeat("[bold]mark up[/] is only text\n", 60)));
        var (output, error) = (new StringWriter(), new StringWriter());
        int code = CommandLine.Run(["train", "--data", session.PathOf("text"), "--out", session.PathOf("run"), "--steps", "60", "--hidden", "8", "--layers", "1", "--batch", "4", "--sequence", "8"],
            new Terminal { Out = output, Error = error, IsErrorScreen = true, IsOutScreen = true }, TestContext.Current.CancellationToken);
        Assert.Equal(0, code);
        Assert.Contains("100 %", error.ToString());
        Assert.Contains("bits per character", error.ToString());
        Assert.Contains("sample", error.ToString());
        Assert.Contains("Trained for 60 steps", output.ToString());
    }
}
