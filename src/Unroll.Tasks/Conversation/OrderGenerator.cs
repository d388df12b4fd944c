using Unroll.Tensors;

namespace Unroll.Tasks.Conversation;

/// <summary>Conversations at a counter made from a seed: what is ordered must be remembered over turns to be read back.</summary>
internal static class OrderGenerator
{
    private static readonly string[] Drinks = ["coffee", "tea", "cocoa", "lemonade"], Sizes = ["small", "large"], Names = ["Ada", "Linus", "Grace", "Alan", "Barbara"];
    private static readonly string[] Greetings = ["Good morning.", "Hello!", "Hi there."], Wishes = ["I would like a", "May I have a", "One", "Can I get a"];

    /// <summary>Makes conversations.</summary>
    public static IReadOnlyList<Dialogue> Generate(RandomState random, int count) => [.. Enumerable.Range(1, count).Select(number => new Dialogue([.. Turns(random)], $"sample, conversation {number}"))];

    private static IEnumerable<Turn> Turns(RandomState random)
    {
        string Pick(string[] from) => from[random.NextInt(from.Length)];
        (string drink, string size, string name) = (Pick(Drinks), Pick(Sizes), Pick(Names));
        if (random.NextInt(2) == 0)
        {
            yield return new("guest", Pick(Greetings));
            yield return new("counter", "Hello, what would you like?");
        }
        bool saysSize = random.NextInt(2) == 0;
        yield return new("guest", $"{Pick(Wishes)} {(saysSize ? size + " " : "")}{drink}, please.");
        if (!saysSize)
        {
            yield return new("counter", "Small or large?");
            yield return new("guest", $"{char.ToUpperInvariant(size[0])}{size[1..]}.");
        }
        yield return new("counter", "And your name?");
        yield return new("guest", $"{(random.NextInt(2) == 0 ? "I am " : "")}{name}.");
        yield return new("counter", $"A {size} {drink} for {name}, thank you.");
    }
}
