using System.IO.Compression;
using System.Text;
using System.Text.Unicode;

namespace Unroll.Data;

/// <summary>A line of a file, without its end.</summary>
/// <param name="Text">What stands in it.</param>
/// <param name="File">The file's path.</param>
/// <param name="Number">Which line it is, from 1.</param>
internal readonly record struct TextLine(string Text, string File, int Number)
{
    /// <summary>Where it stands, for messages.</summary>
    public string Where => Number > 0 ? $"{File}, line {Number}" : File;
}

/// <summary>Reads files line by line, however large: UTF-8, with or without a byte-order mark, packed with gzip where the name ends in .gz. Lines end with \n, \r\n or \r.</summary>
internal static class TextLines
{
    private const int BufferBytes = 1 << 16;

    /// <summary>The longest line, in bytes.</summary>
    public const int LongestLine = 1 << 28;

    /// <summary>The lines of a file, read as they are asked for.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="BadInputException">It cannot be read or is not UTF-8; the message names file and line.</exception>
    public static IEnumerable<TextLine> Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (Directory.Exists(path)) throw new BadInputException($"{path}: a folder; expected a file.");
        if (!File.Exists(path)) throw new BadInputException($"{path}: no such file.");
        return Lines(path);
    }

    private static IEnumerable<TextLine> Lines(string path)
    {
        using Stream stream = Open(path);
        byte[] buffer = new byte[BufferBytes];
        int first = 0, end = Fill(stream, buffer, 0, path);
        if (buffer.AsSpan(0, end).StartsWith(Encoding.UTF8.Preamble)) first = Encoding.UTF8.Preamble.Length;
        for (int number = 1; ; number++)
        {
            int length, next, searched = 0;
            bool isLast = false;
            while (true)
            {
                int at = buffer.AsSpan(first + searched, end - first - searched).IndexOfAny((byte)'\n', (byte)'\r');
                length = searched + at;
                // A \r at the very end of what is there may be half of \r\n.
                if (at >= 0 && (buffer[first + length] == '\n' || first + length + 1 < end || isLast))
                {
                    next = first + length + (buffer[first + length] == '\r' && first + length + 1 < end && buffer[first + length + 1] == '\n' ? 2 : 1);
                    break;
                }
                if (isLast)
                {
                    (length, next) = (end - first, end);
                    if (length == 0) yield break;
                    break;
                }
                searched = at >= 0 ? length : end - first;
                if (first > 0)
                {
                    buffer.AsSpan(first, end - first).CopyTo(buffer);
                    (first, end) = (0, end - first);
                }
                if (end == buffer.Length)
                {
                    if (end >= LongestLine) throw new BadInputException($"{path}, line {number}: longer than {LongestLine:N0} bytes; expected lines of text.");
                    Array.Resize(ref buffer, 2 * end);
                }
                int read = Fill(stream, buffer, end, path);
                isLast = read == 0;
                end += read;
            }
            yield return new TextLine(Decode(buffer.AsSpan(first, length), path, number), path, number);
            first = next;
        }
    }

    private static string Decode(ReadOnlySpan<byte> line, string path, int number) => Utf8.IsValid(line) ? Encoding.UTF8.GetString(line)
        : throw new BadInputException($"{path}, line {number}: not UTF-8. Save the file as UTF-8.");

    private static FileStream OpenFile(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan);

    private static Stream Open(string path)
    {
        try
        {
            return path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(OpenFile(path), CompressionMode.Decompress) : OpenFile(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, error);
        }
    }

    private static int Fill(Stream stream, byte[] buffer, int from, string path)
    {
        try
        {
            return stream.ReadAtLeast(buffer.AsSpan(from), 1, throwOnEndOfStream: false);
        }
        catch (InvalidDataException error)
        {
            throw new BadInputException($"{path}: its name says gzip, its content does not: {error.Message.ReplaceLineEndings(" ")}", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, error);
        }
    }

    private static BadInputException Unreadable(string path, Exception error) => new($"{path}: cannot be read: {error.Message.ReplaceLineEndings(" ")}", error);
}
