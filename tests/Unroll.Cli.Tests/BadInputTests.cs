namespace Unroll.Cli.Tests;

public sealed class BadInputTests
{
    private static readonly string Text = string.Concat(Enumerable.Repeat("the quick brown fox jumps over the lazy dog\n", 20));

    private static CommandSession WithModel()
    {
        var session = new CommandSession();
        session.Write("text", Text);
        session.Succeed("train", "--data", "@/text", "--out", "@/run", "--hidden", "8", "--layers", "1", "--batch", "4", "--sequence", "8", "--steps", "2", "--quiet");
        return session;
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        using var session = new CommandSession();
        Assert.Contains($"{session.PathOf("nowhere")}: no such file", session.Fail(ExitCode.Input, "train", "--data", "@/nowhere"));
    }

    [Fact]
    public void An_empty_file_is_refused()
    {
        using var session = new CommandSession();
        session.Write("empty", "");
        Assert.Contains("the file is empty", session.Fail(ExitCode.Input, "train", "--data", "@/empty"));
    }

    [Fact]
    public void A_file_that_is_not_utf8_is_refused_with_the_offset_of_the_first_bad_byte()
    {
        using var session = new CommandSession();
        File.WriteAllBytes(session.PathOf("latin1"), [(byte)'c', (byte)'a', (byte)'f', 0xE9, (byte)'\n']);
        Assert.Contains("byte 0xE9 at offset 3", session.Fail(ExitCode.Input, "train", "--data", "@/latin1"));
    }

    [Fact]
    public void A_text_shorter_than_one_sequence_is_refused_with_the_numbers()
    {
        using var session = new CommandSession();
        session.Write("short", "too short");
        string message = session.Fail(ExitCode.Input, "train", "--data", "@/short", "--sequence", "50", "--batch", "1", "--out", "@/run");
        Assert.Contains("has 9 symbols, and batch 1 × sequence 50 needs at least 51", message);
        Assert.Contains("a sequence of 8 or shorter", message);
    }

    [Theory]
    [InlineData("inspect")]
    [InlineData("generate")]
    [InlineData("evaluate")]
    public void A_missing_model_is_refused(string command)
    {
        using var session = new CommandSession();
        Assert.Contains(session.PathOf("none"), session.Fail(ExitCode.Input, command, "@/none"));
    }

    [Fact]
    public void A_truncated_model_is_refused_wherever_it_ends()
    {
        using var session = WithModel();
        byte[] whole = File.ReadAllBytes(session.PathOf("run/model.safetensors"));
        foreach (int length in new[] { 0, 4, 8, 100, whole.Length / 2, whole.Length - 1 })
        {
            File.WriteAllBytes(session.PathOf("cut"), whole[..length]);
            foreach (string command in new[] { "inspect", "generate", "evaluate" }) session.Fail(ExitCode.Input, command, "@/cut");
        }
    }

    [Fact]
    public void A_model_with_one_bit_flipped_is_refused_wherever_it_is()
    {
        using var session = WithModel();
        byte[] whole = File.ReadAllBytes(session.PathOf("run/model.safetensors"));
        for (int at = 0; at < whole.Length; at += Math.Max(1, whole.Length / 97))
        {
            byte[] flipped = [.. whole];
            flipped[at] ^= (byte)(1 << (at % 8));
            File.WriteAllBytes(session.PathOf("flipped"), flipped);
            session.Fail(ExitCode.Input, "inspect", "@/flipped");
        }
    }

    [Fact]
    public void A_model_whose_header_lies_about_its_length_is_refused()
    {
        using var session = WithModel();
        byte[] whole = File.ReadAllBytes(session.PathOf("run/model.safetensors"));
        foreach (long length in new[] { 0, 1, whole.Length, long.MaxValue, -1 })
        {
            byte[] lying = [.. whole];
            BitConverter.TryWriteBytes(lying, length);
            File.WriteAllBytes(session.PathOf("lying"), lying);
            session.Fail(ExitCode.Input, "generate", "@/lying");
        }
    }

    [Fact]
    public void A_model_of_another_task_is_refused()
    {
        using var session = new CommandSession();
        new Unroll.Files.ModelFile("juggling", "{}").Save(session.PathOf("juggler"));
        foreach (string command in new[] { "inspect", "generate", "evaluate" })
            Assert.Contains("juggling", session.Fail(ExitCode.Input, command, "@/juggler"));
    }

    [Fact]
    public void A_text_without_a_known_symbol_cannot_be_judged()
    {
        using var session = WithModel();
        session.Write("other", "ΩΩΩ");
        Assert.Equal(ExitCode.Input, session.Run("evaluate", "@/run", "--data", "@/other"));
        Assert.Contains("has 0 symbols that the model knows, out of 3", session.Error);
    }

    [Fact]
    public void A_folder_that_holds_a_run_is_not_written_over()
    {
        using var session = WithModel();
        byte[] before = File.ReadAllBytes(session.PathOf("run/model.safetensors"));
        Assert.Contains("already holds a run", session.Fail(ExitCode.Usage, "train", "--data", "@/text", "--out", "@/run"));
        Assert.Equal(before, File.ReadAllBytes(session.PathOf("run/model.safetensors")));
    }

    [Fact]
    public void A_folder_that_cannot_be_made_fails_in_one_line()
    {
        using var session = new CommandSession();
        session.Write("text", Text);
        session.Fail(ExitCode.Failed, "train", "--data", "@/text", "--out", "@/text/run", "--steps", "1", "--batch", "1", "--hidden", "4", "--quiet");
    }

    [Fact]
    public void Resuming_checks_the_folder_the_options_and_the_text()
    {
        using var session = WithModel();
        Assert.Contains("recipe", session.Fail(ExitCode.Input, "train", "--resume", "@/none"));
        Assert.Contains("--hidden cannot change", session.Fail(ExitCode.Usage, "train", "--resume", "@/run", "--hidden", "9"));
        Assert.Contains("exclude each other", session.Fail(ExitCode.Usage, "train", "--resume", "@/run", "--out", "@/new"));
        session.Write("text", Text.Replace('q', 'k'));
        Assert.Contains("is not the one the run was begun with", session.Fail(ExitCode.Input, "train", "--resume", "@/run", "--steps", "4", "--quiet"));
        File.Delete(session.PathOf("text"));
        Assert.Contains("no such file", session.Fail(ExitCode.Input, "train", "--resume", "@/run", "--steps", "4"));
    }
}
