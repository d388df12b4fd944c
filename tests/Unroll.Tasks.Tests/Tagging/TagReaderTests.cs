using System.IO.Compression;
using System.Text;
using Unroll.Data;
using Unroll.Tasks.Tagging;

namespace Unroll.Tasks.Tests.Tagging;

public sealed class TagReaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("unroll-tag-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("the\tDET\ncat\tNOUN\n\nit\tPRON\n")]
    [InlineData("\uFEFFthe\tDET\r\ncat\tNOUN\r\n\r\nit\tPRON")]
    [InlineData("the\tDET\rcat\tNOUN\r\rit\tPRON\r")]
    [InlineData("the\tDET\r\ncat\tNOUN\n\rit\tPRON\n\n\n")]
    [InlineData("\n\n \t \nthe\tDET\ncat\tNOUN\n   \n\t\n\nit\tPRON")]
    [InlineData("the\tx\ty\tDET\ncat \t NOUN\n\nit\t\tPRON\n")]
    public void Line_ends_marks_empty_lines_and_further_columns_make_no_difference(string text) =>
        Assert.Equal(["the/DET cat/NOUN", "it/PRON"], Read(text).Select(Line));

    [Theory]
    [InlineData("the\tDET\ncat\n", "line 2: no tabulator")]
    [InlineData("the\tDET\n\n\tNOUN\n", "line 3: no token before the tabulator")]
    [InlineData("the\t\n", "line 1: no tag behind the last tabulator")]
    [InlineData("the\tDET\t \n", "line 1: no tag behind the last tabulator")]
    public void A_line_with_too_few_columns_is_named(string text, string message)
    {
        BadInputException error = Assert.Throws<BadInputException>(() => Read(text));
        Assert.StartsWith(Path.Combine(_folder, "file"), error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message);
        Assert.Contains("expected a token, a tabulator and its tag", error.Message);
    }

    [Fact]
    public void A_file_of_nothing_has_no_sentences() => Assert.Empty(Read("\n \n\n"));

    [Fact]
    public void A_no_break_space_is_part_of_a_token() => Assert.Equal(["xin\u00A0chào/INTJ"], Read("xin\u00A0chào\tINTJ\n").Select(Line));

    [Fact]
    public void A_token_of_a_hundred_thousand_letters_is_read() => Assert.Equal(100_000, Read(new string('x', 100_000) + "\tX\n").Single().Words[0].Length);

    [Fact]
    public void Long_sentences_are_cut_and_every_token_knows_its_line()
    {
        TaggedSentence[] parts = [.. Read(string.Concat(Enumerable.Range(0, 7).Select(i => $"w{i}\tX\n")), longest: 3)];
        Assert.Equal([3, 3, 1], parts.Select(part => part.Words.Length));
        Assert.EndsWith("file, line 5", parts[1].Where(1), StringComparison.Ordinal);
        Assert.Equal(100_000, Assert.Single(Read(string.Concat(Enumerable.Repeat("w\tX\n", 100_000)))).Words.Length);
    }

    [Fact]
    public void The_universal_tags_are_mapped_and_others_refused()
    {
        Assert.Equal(["Ann/NOUN was/VERB"], Read("Ann\tPROPN\nwas\tAUX\n", universal: true).Select(Line));
        Assert.Contains("line 2: the tag 'NNP'", Assert.Throws<BadInputException>(() => Read("Ann\tPROPN\nBo\tNNP\n", universal: true)).Message);
    }

    [Fact]
    public void A_compressed_file_is_read()
    {
        string path = Path.Combine(_folder, "file.tsv.gz");
        using (var stream = new GZipStream(File.Create(path), CompressionMode.Compress)) stream.Write("the\tDET\n"u8);
        Assert.Equal(["the/DET"], TagReader.Read(TextLines.Read(path), 0, false).Select(Line));
    }

    private TaggedSentence[] Read(string text, int longest = 0, bool universal = false)
    {
        string path = Path.Combine(_folder, "file");
        File.WriteAllBytes(path, Encoding.UTF8.GetBytes(text));
        return [.. TagReader.Read(TextLines.Read(path), longest, universal)];
    }

    private static string Line(TaggedSentence sentence) => string.Join(' ', sentence.Words.Zip(sentence.Tags!, (word, tag) => $"{word}/{tag}"));
}
