using Unroll.Tasks.Translation;
using Unroll.Tensors;

namespace Unroll.Tasks.Tests.Translation;

public sealed class BleuTests
{
    private static double Score(params (string Translation, string Reference)[] corpus)
    {
        var bleu = new Bleu();
        foreach (var (translation, reference) in corpus) bleu.Add(Words(translation), Words(reference));
        return bleu.Score;
    }

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The definition, step by step: of a translation's n-grams each may use up one of the reference's.</summary>
    private static double Slow((string Translation, string Reference)[] corpus)
    {
        double product = 1, smoothing = 1;
        int length = corpus.Sum(pair => Words(pair.Translation).Length), wanted = corpus.Sum(pair => Words(pair.Reference).Length);
        for (int order = 1; order <= 4; order++)
        {
            int matches = 0, total = 0;
            foreach (var (translation, reference) in corpus)
            {
                List<string> left = Grams(Words(reference), order);
                foreach (string gram in Grams(Words(translation), order))
                {
                    total++;
                    if (left.Remove(gram)) matches++;
                }
            }
            if (total == 0 || order == 1 && matches == 0) return 0;
            if (matches == 0) smoothing /= 2;
            product *= (matches == 0 ? smoothing : matches) / total;
        }
        return 100 * Math.Pow(product, 0.25) * Math.Min(1, Math.Exp(1 - (double)wanted / length));

        static List<string> Grams(string[] words, int order) => [.. Enumerable.Range(0, Math.Max(0, words.Length - order + 1)).Select(i => string.Join(' ', words[i..(i + order)]))];
    }

    [Fact]
    public void Equal_texts_score_100()
    {
        Assert.Equal(100, Score(("a b c d e", "a b c d e"), ("f", "f")), 1e-9);
    }

    [Fact]
    public void A_score_worked_out_by_hand()
    {
        // 1-grams 5/6 (the second "the" is used up), 2-grams 3/5, 3-grams 1/4, 4-grams 0 of 3, smoothed to a half; as long as the reference.
        Assert.Equal(100 * Math.Pow(5.0 / 6 * 3 / 5 * 1 / 4 * (0.5 / 3), 0.25), Score(("the cat sat on the mat", "the cat is on the mat")), 1e-9);
    }

    [Fact]
    public void Short_translations_are_penalised()
    {
        Assert.Equal(100 * Math.Exp(1 - 6.0 / 4), Score(("a b c d", "a b c d e f")), 1e-9);
        var bleu = new Bleu();
        bleu.Add(["a"], ["a", "b"]);
        Assert.Equal((Math.Exp(-1), 1L, 2L), (bleu.BrevityPenalty, bleu.Length, bleu.ReferenceLength));
    }

    [Fact]
    public void Nothing_in_common_or_too_short_for_4_grams_is_0()
    {
        Assert.Equal(0, Score());
        Assert.Equal(0, Score(("", "a b")));
        Assert.Equal(0, Score(("a b c d e", "f g h i j")));
        Assert.Equal(0, Score(("a b c", "a b c")));
    }

    [Fact]
    public void Drawn_corpora_score_as_the_definition_says()
    {
        var random = new RandomState(3);
        for (int trial = 0; trial < 300; trial++)
        {
            int letters = 2 + random.NextInt(6);
            var corpus = Enumerable.Range(0, 1 + random.NextInt(4)).Select(_ => (Draw(), Draw())).ToArray();
            Assert.Equal(Slow(corpus), Score(corpus), 1e-9);

            string Draw() => string.Join(' ', Enumerable.Range(0, random.NextInt(12)).Select(_ => (char)('a' + random.NextInt(letters))));
        }
    }
}
