using Unroll.Tasks.Tagging;
using Unroll.Tensors;

namespace Unroll.Tasks.Tests.Tagging;

public sealed class EntityTagsTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("O O", "")]
    [InlineData("B-x I-x O", "0-2 x")]
    [InlineData("B-x B-x", "0-1 x, 1-2 x")]
    [InlineData("B-x I-y", "0-1 x, 1-2 y")]
    [InlineData("O I-x I-x", "1-3 x")]
    [InlineData("I-x", "0-1 x")]
    [InlineData("I-x B-x I-x", "0-1 x, 1-3 x")]
    [InlineData("I-x I-y O I-x", "0-1 x, 1-2 y, 3-4 x")]
    [InlineData("B-x I-x I-y I-y", "0-2 x, 2-4 y")]
    [InlineData("S-x S-x", "0-1 x, 1-2 x")]
    [InlineData("B-x E-x B-x I-x E-x", "0-2 x, 2-5 x")]
    [InlineData("O E-x I-x", "1-2 x, 2-3 x")]
    [InlineData("I-x E-x E-x", "0-2 x, 2-3 x")]
    [InlineData("B-x S-x I-x", "0-1 x, 1-2 x, 2-3 x")]
    [InlineData("B-two-part I-two-part", "0-2 two-part")]
    public void Entities_begin_and_end_as_in_conlleval(string tags, string expected) =>
        Assert.Equal(expected, string.Join(", ", EntityTags.Spans(Split(tags)).Select(span => $"{span.Start}-{span.End} {span.Type}")));

    [Theory]
    [InlineData("I-x I-x O I-x B-x", "B-x I-x O B-x B-x", "B-x E-x O S-x S-x")]
    [InlineData("B-x I-y", "B-x B-y", "S-x S-y")]
    [InlineData("B-x I-x I-x", "B-x I-x I-x", "B-x I-x E-x")]
    [InlineData("S-x B-y E-y O", "B-x B-y I-y O", "S-x B-y E-y O")]
    public void Schemes_are_converted_by_way_of_the_entities(string tags, string bio, string bioes)
    {
        Assert.Equal(Split(bio), EntityTags.Convert(Split(tags), EntityScheme.Bio));
        Assert.Equal(Split(bioes), EntityTags.Convert(Split(tags), EntityScheme.Bioes));
        Assert.Equal(Split(tags), EntityTags.Convert(Split(tags), EntityScheme.None));
        Assert.Equal(Split(bio), EntityTags.Convert(EntityTags.Convert(Split(tags), EntityScheme.Bioes), EntityScheme.Bio));
    }

    [Theory]
    [InlineData("B-x I-x O", EntityScheme.Bio)]
    [InlineData("O S-x B-y I-y E-y", EntityScheme.Bioes)]
    [InlineData("I-x O", EntityScheme.None)]
    [InlineData("S-x B-x", EntityScheme.None)]
    [InlineData("O O", EntityScheme.None)]
    [InlineData("NOUN VERB", EntityScheme.None)]
    [InlineData("B-x X", EntityScheme.None)]
    public void The_scheme_is_the_one_whose_rules_are_kept(string tags, object scheme) => Assert.Equal((EntityScheme)scheme, EntityTags.SchemeOf([Split(tags), []]));

    [Fact]
    public void What_may_follow_is_what_conversion_can_give()
    {
        // Over all sequences of three tags: the rules are kept exactly when writing the sequence's entities in the scheme gives it back.
        string[] names = ["O", "B-x", "I-x", "E-x", "S-x", "B-y", "I-y", "E-y", "S-y"];
        foreach (EntityScheme scheme in new[] { EntityScheme.Bio, EntityScheme.Bioes })
            foreach (string a in names)
                foreach (string b in names)
                    foreach (string c in names)
                    {
                        bool kept = EntityTags.MayFollow(null, a, scheme) && EntityTags.MayFollow(a, b, scheme) && EntityTags.MayFollow(b, c, scheme) && EntityTags.MayFollow(c, null, scheme);
                        Assert.Equal(EntityTags.Convert([a, b, c], scheme).SequenceEqual([a, b, c]), kept);
                    }
    }

    [Fact]
    public void Entities_are_counted_as_conlleval_counts_them()
    {
        var random = new RandomState(2);
        string[] names = ["O", "B-x", "I-x", "B-y", "I-y"];
        for (int round = 0; round < 300; round++)
        {
            var score = new EntityScore();
            (string Gold, string Found)[] rows = [];
            for (int sentence = random.NextInt(4); sentence >= 0; sentence--)
            {
                string[] gold = [.. Enumerable.Range(0, random.NextInt(8)).Select(_ => names[random.NextInt(5)])];
                string[] found = [.. gold.Select(tag => random.NextInt(3) > 0 ? tag : names[random.NextInt(5)])];
                score.Add(gold, found);
                rows = [.. rows, .. gold.Zip(found), ("O", "O")];
            }
            Assert.Equal(CountAsTheScriptDoes(rows), score.Total);
            Assert.Equal(score.Total, score.ByType.Values.Aggregate(default(EntityScore.Counts), (sum, counts) => sum + counts));
        }
    }

    [Fact]
    public void Precision_recall_and_F1_of_known_counts()
    {
        var score = new EntityScore();
        score.Add(Split("B-x I-x O B-y O"), Split("B-x I-x O B-x B-y"));
        Assert.Equal(new EntityScore.Counts(2, 3, 1), score.Total);
        Assert.Equal(1 / 3.0, score.Total.Precision, 1e-12);
        Assert.Equal(0.5, score.Total.Recall, 1e-12);
        Assert.Equal(0.4, score.Total.F1, 1e-12);
        Assert.Equal(new EntityScore.Counts(1, 2, 1), score.ByType["x"]);
        Assert.Equal(new EntityScore.Counts(1, 1, 0), score.ByType["y"]);
        Assert.Equal((0, 0, 0), (new EntityScore().Total.Precision, new EntityScore().Total.Recall, new EntityScore().Total.F1));
    }

    [Fact]
    public void The_twelve_tags_are_a_mapping_of_the_seventeen()
    {
        Assert.Equal(["NOUN", "NOUN", "VERB", "VERB", "CONJ", "CONJ", "PRT", ".", "X", "X"],
            new[] { "NOUN", "PROPN", "VERB", "AUX", "CCONJ", "SCONJ", "PART", "PUNCT", "SYM", "INTJ" }.Select(tag => UniversalTags.Map(tag, "here")));
        Assert.Equal("PRT", UniversalTags.Map("PRT", "here"));
        Assert.StartsWith("file:3: the tag 'NN'", Assert.Throws<BadInputException>(() => UniversalTags.Map("NN", "file:3")).Message, StringComparison.Ordinal);
    }

    /// <summary>The counting of the script, token by token, as its documentation tells it: a right entity is one that opens and closes at the same places in both columns with
    /// the same type and no difference between.</summary>
    private static EntityScore.Counts CountAsTheScriptDoes((string Gold, string Found)[] rows)
    {
        int gold = 0, found = 0, correct = 0;
        bool inside = false;
        (string Gold, string Found) last = ("O", "O");
        foreach ((string Gold, string Found) row in rows)
        {
            bool goldCloses = Closes(last.Gold, row.Gold), foundCloses = Closes(last.Found, row.Found);
            if (inside && goldCloses && foundCloses && Type(last.Gold) == Type(last.Found)) (inside, correct) = (false, correct + 1);
            else if (inside && (goldCloses != foundCloses || Type(row.Gold) != Type(row.Found))) inside = false;
            bool goldOpens = Opens(last.Gold, row.Gold), foundOpens = Opens(last.Found, row.Found);
            if (goldOpens && foundOpens && Type(row.Gold) == Type(row.Found)) inside = true;
            gold += goldOpens ? 1 : 0;
            found += foundOpens ? 1 : 0;
            last = row;
        }
        return new EntityScore.Counts(gold, found, inside ? correct + 1 : correct);

        static string Type(string tag) => tag == "O" ? "" : tag[2..];
        static bool Closes(string before, string now) => (before[0], now[0]) is ('B' or 'I', 'B' or 'O') || (before != "O" && Type(before) != Type(now));
        static bool Opens(string before, string now) => now[0] == 'B' || (before == "O" && now[0] == 'I') || (now != "O" && Type(before) != Type(now));
    }

    private static string[] Split(string tags) => tags.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
