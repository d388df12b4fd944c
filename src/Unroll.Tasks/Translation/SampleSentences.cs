using Unroll.Tensors;

namespace Unroll.Tasks.Translation;

/// <summary>
/// Pairs of sentences of an English and a made-up language, to be learned when no data is given. The made-up one puts the verb at the end, adjectives behind their noun, marks adjectives and articles
/// with the noun's gender, the object with a case and the past by a word at the beginning: words move, and one word's form depends on another.
/// </summary>
internal static class SampleSentences
{
    private static readonly (string English, string Other, bool Feminine)[] Nouns =
    [
        ("dog", "karu", false), ("cat", "mila", true), ("bird", "piro", false), ("child", "sena", true), ("woman", "dala", true), ("man", "toru", false),
        ("horse", "veko", false), ("fish", "luma", true), ("teacher", "radu", false), ("farmer", "hoko", false), ("tree", "busa", true), ("house", "komo", false),
    ];

    private static readonly (string English, string Other)[] Adjectives = [("small", "nit"), ("big", "gar"), ("old", "vel"), ("red", "ros"), ("black", "mur"), ("happy", "lit"), ("quiet", "sam")];

    private static readonly (string Present, string Past, string Other)[] Verbs = [("sees", "saw", "videt"), ("follows", "followed", "sekut"), ("finds", "found", "trovat"), ("paints", "painted", "pintat"), ("likes", "liked", "amat"), ("hears", "heard", "audat")];

    private static readonly (string English, string Other)[] Places = [("in the garden", "hortun"), ("near the river", "flumun"), ("on the hill", "kolun"), ("behind the school", "skolun")];

    /// <summary>Pairs, drawn at random.</summary>
    public static SentencePair[] Draw(RandomState random, int count) => [.. Enumerable.Range(0, count).Select(_ => Draw(random))];

    private static SentencePair Draw(RandomState random)
    {
        var (subject, otherSubject) = Phrase(random, "");
        var (objects, otherObject) = Phrase(random, "n");
        var (present, past, verb) = Verbs[random.NextInt(Verbs.Length)];
        bool isPast = random.NextInt(2) == 0;
        string source = $"{subject} {(isPast ? past : present)} {objects}", target = $"{(isPast ? "ta " : "")}{otherSubject} {otherObject}";
        if (random.NextInt(2) == 0)
        {
            var (place, other) = Places[random.NextInt(Places.Length)];
            source += $" {place}";
            target += $" {other}";
        }
        return new SentencePair($"{source} .", $"{target} {verb} .");
    }

    private static (string English, string Other) Phrase(RandomState random, string ending)
    {
        var (noun, other, feminine) = Nouns[random.NextInt(Nouns.Length)];
        bool isDefinite = random.NextInt(2) == 0;
        string gender = feminine ? "a" : "o", before = "", behind = "";
        int first = random.NextInt(Adjectives.Length);
        for (int i = random.NextInt(3); i > 0; i--)
        {
            var (adjective, otherAdjective) = Adjectives[(first + i) % Adjectives.Length];
            before += $"{adjective} ";
            behind = $" {otherAdjective}{gender}{ending}{behind}";
        }
        return ($"{(isDefinite ? "the" : "a")} {before}{noun}", $"{(isDefinite ? "l" : "un")}{gender} {other}{ending}{behind}");
    }
}
