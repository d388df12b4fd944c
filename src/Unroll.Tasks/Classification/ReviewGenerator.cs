using Unroll.Tensors;

namespace Unroll.Tasks.Classification;

/// <summary>Short reviews made from a seed, good and bad: a negation turns what follows it round, so that counting words is not enough.</summary>
internal static class ReviewGenerator
{
    private static readonly string[] Things = ["film", "story", "cast", "music", "ending", "dialogue", "camera work", "plot", "pace", "humour"];
    private static readonly string[] Good = ["wonderful", "moving", "clever", "bright", "gripping", "warm", "sharp", "charming"];
    private static readonly string[] Bad = ["dull", "clumsy", "tired", "flat", "noisy", "empty", "slow", "confused"];
    private static readonly string[] Verbs = ["is", "was", "seemed", "felt"];
    private static readonly string[] Strength = ["", "very ", "rather ", "quite ", "truly "];
    private static readonly string[] Negation = ["not ", "never ", "hardly "];

    /// <summary>Makes reviews.</summary>
    public static IReadOnlyList<LabelledText> Generate(RandomState random, int count) => [.. Enumerable.Range(0, count).Select(i => Review(random, i % 2 == 0, i))];

    private static LabelledText Review(RandomState random, bool isGood, int number)
    {
        int clauses = 1 + random.NextInt(4);
        var parts = new string[clauses];
        for (int i = 0; i < clauses; i++)
        {
            // One clause in five disagrees where there are enough others to outweigh it.
            bool says = clauses > 2 && i == 0 && random.NextInt(5) < 2 ? !isGood : isGood, isNegated = random.NextInt(3) == 0;
            parts[i] = $"the {Pick(random, Things)} {Pick(random, Verbs)} {(isNegated ? Pick(random, Negation) : "")}{Pick(random, Strength)}{Pick(random, says != isNegated ? Good : Bad)}";
        }
        return new LabelledText(isGood ? "positive" : "negative", $"{string.Join(random.NextInt(2) == 0 ? " , " : " and ", parts)} .", $"sample, text {number + 1}");
    }

    private static string Pick(RandomState random, string[] from) => from[random.NextInt(from.Length)];
}
