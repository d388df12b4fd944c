using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Unroll.Data;

/// <summary>Reads text from files and folders as UTF-8 bytes, always in the same order.</summary>
public static class TextFiles
{
    /// <summary>The text of some files and folders, one after the other with nothing between them.
    /// A folder stands for every file in it and below it, in ordinal order of the path with '/' between its parts; names that begin
    /// with a dot are left out, and so are empty files. A byte order mark at the beginning of a file is dropped.</summary>
    /// <param name="paths">Files and folders, read in the order given.</param>
    /// <param name="anyBytes">True to take any bytes as they are; false to insist on UTF-8.</param>
    /// <returns>The bytes of the whole text.</returns>
    /// <exception cref="BadInputException">A path does not exist, cannot be read, is empty, or is not UTF-8 (the message gives the
    /// offset of the first bad byte).</exception>
    public static byte[] Read(IReadOnlyList<string> paths, bool anyBytes = false)
    {
        ArgumentNullException.ThrowIfNull(paths);
        var text = new ArrayBufferWriter<byte>();
        foreach (string path in paths)
        {
            int before = text.WrittenCount;
            if (Directory.Exists(path))
            {
                foreach (string file in FilesBelow(path)) Append(file, anyBytes, text);
                if (text.WrittenCount == before) throw new BadInputException($"{path}: the folder holds no text; it needs at least one file that is not empty.");
            }
            else
            {
                Append(path, anyBytes, text);
                if (text.WrittenCount == before) throw new BadInputException($"{path}: the file is empty; expected text.");
            }
        }
        return text.WrittenSpan.ToArray();
    }

    /// <summary>Checks that bytes are UTF-8.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="name">What to call them in the message.</param>
    /// <exception cref="BadInputException">They are not; the message gives the offset of the first bad byte.</exception>
    public static void CheckUtf8(ReadOnlySpan<byte> bytes, string name)
    {
        if (Utf8.IsValid(bytes)) return;
        int offset = 0;
        while (Rune.DecodeFromUtf8(bytes[offset..], out _, out int length) == OperationStatus.Done) offset += length;
        throw new BadInputException(
            $"{name}: not UTF-8: byte 0x{bytes[offset]:X2} at offset {offset} does not belong there. Save the file as UTF-8, or read it as bytes (--level byte).");
    }

    /// <summary>Every file below a folder whose path has no part that begins with a dot, in ordinal order.</summary>
    private static List<string> FilesBelow(string folder)
    {
        try
        {
            var files = new List<(string Key, string Path)>();
            foreach (string file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            {
                string key = Path.GetRelativePath(folder, file).Replace(Path.DirectorySeparatorChar, '/');
                if (!key.StartsWith('.') && !key.Contains("/.", StringComparison.Ordinal)) files.Add((key, file));
            }
            files.Sort((a, b) => string.CompareOrdinal(a.Key, b.Key));
            return files.ConvertAll(file => file.Path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(folder, error);
        }
    }

    private static void Append(string file, bool anyBytes, ArrayBufferWriter<byte> text)
    {
        byte[] bytes;
        try
        {
            if (!File.Exists(file)) throw new BadInputException($"{file}: no such file or folder.");
            if (new FileInfo(file).Length > Array.MaxLength - text.WrittenCount) throw new BadInputException(
                $"{file}: together with what came before, more than {Array.MaxLength:N0} bytes; use a smaller part of the text.");
            bytes = File.ReadAllBytes(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(file, error);
        }
        if (!anyBytes) CheckUtf8(bytes, file);
        ReadOnlySpan<byte> mark = Encoding.UTF8.Preamble;
        text.Write(bytes.AsSpan(!anyBytes && bytes.AsSpan().StartsWith(mark) ? mark.Length : 0));
    }

    private static BadInputException Unreadable(string path, Exception error) =>
        new($"{path}: cannot be read: {error.Message.ReplaceLineEndings(" ")}", error);
}
