using System.IO.Compression;
using System.Text;
using Unroll.Data;
using Unroll.Layers;

namespace Unroll.Tests.Data;

public sealed class WordVectorsTests
{
    [Fact]
    public void Both_forms_are_read()
    {
        foreach (string text in new[] { "cat 1 2.5 -3e-1\ndog 4 5 6\n", "2 3\ncat 1 2.5 -3e-1 \r\ndog 4 5 6 \r\n", "\uFEFFcat\t1\t2.5\t-3e-1\n\ndog  4  5  6" })
        {
            WordVectors vectors = Read(text, "cat", "dog");
            Assert.Equal((2, 3), (vectors.Count, vectors.Size));
            Assert.Equal([1, 2.5f, -0.3f], Of(vectors, "cat"));
            Assert.Equal([4, 5, 6], Of(vectors, "dog"));
        }
    }

    [Fact]
    public void Only_the_words_asked_for_are_kept()
    {
        WordVectors vectors = Read("cat 1 2\ndog 3 4\n", "dog", "fish");
        Assert.Equal(1, vectors.Count);
        Assert.Empty(Of(vectors, "cat"));
        Assert.Empty(Of(vectors, "fish"));
    }

    [Fact]
    public void A_word_stands_as_it_is_written_before_its_small_letters_and_the_first_time_before_others()
    {
        WordVectors vectors = Read("apple 1\nApple 2\napple 3\n", "Apple", "APPLE");
        Assert.Equal([2], Of(vectors, "Apple"));
        Assert.Equal([1], Of(vectors, "APPLE"));
    }

    [Fact]
    public void A_word_may_have_spaces_in_it() => Assert.Equal([1, 2], Of(Read("a 5 6\n. . . 1 2\n", ". . ."), ". . ."));

    [Fact]
    public void A_compressed_file_is_read()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("vectors.txt.gz");
        using (var stream = new GZipStream(File.Create(path), CompressionMode.Compress)) stream.Write("cat 1 2\n"u8);
        Assert.Equal([1, 2], Of(WordVectors.Read(path, ["cat"]), "cat"));
    }

    [Fact]
    public void Rows_of_known_words_are_written_and_others_stay()
    {
        var embedding = new Embedding(3, 2);
        embedding.Weight.Values.Fill(9);
        string[] words = ["<unk>", "cat", "fish"];
        Assert.Equal(1, Read("cat 1 2\n", words).CopyTo(embedding.Weight, i => words[i]));
        Assert.Equal([9, 9, 1, 2, 9, 9], embedding.Weight.Values.ToArray());
        Assert.Contains("2 numbers, the embedding 4", Assert.Throws<BadUsageException>(() => Read("cat 1 2\n", "cat").CopyTo(new Embedding(3, 4).Weight, i => words[i])).Message);
    }

    [Theory]
    [InlineData("", "no word vectors")]
    [InlineData("\n\n", "no word vectors")]
    [InlineData("cat\n", "line 1: found no numbers")]
    [InlineData("3 0\n", "line 1: found no numbers")]
    [InlineData("cat 1 2\ndog 3\n", "line 2: found 1 numbers behind the word, and 2 on the first line")]
    [InlineData("cat 1 2\ndog\n", "line 2: found 0 numbers")]
    [InlineData("cat 1 two\n", "line 1: 'two' is no number")]
    [InlineData("cat 1 NaN\n", "line 1: 'NaN' is no number")]
    [InlineData("1 2\ncat 3 4\ncat 5\n", "line 3: found 1 numbers")]
    public void A_bad_line_is_named_with_its_file(string text, string message)
    {
        BadInputException error = Assert.Throws<BadInputException>(() => Read(text, "cat", "dog"));
        Assert.Contains("vectors.txt", error.Message);
        Assert.Contains(message, error.Message);
    }

    [Fact]
    public void A_missing_file_is_named() => Assert.Contains("none.txt", Assert.Throws<BadInputException>(() => WordVectors.Read("none.txt", ["cat"])).Message);

    private static WordVectors Read(string text, params string[] words)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("vectors.txt");
        File.WriteAllBytes(path, Encoding.UTF8.GetBytes(text));
        return WordVectors.Read(path, words);
    }

    private static float[] Of(WordVectors vectors, string word) => vectors.TryGet(word, out ReadOnlySpan<float> vector) ? vector.ToArray() : [];
}
