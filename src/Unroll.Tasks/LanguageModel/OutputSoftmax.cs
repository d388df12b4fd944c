using System.Globalization;
using Unroll.Data;

namespace Unroll.Tasks.LanguageModel;

/// <summary>Which softmax gives the probability of the next symbol: over all symbols, or the adaptive one, which spends little on rare symbols.</summary>
internal static class OutputSoftmax
{
    /// <summary>The softmax.</summary>
    public static readonly TaskOption Option = new("softmax", OptionKind.Choice, "full, or adaptive: spends less on rare symbols, which without --tie get fewer features; for large vocabularies")
    {
        Default = "full",
        Choices = ["full", "adaptive"],
        Group = "Model",
    };

    /// <summary>Where the adaptive softmax cuts the vocabulary.</summary>
    public static readonly TaskOption CutoffsOption = new("cutoffs", OptionKind.Text, "where --softmax adaptive cuts the symbols, the most frequent first (default: at 1/16 and 1/4 of them, with --tie at 5/8 too)")
    {
        Placeholder = "N,N",
        Group = "Model",
        Check = static value => Parse(value) is null ? "rising whole numbers with commas between, such as 2000,10000" : null,
    };

    /// <summary>Symbols from which on cutoffs are chosen without being asked: with fewer, the whole softmax costs little.</summary>
    private const int FewestSymbols = 1000;

    /// <summary>Whether settings ask for the adaptive softmax.</summary>
    public static bool IsAdaptive(TaskSettings settings) => settings.Text(Option.Name) == "adaptive";

    /// <summary>Whether settings ask for the adaptive softmax, without saying where it cuts, and the vocabulary has too few symbols to choose that.</summary>
    public static bool IsTooSmall(TaskSettings settings, int symbols) => IsAdaptive(settings) && settings.Find(CutoffsOption.Name) is null && symbols < FewestSymbols;

    /// <summary>Checks what can be checked before there is a vocabulary.</summary>
    /// <exception cref="BadUsageException">Options do not go together.</exception>
    public static void Check(TaskSettings settings)
    {
        if (!IsAdaptive(settings))
        {
            if (settings.IsGiven(CutoffsOption.Name))
                throw new BadUsageException($"--cutoffs {settings.Text(CutoffsOption.Name)}: only the adaptive softmax cuts the symbols, and --softmax is full. Add --softmax adaptive, or leave --cutoffs out.");
            return;
        }
        if (settings.Text(LanguageModelTask.Level.Name) == Vocabulary.NameOf(TextLevel.Byte))
            throw new BadUsageException("--softmax adaptive and --level byte: bytes stand by their codes, and the adaptive softmax needs many symbols by falling frequency. Leave it out, or give --level word, token or char.");
    }

    /// <summary>The first symbol of each cluster, as given or as the size of the vocabulary suggests; null for the full softmax.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="symbols">How many symbols there are.</param>
    /// <exception cref="BadUsageException">The vocabulary is too small for the cutoffs, or for any.</exception>
    public static int[]? Cutoffs(TaskSettings settings, int symbols)
    {
        Check(settings);
        if (!IsAdaptive(settings)) return null;
        if (settings.Find(CutoffsOption.Name) is not { } given)
        {
            if (IsTooSmall(settings, symbols)) throw new BadUsageException(
                $"--softmax adaptive: the vocabulary has {symbols} symbols, and it pays from some thousands on. Leave it out, or choose --cutoffs below {symbols}.");
            // Rare symbols that keep all features cost more, which a third cut saves.
            return settings.Flag(LanguageModelShape.TieOption.Name) ? [symbols / 16, symbols / 4, symbols * 5 / 8] : [symbols / 16, symbols / 4];
        }
        int[] cutoffs = Parse(given)!;
        return cutoffs[^1] < symbols ? cutoffs : throw new BadUsageException(
            $"--cutoffs {given}: the vocabulary has {symbols} symbols; expected numbers below that. Give smaller ones, or leave --cutoffs out.");
    }

    /// <summary>Cutoffs as the option writes them.</summary>
    public static string Text(int[] cutoffs) => string.Join(',', cutoffs);

    /// <summary>The numbers, or null where they are none or do not rise from 1 on.</summary>
    private static int[]? Parse(string text)
    {
        string[] words = text.Split(',');
        int[] cutoffs = new int[words.Length];
        for (int i = 0; i < words.Length; i++)
            if (!int.TryParse(words[i], NumberStyles.None, CultureInfo.InvariantCulture, out cutoffs[i]) || cutoffs[i] <= (i == 0 ? 0 : cutoffs[i - 1])) return null;
        return cutoffs;
    }
}
