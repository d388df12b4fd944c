using System.Runtime.InteropServices;
using System.Text;

namespace Unroll.Data;

/// <summary>
/// Cuts words into pieces that are frequent: byte-pair encoding, Sennrich, Haddow &amp; Birch 2016, "Neural machine translation of rare words with subword units". Of the words' letters, the
/// pair that occurs most often next to each other is made one piece, again and again; of equally frequent pairs the one first in ordinal order of its left and then of its right
/// piece. The last piece of a word ends in a space, so that joining pieces gives the text again.
/// </summary>
internal sealed partial class BytePairEncoding
{
    private const char WordEnd = ' ';

    /// <summary>Words whose pieces are remembered at most.</summary>
    private const int CacheSize = 1 << 17;

    private readonly (string Left, string Right)[] _merges;
    private readonly Dictionary<(string, string), int> _ranks;
    private readonly Dictionary<string, string[]> _cache = new(StringComparer.Ordinal);
    private readonly Lock _guard = new();

    private BytePairEncoding((string Left, string Right)[] merges)
    {
        _merges = merges;
        _ranks = new Dictionary<(string, string), int>(merges.Length);
        for (int i = 0; i < merges.Length; i++) _ranks.TryAdd(merges[i], i);
    }

    /// <summary>The pairs in the order in which they are joined.</summary>
    public IReadOnlyList<(string Left, string Right)> Merges => _merges;

    /// <summary>Learns from words.</summary>
    /// <param name="words">Words, without white space, with how often each occurs.</param>
    /// <param name="merges">The most pairs to join. Pairs that occur once are not joined.</param>
    public static BytePairEncoding Learn(SymbolCounts words, int merges)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(merges);
        return new BytePairEncoding([.. new PairLearner(words).Learn(merges)]);
    }

    /// <summary>The pieces of a word.</summary>
    /// <param name="word">A word without white space; the empty one has no pieces.</param>
    /// <returns>Pieces that joined are the word and a space.</returns>
    public IReadOnlyList<string> Encode(ReadOnlySpan<char> word)
    {
        lock (_guard)
        {
            var lookup = _cache.GetAlternateLookup<ReadOnlySpan<char>>();
            if (lookup.TryGetValue(word, out string[]? known)) return known;
            string[] pieces = Join(Letters(word));
            if (_cache.Count == CacheSize) _cache.Clear();
            lookup[word] = pieces;
            return pieces;
        }
    }

    /// <summary>The text of pieces: words with one space between.</summary>
    public static string Decode(IEnumerable<string> pieces) => string.Concat(pieces).TrimEnd(WordEnd);

    private string[] Join(List<string> pieces)
    {
        while (pieces.Count > 1)
        {
            int best = int.MaxValue;
            for (int i = 1; i < pieces.Count; i++)
                if (_ranks.TryGetValue((pieces[i - 1], pieces[i]), out int rank)) best = Math.Min(best, rank);
            if (best == int.MaxValue) break;
            (string left, string right) = _merges[best];
            int to = 0;
            for (int from = 0; from < pieces.Count; from++)
            {
                bool joins = from + 1 < pieces.Count && pieces[from] == left && pieces[from + 1] == right;
                pieces[to++] = joins ? left + right : pieces[from];
                if (joins) from++;
            }
            CollectionsMarshal.SetCount(pieces, to);
        }
        return [.. pieces];
    }

    /// <summary>A word's letters (Unicode scalar values), the last one with a space.</summary>
    private static List<string> Letters(ReadOnlySpan<char> word)
    {
        var letters = new List<string>(word.Length);
        while (!word.IsEmpty)
        {
            Rune.DecodeFromUtf16(word, out _, out int length);
            letters.Add(word.Length == length ? $"{word}{WordEnd}" : word[..length].ToString());
            word = word[length..];
        }
        return letters;
    }
}
