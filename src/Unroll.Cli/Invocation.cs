namespace Unroll.Cli;

/// <summary>How the user started this program, so that the commands it suggests work as typed from where the user stands.</summary>
internal static class Invocation
{
    /// <summary>What to type for <c>unroll</c>.</summary>
    public static string Text { get; } = Of(Environment.ProcessPath, AppContext.BaseDirectory, Environment.CurrentDirectory, Environment.GetEnvironmentVariable("PATH"));

    /// <summary>What to type for <c>unroll</c>: <c>dotnet run</c> with the project when the program runs out of a checkout's build folder, the name of the
    /// file when its folder is on the path, otherwise the way to the file.</summary>
    internal static string Of(string? process, string folder, string current, string? path)
    {
        string[] parts = Path.TrimEndingDirectorySeparator(folder).Split(Path.DirectorySeparatorChar);
        if (parts is [.., var project, "bin", var configuration, _] && File.Exists(Path.Combine(folder, "..", "..", "..", project + ".csproj")))
            return $"dotnet run -c {configuration} --project {Quote(Relative(current, Path.GetFullPath(Path.Combine(folder, "..", "..", ".."))))} --";
        if (process is null) return "unroll";
        string file = Path.GetFileName(process);
        if (Path.GetFileNameWithoutExtension(file) == "dotnet") return $"dotnet {Quote(Relative(current, Path.Combine(folder, "Unroll.Cli.dll")))}";
        string own = Path.TrimEndingDirectorySeparator(Path.GetDirectoryName(process) ?? "");
        if ((path ?? "").Split(Path.PathSeparator).Any(entry => Path.TrimEndingDirectorySeparator(entry) == own && own.Length > 0)) return file;
        string relative = Relative(current, process);
        return Quote(relative == file ? $".{Path.DirectorySeparatorChar}{file}" : relative);
    }

    /// <summary>The shorter of the relative and the full path.</summary>
    public static string Relative(string from, string path)
    {
        string relative = Path.GetRelativePath(from, path);
        return relative.Length <= path.Length ? relative : path;
    }

    /// <summary>A word as a shell takes it: in quotes where it has blanks or signs.</summary>
    public static string Quote(string word) =>
        word.Length > 0 && word.All(c => char.IsLetterOrDigit(c) || "/\\._-+=:,@%~".Contains(c, StringComparison.Ordinal)) ? word
        : OperatingSystem.IsWindows() ? $"\"{word}\"" : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
