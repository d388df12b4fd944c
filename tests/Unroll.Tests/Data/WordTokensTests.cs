using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Unroll.Data;

namespace Unroll.Tests.Data;

public sealed class WordTokensTests
{
    private static List<string> Cut(string text)
    {
        var tokens = new List<string>();
        for (int at = 0; at < text.Length; at += tokens[^1].Length) tokens.Add(text.Substring(at, WordTokens.First(text.AsSpan(at))));
        return tokens;
    }

    [Theory]
    [InlineData("Don't stop, he said.\nGo!", "Don't| stop|,| he| said|.|\n|Go|!")]
    [InlineData("pi is 3.14, well-known", "pi| is| 3.14|,| well-known")]
    [InlineData("    return x;\r\n\r\n\tend", "   | return| x|;|\r\n|\r\n|\t|end")]
    [InlineData(" = Title = \n", " =| Title| =| \n")]
    [InlineData("naïve café 日本語 a\u0301b", "naïve| café| 日本語| a\u0301b")]
    [InlineData("a  \n b   ", "a| | \n| b|   ")]
    [InlineData("x=>y))", "x|=>|y|))")]
    [InlineData("a \t b", "a| |\t| b")]
    public void Text_is_cut_into_words_signs_and_breaks(string text, string tokens) => Assert.Equal(tokens, string.Join('|', Cut(text)));

    [Fact]
    public void The_tokens_of_any_text_joined_are_the_text()
    {
        var pieces = Gen.Elements("a", "B9", " ", "  ", "\n", "\r\n", "\r", "\t", ",", "…", "'", "’", ".", "-", "é", "\u0301", "𝛼", "<unk>", "\u00A0", "\u2028");
        Prop.ForAll(Gen.ArrayOf(pieces).ToArbitrary(), parts =>
        {
            string text = string.Concat(parts);
            return string.Concat(Cut(text)) == text;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void No_token_parts_a_character()
    {
        foreach (string token in Cut("a𝛼𝛽 𝛾,😀😀 x")) Assert.Equal(token, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(token)));
    }
}
