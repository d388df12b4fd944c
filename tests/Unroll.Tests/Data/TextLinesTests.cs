using System.IO.Compression;
using System.Text;
using Unroll.Data;
using Unroll.Tensors;

namespace Unroll.Tests.Data;

public sealed class TextLinesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("unroll-lines-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(byte[] bytes, string name = "text")
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private string[] Lines(string text) => [.. TextLines.Read(Write(Encoding.UTF8.GetBytes(text))).Select(line => line.Text)];

    [Theory]
    [InlineData("")]
    [InlineData("a", "a")]
    [InlineData("a\nb", "a", "b")]
    [InlineData("a\nb\n", "a", "b")]
    [InlineData("a\r\nb\r\n\r\nc\rd\n\re", "a", "b", "", "c", "d", "", "e")]
    [InlineData("\uFEFFa\n\uFEFFb", "a", "\uFEFFb")]
    [InlineData("\n", "")]
    [InlineData("a\r", "a")]
    public void Lines_end_with_any_of_the_three(string text, params string[] lines) => Assert.Equal(lines, Lines(text));

    [Fact]
    public void Long_lines_and_ends_across_buffers_are_read_whole()
    {
        var random = new RandomState(5);
        for (int trial = 0; trial < 20; trial++)
        {
            var (text, lines) = (new StringBuilder(), new List<string>());
            for (int i = 0; i < 40; i++)
            {
                // Lengths around the buffer's and its double.
                string line = new((char)('a' + random.NextInt(26)), random.NextInt(3) switch { 0 => random.NextInt(5), 1 => 65530 + random.NextInt(12), _ => 131060 + random.NextInt(20) });
                lines.Add(line);
                text.Append(line).Append(random.NextInt(2) == 0 ? "\n" : "\r\n");
            }
            Assert.Equal(lines, Lines(text.ToString()));
        }
    }

    [Fact]
    public void Lines_know_where_they_stand_and_gzip_is_unpacked()
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write("é\n\nthird"u8);
        string path = Write(packed.ToArray(), "text.gz");
        Assert.Equal([("é", 1), ("", 2), ("third", 3)], TextLines.Read(path).Select(line => (line.Text, line.Number)));
        Assert.Equal($"{path}, line 3", TextLines.Read(path).Last().Where);
    }

    [Fact]
    public void What_cannot_be_read_is_said_with_its_place()
    {
        Assert.Contains("no such file", Assert.Throws<BadInputException>(() => TextLines.Read(Path.Combine(_folder, "nowhere"))).Message);
        Assert.Contains("a folder", Assert.Throws<BadInputException>(() => TextLines.Read(_folder)).Message);
        Assert.Contains("line 2: not UTF-8", Assert.Throws<BadInputException>(() => TextLines.Read(Write([(byte)'a', (byte)'\n', 0xFF, (byte)'\n'])).Count()).Message);
        Assert.Contains("says gzip", Assert.Throws<BadInputException>(() => TextLines.Read(Write("plain text"u8.ToArray(), "plain.gz")).Count()).Message);
    }
}
