using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Unroll.Files;

/// <summary>Replaces a file as a whole or not at all: whatever happens while writing (a full disk, a kill, a power cut), the path names
/// either the complete old content or the complete new content.</summary>
internal static class AtomicFile
{
    /// <summary>What a temporary file's name ends with. One is left over only by a kill while writing, and the next save overwrites it.</summary>
    public const string TemporarySuffix = ".tmp";

    /// <summary>Lets a test put a failing stream between the writer and the file.</summary>
    internal static AsyncLocal<Func<Stream, Stream>?> Intercept { get; } = new();

    /// <summary>Writes to a temporary file in the same folder, flushes it to the disk, renames it over the path and flushes the folder.</summary>
    /// <exception cref="RunFailedException">Writing failed; the temporary file is gone and what the path named before is untouched.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        string temporary = path + TemporarySuffix;
        try
        {
            // No buffer: nothing is left to write when the stream is closed, so closing cannot fail a second time.
            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                Stream target = Intercept.Value is { } intercept ? intercept(file) : file;
                write(target);
                target.Flush();
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            TryDelete(temporary);
            string before = File.Exists(path) ? "the file that was there before is untouched" : "nothing was left behind";
            throw new RunFailedException($"Could not save {path}: {OneLine.Of(exception)}; {before}. Free some space or choose another folder.", exception);
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }
        FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path)));
    }

    /// <summary>Writes a text in UTF-8 the same way.</summary>
    /// <exception cref="RunFailedException">Writing failed; what the path named before is untouched.</exception>
    public static void WriteText(string path, string text) => Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    private static void TryDelete(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The failure that led here is the one to report.
        }
    }

    /// <summary>Makes the rename itself survive a power cut. On Unix that needs the folder flushed, which .NET offers no call for; elsewhere, and
    /// where the file system refuses, the rename is still atomic and only its moment is the system's.</summary>
    private static void FlushFolder(string? folder)
    {
        if (folder is null || !(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS())) return;
        try
        {
            int descriptor = OpenForReading(Encoding.UTF8.GetBytes(folder + '\0'), flags: 0);
            if (descriptor < 0) return;
            using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
            RandomAccess.FlushToDisk(handle);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or DllNotFoundException or EntryPointNotFoundException)
        {
        }
    }

    [DllImport("libc", EntryPoint = "open")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int OpenForReading(byte[] path, int flags);
}
