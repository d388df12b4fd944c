using System.Text;
using Unroll.Files;

namespace Unroll.Tests.Files;

public sealed class ChecksumTests
{
    [Theory]
    [InlineData("", 0xEF46DB3751D8E999)]
    [InlineData("a", 0xD24EC4F1A98C6E5B)]
    [InlineData("abc", 0x44BC2CF5AD770999)]
    [InlineData("Nobody inspects the spammish repetition", 0xFBCEA83C8A378BF1)]
    public void XxHash64_gives_the_published_values(string text, ulong expected)
    {
        var hash = new XxHash64();
        hash.Append(Encoding.ASCII.GetBytes(text));
        Assert.Equal(expected, hash.Hash());
    }

    [Fact]
    public void XxHash64_does_not_depend_on_how_the_bytes_are_cut()
    {
        byte[] bytes = [.. Enumerable.Range(0, 200).Select(i => (byte)(i * 37))];
        for (int length = 0; length < bytes.Length; length++)
        {
            var whole = new XxHash64();
            whole.Append(bytes.AsSpan(0, length));
            for (int piece = 1; piece <= 70; piece += 3)
            {
                var cut = new XxHash64();
                for (int at = 0; at < length; at += piece) cut.Append(bytes.AsSpan(at, Math.Min(piece, length - at)));
                Assert.Equal(whole.Hash(), cut.Hash());
            }
        }
    }

    [Theory]
    [InlineData("", 0u)]
    [InlineData("123456789", 0xE3069283u)]
    [InlineData("The quick brown fox jumps over the lazy dog", 0x22620404u)]
    public void Crc32C_gives_the_published_values(string text, uint expected) => Assert.Equal(expected, Crc32C.Of(Encoding.ASCII.GetBytes(text)));
}
