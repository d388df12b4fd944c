namespace Unroll.Cli;

/// <summary>Writes files of results.</summary>
internal static class ResultFile
{
    /// <summary>Replaces a file as a whole, by way of a temporary one beside it.</summary>
    /// <exception cref="RunFailedException">It cannot be written.</exception>
    public static void Write(string path, string text)
    {
        try
        {
            File.WriteAllText(path + ".tmp", text);
            File.Move(path + ".tmp", path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new RunFailedException($"{path}: cannot be written: {error.Message}", error);
        }
    }
}
