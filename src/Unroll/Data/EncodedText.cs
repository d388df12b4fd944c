namespace Unroll.Data;

/// <summary>A text as numbers, and what could not be said in them.</summary>
/// <param name="Symbols">The index of each symbol in the vocabulary, in order.</param>
/// <param name="Length">How many symbols the text has, known and unknown.</param>
/// <param name="Unknown">How many of them the vocabulary lacks. They stand in <paramref name="Symbols"/> as the
/// vocabulary's unknown symbol where it has one, and are left out where it has none.</param>
/// <param name="MostFrequentUnknown">The most frequent of those, at most ten, with how often each occurs: the most frequent first,
/// those equally frequent in ordinal order.</param>
public sealed record EncodedText(int[] Symbols, long Length, long Unknown, IReadOnlyList<KeyValuePair<string, long>> MostFrequentUnknown)
{
    /// <summary>Says in one line how many symbols were unknown and which were the most frequent; null when none was.</summary>
    /// <param name="shown">How many to name.</param>
    public string? DescribeUnknown(int shown = 5)
    {
        if (Unknown == 0) return null;
        var names = MostFrequentUnknown.Take(shown).Select(pair => $"{Vocabulary.Show(pair.Key)} ×{pair.Value}");
        return $"{Unknown} of {Length} symbols are not in the vocabulary: {string.Join(", ", names)}{(MostFrequentUnknown.Count > shown ? ", …" : "")}";
    }
}
