using System.Text;
using Unroll.Data;

namespace Unroll.Tests.Data;

public sealed class TextFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("unroll-text-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(string name, params byte[] bytes)
    {
        string path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    private static string Error(Action act) => Assert.Throws<BadInputException>(act).Message;

    [Fact]
    public void Files_are_joined_in_the_order_given()
    {
        string b = Write("b.txt", "two"), a = Write("a.txt", "one");
        Assert.Equal("twoone"u8.ToArray(), TextFiles.Read([b, a]));
    }

    [Fact]
    public void A_folder_is_read_in_ordinal_order_without_hidden_names_and_empty_files()
    {
        Write("a/z.txt", "3");
        Write("a.txt", "2");
        Write("B.txt", "1");
        Write("é.txt", "4");
        Write("empty.txt", "");
        Write(".git/x", "no");
        Write(".hidden", "no");
        Assert.Equal("1234"u8.ToArray(), TextFiles.Read([_folder]));
    }

    [Fact]
    public void A_byte_order_mark_is_dropped_from_every_file_except_when_bytes_are_wanted()
    {
        byte[] marked = [0xEF, 0xBB, 0xBF, (byte)'x'];
        string a = Write("a", marked), b = Write("b", marked);
        Assert.Equal("xx"u8.ToArray(), TextFiles.Read([a, b]));
        Assert.Equal(marked, TextFiles.Read([a], anyBytes: true));
    }

    [Theory]
    [InlineData(new byte[] { 0x61, 0xC3, 0xA9, 0xFF, 0x62 }, 3, "0xFF")]
    [InlineData(new byte[] { 0x61, 0xC3 }, 1, "0xC3")]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 }, 0, "0xED")]
    [InlineData(new byte[] { 0xC0, 0x80 }, 0, "0xC0")]
    public void Text_that_is_not_utf8_is_refused_with_the_offset_of_the_first_bad_byte(byte[] bytes, int offset, string value)
    {
        string path = Write("bad.txt", bytes);
        string message = Error(() => TextFiles.Read([path]));
        Assert.StartsWith(path, message);
        Assert.Contains($"byte {value} at offset {offset} ", message);
        Assert.Equal(bytes, TextFiles.Read([path], anyBytes: true));
    }

    [Fact]
    public void Missing_and_empty_paths_are_refused_in_one_line()
    {
        string missing = Path.Combine(_folder, "missing.txt");
        Assert.Equal($"{missing}: no such file or folder.", Error(() => TextFiles.Read([missing])));
        Assert.Contains("the file is empty", Error(() => TextFiles.Read([Write("empty.txt", "")])));
        Assert.Contains("the file is empty", Error(() => TextFiles.Read([Write("mark.txt", 0xEF, 0xBB, 0xBF)])));
        Assert.Contains("the folder holds no text", Error(() => TextFiles.Read([_folder + "/../" + Directory.CreateDirectory(_folder + "/none").Parent!.Name + "/none"])));
    }
}
