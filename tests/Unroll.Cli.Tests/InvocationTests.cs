namespace Unroll.Cli.Tests;

public sealed class InvocationTests
{
    [Fact]
    public void Out_of_a_checkout_it_is_dotnet_run_with_the_project()
    {
        using var session = new CommandSession();
        string project = Path.Combine(session.Folder, "src", "Unroll.Cli"), folder = Path.Combine(project, "bin", "Release", "net10.0");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(project, "Unroll.Cli.csproj"), "");
        string executable = Path.Combine(folder, "Unroll.Cli");
        Assert.Equal($"dotnet run -c Release --project {Path.Combine("src", "Unroll.Cli")} --", Invocation.Of(executable, folder + Path.DirectorySeparatorChar, session.Folder, null));
        Assert.Equal("dotnet run -c Release --project . --", Invocation.Of(executable, folder, project, null));
    }

    [Fact]
    public void A_published_file_is_named_as_a_shell_finds_it()
    {
        using var session = new CommandSession();
        string executable = Path.Combine(session.Folder, "bin", "unroll"), folder = Path.GetDirectoryName(executable)!;
        Assert.Equal("unroll", Invocation.Of(executable, folder, session.Folder, $"/usr/bin{Path.PathSeparator}{folder}"));
        Assert.Equal(Path.Combine(".", "unroll"), Invocation.Of(executable, folder, folder, "/usr/bin"));
        Assert.Equal(Path.Combine("bin", "unroll"), Invocation.Of(executable, folder, session.Folder, "/usr/bin"));
    }

    [Theory]
    [InlineData("runs/a-1.2_b", "runs/a-1.2_b")]
    [InlineData("two words", "'two words'")]
    [InlineData("it's", "'it'\\''s'")]
    [InlineData("", "''")]
    public void Words_are_quoted_where_a_shell_would_part_them(string word, string quoted)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Shells on Windows quote otherwise.");
        Assert.Equal(quoted, Invocation.Quote(word));
    }
}
