using Unroll.Data;

namespace Unroll.Tasks.Examples;

/// <summary>The options by which tasks on texts choose the words they know.</summary>
internal static class WordOptions
{
    private const string Group = "Data";

    /// <summary>Whether case counts for nothing: off unless asked for.</summary>
    public static TaskOption Lower { get; } = new("lower", OptionKind.Flag, "make no difference between capital and small letters") { Group = Group };

    /// <summary>The same, on unless refused.</summary>
    public static TaskOption LowerUnlessRefused { get; } = Lower with { Help = $"{Lower.Help} [true]; --lower=false does", Default = "true" };

    /// <summary>How often a word must occur to be known.</summary>
    public static TaskOption MinimumCount { get; } = new("min-count", OptionKind.Whole, "words that occur less often are unknown") { Default = "2", Minimum = 1, Group = Group };

    /// <summary>How many words are known at most.</summary>
    public static TaskOption MaximumVocabulary { get; } = new("max-vocabulary", OptionKind.Whole, "most words to know; 0 for no limit") { Default = "0", Minimum = 0, Group = Group };

    /// <summary>The words that settings let a model know.</summary>
    /// <param name="counts">The words of what is to be learned.</param>
    /// <param name="settings">Settings with <see cref="MinimumCount"/> and <see cref="MaximumVocabulary"/>.</param>
    /// <param name="special">Words that are known after the unknown one, whether they occur or not.</param>
    public static TokenVocabulary Build(SymbolCounts counts, TaskSettings settings, params IEnumerable<string> special) =>
        TokenVocabulary.Build(counts, [Vocabulary.UnknownName, .. special], settings.Whole(MinimumCount.Name), settings.Whole(MaximumVocabulary.Name));
}
