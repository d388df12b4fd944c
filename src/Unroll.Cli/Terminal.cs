using System.Text;

namespace Unroll.Cli;

/// <summary>What a command talks to: results go out on one side, progress and complaints on the other.</summary>
internal sealed class Terminal
{
    /// <summary>Where results go.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Where progress, warnings and errors go.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Where text is read from when a command is told to.</summary>
    public TextReader In { get; init; } = TextReader.Null;

    /// <summary>Whether a person reads the results on a screen.</summary>
    public bool IsOutScreen { get; init; }

    /// <summary>Whether results may be coloured.</summary>
    public bool HasColours { get; init; }

    /// <summary>Whether progress can be drawn and redrawn in place.</summary>
    public bool IsErrorScreen { get; init; }

    /// <summary>How wide that screen is, in columns.</summary>
    public int Width { get; init; } = 100;

    /// <summary>The process's own streams, UTF-8.</summary>
    public static Terminal OfProcess()
    {
        if (OperatingSystem.IsWindows()) Console.OutputEncoding = Encoding.UTF8;
        var utf8 = new UTF8Encoding(false);
        bool drawable = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not "dumb" && Environment.GetEnvironmentVariable("CI") is null or "";
        return new Terminal
        {
            Out = new StreamWriter(Console.OpenStandardOutput(), utf8) { AutoFlush = true },
            Error = new StreamWriter(Console.OpenStandardError(), utf8) { AutoFlush = true },
            In = new StreamReader(Console.OpenStandardInput(), utf8),
            IsOutScreen = !Console.IsOutputRedirected,
            HasColours = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not "dumb" && Environment.GetEnvironmentVariable("NO_COLOR") is null or "",
            IsErrorScreen = drawable,
            Width = WindowWidth(),
        };
    }

    /// <summary>Makes text that came from data safe to show on a screen: control characters, which could steer it, are replaced.</summary>
    public static string Visible(string text) => text.Any(IsControl)
        ? string.Create(text.Length, text, static (span, source) =>
        {
            for (int i = 0; i < span.Length; i++) span[i] = IsControl(source[i]) ? '\uFFFD' : source[i];
        })
        : text;

    private static bool IsControl(char c) => char.IsControl(c) && c is not ('\n' or '\t');

    private static int WindowWidth()
    {
        try
        {
            return Console.IsErrorRedirected || Console.WindowWidth < 20 ? 100 : Console.WindowWidth;
        }
        catch (IOException)
        {
            return 100;
        }
    }
}
