using Unroll.Data;

namespace Unroll.Tests.Data;

public sealed class TokenVocabularyTests
{
    private static SymbolCounts Counts(string text)
    {
        var counts = new SymbolCounts();
        foreach (string word in text.Split(' ')) counts.Add(word);
        return counts;
    }

    [Fact]
    public void Special_tokens_come_first_then_the_frequent_ones()
    {
        var words = TokenVocabulary.Build(Counts("b a c a b a d </s>"), ["<unk>", "</s>"], minimumCount: 2);
        Assert.Equal(["<unk>", "</s>", "a", "b"], words.Tokens);
        Assert.Equal((2, 0, 1), (words.NumberOf("a"), words.NumberOf("c"), words.NumberOf("</s>")));
        Assert.False(words.Contains("c"));
        Assert.Equal(["<unk>", "a"], TokenVocabulary.Build(Counts("b a c a b a d"), ["<unk>"], maximumSize: 1).Tokens);
        Assert.Equal(-1, TokenVocabulary.Build(Counts("a"), []).NumberOf("b"));
    }

    [Fact]
    public void A_vocabulary_comes_back_from_its_JSON_and_damage_is_refused()
    {
        var words = TokenVocabulary.Build(Counts("é \" \\ a"), ["<unk>"]);
        Assert.Equal(words.Tokens, TokenVocabulary.FromJson(words.ToJson(), "words").Tokens);
        foreach (string damaged in new[] { "[", "{}", "[1]", "[null]", "[\"a\",\"a\"]" })
            Assert.StartsWith("words: ", Assert.Throws<BadInputException>(() => TokenVocabulary.FromJson(damaged, "words")).Message);
    }
}
