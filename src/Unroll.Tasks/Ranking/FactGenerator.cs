using Unroll.Tensors;

namespace Unroll.Tasks.Ranking;

/// <summary>Questions about people made from a seed. All candidates name the person asked about, and one has the same words as the right one in another order, so that counting
/// shared words is not enough: what is asked for, and who did it to whom, has to be read.</summary>
internal static class FactGenerator
{
    private static readonly string[] Names = ["Alma", "Bruno", "Clara", "Dario", "Edda", "Felix", "Greta", "Hugo", "Irma", "Jonas", "Kira", "Linus", "Maren", "Nils", "Olga", "Paul", "Quirin", "Rosa", "Sven", "Thea"];
    private static readonly string[] Towns = ["Aldern", "Brook", "Castel", "Dunmoor", "Elmen", "Farwick", "Gorm", "Hollin"];
    private static readonly string[] Trades = ["baker", "smith", "tailor", "painter", "potter", "clerk", "miller", "sailor"];

    /// <summary>A verb that two people share out, {0} doing it to {1}.</summary>
    private static readonly (string Did, string Do)[] Deeds = [("taught", "teach"), ("met", "meet"), ("helped", "help"), ("painted", "paint"), ("followed", "follow")];

    /// <summary>An attribute: ways to ask for it, and ways to tell it; {0} is the person, {1} the value.</summary>
    private static readonly (string[] Asked, string[] Told, Func<RandomState, string> Value)[] Attributes =
    [
        (["Where does {0} live?", "In which town is the home of {0}?"], ["{0} has a house in {1}.", "For years {0} has rented a room in {1}."], random => Pick(random, Towns)),
        (["When was {0} born?", "What is the year of birth of {0}?"], ["{0} came into the world in {1}.", "The parents of {0} had their first child in {1}."], random => $"{1800 + random.NextInt(150)}"),
        (["What does {0} do for a living?", "Which trade did {0} learn?"], ["{0} works as a {1}.", "As a {1}, {0} is up before dawn."], random => Pick(random, Trades)),
        (["When did {0} die?", "What is the year of death of {0}?"], ["{0} was buried in {1}.", "The last letter of {0} is of {1}."], random => $"{1800 + random.NextInt(150)}"),
    ];

    /// <summary>Makes questions.</summary>
    public static IReadOnlyList<AskedQuestion> Generate(RandomState random, int count) => [.. Enumerable.Range(0, count).Select(i => i % 2 == 0 ? OfAttribute(random) : OfDeed(random))];

    private static AskedQuestion OfAttribute(RandomState random)
    {
        string name = Pick(random, Names);
        int asked = random.NextInt(Attributes.Length);
        var candidates = new List<AnswerCandidate>();
        for (int i = 0; i < Attributes.Length; i++) candidates.Add(new AnswerCandidate(Told(random, i, name), i == asked));
        candidates.Add(new AnswerCandidate(Deed(random, Deeds[random.NextInt(Deeds.Length)].Did, name, Other(random, name)), false));
        return Mixed(random, Format(Pick(random, Attributes[asked].Asked), name), candidates);
    }

    private static AskedQuestion OfDeed(RandomState random)
    {
        string name = Pick(random, Names), other = Other(random, name);
        (string did, string present) = Deeds[random.NextInt(Deeds.Length)];
        bool isDoer = random.NextInt(2) == 0;
        // The one asked about did it, or had it done; the same words the other way round are wrong.
        List<AnswerCandidate> candidates =
        [
            new(Deed(random, did, name, other), isDoer),
            new(Deed(random, did, other, name), !isDoer),
            new(Told(random, random.NextInt(Attributes.Length), name), false),
            new(Told(random, random.NextInt(Attributes.Length), other), false),
        ];
        return Mixed(random, isDoer ? $"Whom did {name} {present}?" : $"Who {did} {name}?", candidates);
    }

    private static string Deed(RandomState random, string did, string doer, string other) => $"{doer} {did} {other} in {Pick(random, Towns)}.";

    private static string Told(RandomState random, int attribute, string name) => Format(Pick(random, Attributes[attribute].Told), name).Replace("{1}", Attributes[attribute].Value(random), StringComparison.Ordinal);

    private static string Format(string text, string name) => text.Replace("{0}", name, StringComparison.Ordinal);

    private static AskedQuestion Mixed(RandomState random, string question, List<AnswerCandidate> candidates)
    {
        AnswerCandidate[] mixed = [.. candidates];
        int[] order = [.. Enumerable.Range(0, mixed.Length)];
        random.Shuffle(order);
        return new AskedQuestion(question, [.. order.Select(i => mixed[i])]);
    }

    private static string Other(RandomState random, string name)
    {
        string other = Pick(random, Names);
        return other == name ? Other(random, name) : other;
    }

    private static string Pick(RandomState random, string[] from) => from[random.NextInt(from.Length)];
}
