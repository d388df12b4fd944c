using Unroll.Data;
using Unroll.Tensors;

namespace Unroll.Tests.Data;

public sealed class BytePairEncodingTests
{
    private static SymbolCounts Count(IEnumerable<string> words)
    {
        var counts = new SymbolCounts();
        foreach (string word in words) counts.Add(word);
        return counts;
    }

    private static List<string> Draw(ulong seed, int words, string letters)
    {
        var random = new RandomState(seed);
        return [.. Enumerable.Range(0, words).Select(_ => string.Concat(Enumerable.Range(0, 1 + random.NextInt(7)).Select(_ => letters[Math.Min(random.NextInt(letters.Length), random.NextInt(letters.Length))])))];
    }

    /// <summary>Counts all pairs anew for every pair joined.</summary>
    private static List<(string Left, string Right)> Slow(List<string> words, int merges)
    {
        List<List<string>> cut = [.. words.Select(word => (List<string>)[.. word[..^1].Select(letter => letter.ToString()), word[^1] + " "])];
        var joined = new List<(string Left, string Right)>();
        while (joined.Count < merges)
        {
            var counts = cut.SelectMany(word => word.Zip(word.Skip(1))).GroupBy(pair => pair).Select(group => (Pair: group.Key, Count: group.Count())).Where(one => one.Count > 1).ToList();
            if (counts.Count == 0) break;
            var (left, right) = counts.OrderByDescending(one => one.Count).ThenBy(one => one.Pair.First, StringComparer.Ordinal).ThenBy(one => one.Pair.Second, StringComparer.Ordinal).First().Pair;
            joined.Add((left, right));
            foreach (List<string> word in cut)
            {
                for (int i = 0; i + 1 < word.Count; i++)
                {
                    if (word[i] != left || word[i + 1] != right) continue;
                    word[i] = left + right;
                    word.RemoveAt(i + 1);
                }
            }
        }
        return joined;
    }

    [Theory]
    [InlineData(1, 200, "ab", 40)]
    [InlineData(2, 300, "abcd", 200)]
    [InlineData(3, 400, "abcdefgh", 150)]
    [InlineData(4, 30, "aaab", 1000)]
    public void Pairs_are_those_of_the_slow_learner(ulong seed, int count, string letters, int merges)
    {
        List<string> words = Draw(seed, count, letters);
        BytePairEncoding learnt = BytePairEncoding.Learn(Count(words), merges);
        Assert.Equal(Slow(words, merges), learnt.Merges);
        foreach (string word in words.Concat(Draw(seed + 100, 50, letters + "xyz")))
        {
            List<string> pieces = [.. word[..^1].Select(letter => letter.ToString()), word[^1] + " "];
            foreach (var (left, right) in learnt.Merges)
                for (int i = 0; i + 1 < pieces.Count; i++)
                    if (pieces[i] == left && pieces[i + 1] == right)
                    {
                        pieces[i] = left + right;
                        pieces.RemoveAt(i + 1);
                    }
            Assert.Equal(pieces, learnt.Encode(word));
        }
    }

    [Fact]
    public void The_papers_example()
    {
        // Sennrich et al. 2016, section 3.2: low 5, lower 2, newest 6, widest 3; where counts are equal (e s, s t, t end: 9 each) the ordinal order decides.
        BytePairEncoding learnt = BytePairEncoding.Learn(Count([.. Times("low", 5), .. Times("lower", 2), .. Times("newest", 6), .. Times("widest", 3)]), 3);
        Assert.Equal([("e", "s"), ("es", "t "), ("l", "o")], learnt.Merges);
        Assert.Equal(["lo", "w", "est "], learnt.Encode("lowest"));

        static IEnumerable<string> Times(string word, int times) => Enumerable.Repeat(word, times);
    }

    [Fact]
    public void Pieces_joined_are_the_text()
    {
        string[] words = ["straße", "größe", "größer", "größen", "straßen", "@@", "▁", "😀😀", "a\u0301", "x"];
        BytePairEncoding learnt = BytePairEncoding.Learn(Count([.. words, .. words]), 12);
        Assert.Equal(string.Join(' ', words), BytePairEncoding.Decode(words.SelectMany(word => learnt.Encode(word))));
        Assert.Equal("", BytePairEncoding.Decode([]));
        Assert.Empty(learnt.Encode(""));
        Assert.DoesNotContain(words.SelectMany(word => learnt.Encode(word)), piece => char.IsLowSurrogate(piece[0]));
    }

    [Fact]
    public void What_a_file_keeps_encodes_alike()
    {
        List<string> words = Draw(5, 500, "abcdefg\"\\ü");
        BytePairEncoding learnt = BytePairEncoding.Learn(Count(words), 100), read = BytePairEncoding.FromJson(learnt.ToJson(), "model");
        Assert.Equal(learnt.Merges, read.Merges);
        Assert.All(words, word => Assert.Equal(learnt.Encode(word), read.Encode(word)));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[\"a\"]")]
    [InlineData("[\"a\",\"\"]")]
    [InlineData("[1,2]")]
    [InlineData("[")]
    public void Damaged_pairs_are_told(string json) =>
        Assert.StartsWith("subwords: damaged", Assert.Throws<BadInputException>(() => BytePairEncoding.FromJson(json, "subwords")).Message);
}
