using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Unroll.Data;

namespace Unroll.Tests.Data;

public sealed class VocabularyTests
{
    private static Vocabulary Build(TextLevel level, string text, int minimum = 1, int maximum = 0) =>
        Vocabulary.Build(level, Encoding.UTF8.GetBytes(text), minimum, maximum);

    private static string[] Symbols(Vocabulary vocabulary) => [.. Enumerable.Range(0, vocabulary.Count).Select(i => vocabulary[i])];

    /// <summary>The convention of the published perplexities on the Penn Treebank and WikiText-2.</summary>
    [Theory]
    [InlineData(" = Title = \n \n the <unk> cat .\n", "= Title = <eos> <eos> the <unk> cat . <eos>")]
    [InlineData("a\r\nb\rc\t d\u00a0e", "a <eos> b <eos> c d e")]
    [InlineData("\n\n", "<eos> <eos>")]
    [InlineData("a <eos>\n", "a <eos> <eos>")]
    public void Tokens_are_what_white_space_separates_and_each_line_end_is_one(string text, string expected)
    {
        var vocabulary = Build(TextLevel.Token, text);
        int[] symbols = vocabulary.Encode(text).Symbols;
        Assert.Equal(expected, string.Join(' ', symbols.Select(symbol => vocabulary[symbol])));
        Assert.Equal(0, vocabulary.Unknown);
        Assert.Equal("<eos>", vocabulary[vocabulary.LineEnd]);
        Assert.Equal(Symbols(vocabulary), Symbols(Vocabulary.FromJson(vocabulary.ToJson())));
        Assert.Equal(string.Join(' ', expected.Split(' ')).Replace(" <eos>", "\n").Replace("<eos>", "\n").Replace("\n ", "\n"), vocabulary.Decode(symbols));
    }

    [Fact]
    public void A_token_that_is_not_known_is_the_unknown_one_and_one_with_white_space_is_refused()
    {
        var vocabulary = Build(TextLevel.Token, "the cat\n");
        EncodedText text = vocabulary.Encode("the dog <unk>\n");
        Assert.Equal([vocabulary.IndexOf("the"), 0, 0, vocabulary.LineEnd], text.Symbols);
        Assert.Equal((4, 1), (text.Length, text.Unknown));
        Assert.Throws<BadInputException>(() => Vocabulary.FromJson(vocabulary.ToJson().Replace("cat", "c at")));
        Assert.Equal(-1, Build(TextLevel.Token, "no line end").LineEnd);
    }

    [Fact]
    public void The_lecture_has_four_symbols()
    {
        var vocabulary = Build(TextLevel.Char, "hello");
        Assert.Equal(["e", "h", "l", "o"], Symbols(vocabulary));
        Assert.Equal(-1, vocabulary.Unknown);
        Assert.Equal([1, 0, 2, 2, 3], vocabulary.Encode("hello").Symbols);
        Assert.Equal("hello", vocabulary.Decode([1, 0, 2, 2, 3]));
    }

    [Fact]
    public void A_character_is_a_unicode_scalar_and_they_stand_in_the_order_of_their_codes()
    {
        var vocabulary = Build(TextLevel.Char, "𝛼z\uFF5Eé𝛼");
        Assert.Equal(["z", "é", "\uFF5E", "𝛼"], Symbols(vocabulary));
        Assert.Equal("𝛼é", vocabulary.Decode(vocabulary.Encode("𝛼é").Symbols));
    }

    [Fact]
    public void Characters_can_stand_by_falling_frequency() =>
        Assert.Equal(["l", "o", "e", "h"], Symbols(Vocabulary.Build(TextLevel.Char, "hellolol"u8, byFrequency: true)));

    [Fact]
    public void Characters_left_out_become_the_unknown_symbol()
    {
        var vocabulary = Build(TextLevel.Char, "aaabbc", minimum: 2);
        Assert.Equal(["<unk>", "a", "b"], Symbols(vocabulary));
        var text = vocabulary.Encode("abcd");
        Assert.Equal([1, 2, 0, 0], text.Symbols);
        Assert.Equal((4, 2), (text.Length, text.Unknown));
        Assert.Equal(["<unk>", "a"], Symbols(Build(TextLevel.Char, "aaabbc", maximum: 1)));
    }

    [Fact]
    public void Without_an_unknown_symbol_unknown_characters_are_left_out_counted_and_named()
    {
        var text = Build(TextLevel.Char, "hello").Encode("hey\u0007yow y");
        Assert.Equal([1, 0, 3], text.Symbols);
        Assert.Equal((9, 6), (text.Length, text.Unknown));
        Assert.Equal("6 of 9 symbols are not in the vocabulary: 'y' ×3, '\\u{7}' ×1, …", text.DescribeUnknown(2));
        Assert.Null(Build(TextLevel.Char, "hello").Encode("hole").DescribeUnknown());
    }

    [Fact]
    public void Words_stand_by_falling_frequency_with_the_unknown_word_first()
    {
        var vocabulary = Build(TextLevel.Word, "the cat and the dog and the bird\n", minimum: 2);
        Assert.Equal(["<unk>", " and", " the"], Symbols(vocabulary));
        var text = vocabulary.Encode("a cat and a dog");
        Assert.Equal([0, 0, 1, 0, 0], text.Symbols);
        Assert.Equal([new(" a", 1), new(" cat", 1), new(" dog", 1), new("a", 1)], text.MostFrequentUnknown);
        Assert.Equal("<unk> <unk> and <unk> <unk>", vocabulary.Decode(text.Symbols));
    }

    [Fact]
    public void An_unknown_word_written_out_in_a_text_is_the_unknown_symbol_and_not_counted()
    {
        var vocabulary = Build(TextLevel.Word, "a <unk> b\n");
        Assert.Equal(["<unk>", "\n", " b", "a"], Symbols(vocabulary));
        var text = vocabulary.Encode("a <unk> b\n");
        Assert.Equal([3, 0, 2, 1], text.Symbols);
        Assert.Equal(0, text.Unknown);
        Assert.Equal("a <unk> b\n", vocabulary.Decode(text.Symbols));
    }

    [Fact]
    public void Known_text_survives_encoding_and_decoding_at_every_level_that_keeps_white_space()
    {
        var pieces = Gen.Elements("a", "Ω", " ", "\n", "\r\n", "\t", ",", "'", "-", "𝛼", "word", "  ");
        Prop.ForAll(Gen.NonEmptyListOf(pieces).ToArbitrary(), parts =>
        {
            string text = string.Concat(parts);
            return Enum.GetValues<TextLevel>().Where(level => level != TextLevel.Token).All(level =>
            {
                var vocabulary = Build(level, text);
                return vocabulary.Decode(vocabulary.Encode(text).Symbols) == text && vocabulary.Encode(text).Unknown == 0;
            });
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Bytes_that_are_not_a_character_are_shown_as_one_that_is_missing()
    {
        Assert.Equal(256, Vocabulary.Bytes().Count);
        Assert.Equal("a\uFFFDb\uFFFD", Vocabulary.Bytes().Decode([0x61, 0xFF, 0x62, 0xC3]));
    }

    [Fact]
    public void A_character_is_written_only_when_all_its_bytes_are_there()
    {
        var writer = new SymbolWriter(Vocabulary.Bytes());
        string[] parts = [.. Encoding.UTF8.GetBytes("é😀").Select(b => writer.Write(b)), writer.Finish()];
        Assert.Equal(["", "é", "", "", "", "😀", ""], parts);
    }

    [Theory]
    [InlineData(TextLevel.Char, 1)]
    [InlineData(TextLevel.Char, 2)]
    [InlineData(TextLevel.Word, 1)]
    [InlineData(TextLevel.Byte, 1)]
    public void A_vocabulary_survives_its_file(TextLevel level, int minimum)
    {
        var vocabulary = Build(level, "\"q\" \\ \u0000 <b> é 😀 😀\n\"", minimum);
        var copy = Vocabulary.FromJson(vocabulary.ToJson());
        Assert.Equal(Symbols(vocabulary), Symbols(copy));
        Assert.Equal((vocabulary.Level, vocabulary.Unknown), (copy.Level, copy.Unknown));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"level":"line","unknown":false,"symbols":["a"]}""")]
    [InlineData("""{"level":"char","unknown":false,"symbols":[]}""")]
    [InlineData("""{"level":"char","unknown":false,"symbols":["a","a"]}""")]
    [InlineData("""{"level":"char","unknown":false,"symbols":["ab"]}""")]
    [InlineData("""{"level":"char","unknown":false,"symbols":[""]}""")]
    [InlineData("""{"level":"char","unknown":true,"symbols":["a"]}""")]
    [InlineData("""{"level":"char","unknown":false,"symbols":[1]}""")]
    [InlineData("""{"level":"char","unknown":false,"symbols":["\ud800"]}""")]
    public void A_damaged_vocabulary_is_refused(string json) => Assert.Throws<BadInputException>(() => Vocabulary.FromJson(json));
}
