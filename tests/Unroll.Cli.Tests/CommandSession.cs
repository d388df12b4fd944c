using System.Text;

namespace Unroll.Cli.Tests;

/// <summary>Runs the command in this process, in a folder of its own, and keeps what it said.</summary>
internal sealed class CommandSession : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("unroll-cli-").FullName;

    public string Out { get; private set; } = "";

    public string Error { get; private set; } = "";

    public string PathOf(string name) => Path.Combine(Folder, name);

    public string Write(string name, string text)
    {
        File.WriteAllText(PathOf(name), text, new UTF8Encoding(false));
        return PathOf(name);
    }

    /// <summary>Runs a command; words that begin with @/ are taken as paths within the session's folder.</summary>
    public int Run(params string[] args) => Run(TextReader.Null, CancellationToken.None, args);

    public int Run(TextReader input, CancellationToken interrupt, params string[] args)
    {
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter { NewLine = "\n" });
        int code = CommandLine.Run([.. args.Select(arg => arg.StartsWith("@/", StringComparison.Ordinal) ? PathOf(arg[2..]) : arg)],
            new Terminal { Out = output, Error = error, In = input }, interrupt);
        (Out, Error) = (output.ToString(), error.ToString());
        return code;
    }

    /// <summary>Runs a command that must fail, and returns the one line it complains in.</summary>
    public string Fail(int code, params string[] args)
    {
        int actual = Run(args);
        Assert.True(code == actual, $"exit code {actual} instead of {code}\n{Out}\n{Error}");
        string[] lines = Error.TrimEnd('\n').Split('\n');
        Assert.Single(lines);
        Assert.StartsWith("unroll: ", lines[0]);
        Assert.DoesNotContain("   at ", lines[0]);
        return lines[0];
    }

    /// <summary>Runs a command that must succeed.</summary>
    public string Succeed(params string[] args)
    {
        int code = Run(args);
        Assert.True(code == 0, $"exit code {code}\n{Out}\n{Error}");
        return Out;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
