using System.Text;
using Unroll.Data;

namespace Unroll.Tests.Data;

public sealed class TextSplitTests
{
    private static (string Training, string Validation, bool Shared) Split(string text, double share)
    {
        var split = TextSplit.Last(Encoding.UTF8.GetBytes(text), share);
        return (Encoding.UTF8.GetString(split.Training.Span), Encoding.UTF8.GetString(split.Validation.Span), split.IsShared);
    }

    [Fact]
    public void The_last_part_is_kept_and_nothing_is_lost()
    {
        string text = string.Concat(Enumerable.Range(0, 1000).Select(i => i % 10));
        var (training, validation, shared) = Split(text, 0.1);
        Assert.False(shared);
        Assert.Equal((900, 100), (training.Length, validation.Length));
        Assert.Equal(text, training + validation);
    }

    [Fact]
    public void The_cut_moves_to_the_end_of_a_line_and_never_into_a_character()
    {
        var (training, validation, _) = Split(string.Concat(Enumerable.Repeat("αβγ δεζ\n", 40)), 0.1);
        Assert.EndsWith("\n", training);
        Assert.StartsWith("αβγ", validation);
        for (int length = 60; length < 80; length++)
        {
            (training, validation, _) = Split(new string('é', length), 0.37);
            Assert.Equal(new string('é', length), training + validation);
        }
    }

    [Fact]
    public void A_text_too_short_to_spare_any_is_judged_on_itself()
    {
        Assert.Equal(("hello", "hello", true), Split("hello", 0.1));
        string text = new('x', 1000);
        Assert.Equal((text, text, true), Split(text, 0));
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1)]
    [InlineData(double.NaN)]
    public void A_share_outside_zero_to_one_is_refused(double share) =>
        Assert.Throws<BadUsageException>(() => TextSplit.Last(new byte[100], share));
}
