using Unroll.Decoding;

namespace Unroll.Tasks;

/// <summary>The options by which models that write draw what they write.</summary>
internal static class WritingOptions
{
    private const string Chance = "Chance";

    /// <summary>How much to write.</summary>
    public static TaskOption Length { get; } = new("length", OptionKind.Whole, "symbols to write") { Default = "500", Minimum = 0, Group = "Text" };

    /// <summary>How daring.</summary>
    public static TaskOption Temperature { get; } = new("temperature", OptionKind.Number, "below 1 careful, above 1 daring; 0 takes the likeliest always") { Default = "0.8", Minimum = 0, Placeholder = "T", Group = Chance };

    /// <summary>How many may be drawn.</summary>
    public static TaskOption TopK { get; } = new("top-k", OptionKind.Whole, "draw from the K likeliest only; 0 for all") { Default = "0", Minimum = 0, Placeholder = "K", Group = Chance };

    /// <summary>How much probability may be drawn from.</summary>
    public static TaskOption TopP { get; } = new("top-p", OptionKind.Number, "draw from the fewest that together have probability P") { Default = "1", Minimum = 1e-9, Maximum = 1, Placeholder = "P", Group = Chance };

    /// <summary>What chance is drawn from.</summary>
    public static TaskOption Seed { get; } = new("seed", OptionKind.Whole, "the same seed writes the same text") { Default = "1", Minimum = 0, Group = Chance };

    /// <summary>All of them, as a conversation's replies have them.</summary>
    public static IReadOnlyList<TaskOption> OfReplies { get; } = [Length with { Help = "the most words of a reply", Default = "60", Minimum = 1 }, Temperature with { Default = "0" }, TopK, TopP, Seed];

    /// <summary>How settings let symbols be drawn.</summary>
    public static SamplingOptions SamplingOf(TaskSettings settings) => new(settings.Number(Temperature.Name), settings.Whole(TopK.Name), settings.Number(TopP.Name));

    /// <summary>What chance is drawn from.</summary>
    public static ulong SeedOf(TaskSettings settings) => (ulong)settings.Whole(Seed.Name);

    /// <summary>How settings let replies be made.</summary>
    public static ReplyOptions RepliesOf(TaskSettings settings) => new() { Length = settings.Whole(Length.Name), Sampling = SamplingOf(settings), Seed = SeedOf(settings) };
}
