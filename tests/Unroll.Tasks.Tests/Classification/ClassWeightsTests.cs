using Unroll.Data;
using Unroll.Tasks.Classification;

namespace Unroll.Tasks.Tests.Classification;

public sealed class ClassWeightsTests
{
    private static (TokenVocabulary Labels, SymbolCounts Counts) Counted(params string[] texts)
    {
        var counts = new SymbolCounts();
        foreach (string label in texts) counts.Add(label);
        return (TokenVocabulary.Build(new SymbolCounts(), [.. texts.Distinct()]), counts);
    }

    private static float[]? Of(string option)
    {
        var (labels, counts) = Counted("a", "a", "a", "b", "a:b", "a:b");
        return ClassWeights.Of(ClassWeights.Option.Read(option), labels, counts);
    }

    [Fact]
    public void Weights_are_none_balanced_or_named()
    {
        Assert.Null(Of("none"));
        // Six texts, three labels.
        Assert.Equal([6f / (3 * 3), 6f / (3 * 1), 6f / (3 * 2)], Of("balanced")!);
        Assert.Equal([1, 2.5f, 1], Of("b:2.5")!);
        Assert.Equal([0.5f, 1, 3], Of("a:0.5, a:b:3")!);
    }

    [Theory]
    [InlineData("balance")]
    [InlineData("b:0")]
    [InlineData("b:-1")]
    [InlineData("b:x")]
    [InlineData("b:1,")]
    [InlineData(":1")]
    public void Other_words_are_refused_with_what_was_expected(string option) =>
        Assert.Contains($"--class-weights {option}: expected none, balanced, or LABEL:WEIGHT", Assert.Throws<BadUsageException>(() => Of(option)).Message);

    [Fact]
    public void A_label_that_there_is_not_is_refused_with_those_that_there_are() =>
        Assert.Contains("no text has the label 'c'; the labels are a, b, a:b.", Assert.Throws<BadUsageException>(() => Of("c:2")).Message);

    [Fact]
    public void Weights_come_back_from_a_model_file_and_damage_is_found()
    {
        float[] weights = [0.1f, 7, 1f / 3];
        Assert.Equal(weights, ClassWeights.FromText(ClassWeights.ToText(weights), 3));
        foreach (string damaged in new[] { "", "1 2", "1 2 x", "1 2 0", "1 2 -3", "1 2 NaN" })
            Assert.Contains("damaged", Assert.Throws<BadInputException>(() => ClassWeights.FromText(damaged, 3)).Message);
    }
}
