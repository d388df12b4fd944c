namespace Unroll.Tasks.Tests;

public sealed class NearestWordTests
{
    private static readonly string[] Words = ["train", "evaluate", "generate", "inspect", "lstm", "gru", "--learning-rate", "--layers"];

    [Theory]
    [InlineData("trian", "train")]
    [InlineData("tain", "train")]
    [InlineData("TRAIN", "train")]
    [InlineData("evalute", "evaluate")]
    [InlineData("lsmt", "lstm")]
    [InlineData("gur", "gru")]
    [InlineData("gen", "generate")]
    [InlineData("--learningrate", "--learning-rate")]
    [InlineData("--learn", "--learning-rate")]
    [InlineData("xyz", null)]
    [InlineData("banana", null)]
    [InlineData("", null)]
    public void The_nearest_word_is_found_only_when_one_is_near(string typed, string? word) => Assert.Equal(word, NearestWord.Find(typed, Words));

    [Fact]
    public void A_suggestion_is_a_sentence_or_nothing()
    {
        Assert.Equal(" Did you mean 'gru'?", NearestWord.Suggest("grü", Words));
        Assert.Equal("", NearestWord.Suggest("banana", Words));
    }
}
