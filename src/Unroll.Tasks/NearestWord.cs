namespace Unroll.Tasks;

/// <summary>Finds the word that someone who mistyped probably meant.</summary>
public static class NearestWord
{
    /// <summary>The nearest of some words, or null when none is near: at most one slip (a letter wrong, missing, extra, or two swapped) for
    /// every three letters, or the beginning of just one word.</summary>
    /// <param name="typed">What was typed.</param>
    /// <param name="words">The words there are; of those equally near, the first is taken.</param>
    public static string? Find(string typed, IEnumerable<string> words)
    {
        ArgumentNullException.ThrowIfNull(typed);
        ArgumentNullException.ThrowIfNull(words);
        string wanted = typed.ToLowerInvariant();
        string[] all = [.. words];
        string? best = null;
        int least = int.MaxValue;
        foreach (string word in all)
        {
            int slips = Slips(wanted, word.ToLowerInvariant());
            if (slips < least && slips <= Math.Max(1, Math.Max(typed.TrimStart('-').Length, word.TrimStart('-').Length) / 3)) (best, least) = (word, slips);
        }
        if (best != null || wanted.TrimStart('-').Length < 2) return best;
        string[] longer = [.. all.Where(word => word.StartsWith(wanted, StringComparison.OrdinalIgnoreCase))];
        return longer.Length == 1 ? longer[0] : null;
    }

    /// <summary>" Did you mean 'word'?", or nothing when no word is near.</summary>
    /// <param name="typed">What was typed.</param>
    /// <param name="words">The words there are.</param>
    public static string Suggest(string typed, IEnumerable<string> words) => Find(typed, words) is { } word ? $" Did you mean '{word}'?" : "";

    /// <summary>The slips between two words: the restricted edit distance of Damerau 1964.</summary>
    private static int Slips(string a, string b)
    {
        int[,] distance = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++) distance[i, 0] = i;
        for (int j = 0; j <= b.Length; j++) distance[0, j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int cost = a[i - 1] == b[j - 1] ? 0 : 1;
                distance[i, j] = Math.Min(Math.Min(distance[i - 1, j], distance[i, j - 1]) + 1, distance[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) distance[i, j] = Math.Min(distance[i, j], distance[i - 2, j - 2] + 1);
            }
        }
        return distance[a.Length, b.Length];
    }
}
