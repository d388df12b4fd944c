using System.Runtime.InteropServices;

namespace Unroll.Data;

/// <summary>How often each symbol occurs.</summary>
internal sealed class SymbolCounts
{
    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>How many different symbols occurred.</summary>
    public int Distinct => _counts.Count;

    /// <summary>How many symbols occurred.</summary>
    public long Total { get; private set; }

    /// <summary>Counts one more.</summary>
    public void Add(ReadOnlySpan<char> symbol) => Add(symbol, 1);

    /// <summary>Counts several more.</summary>
    public void Add(ReadOnlySpan<char> symbol, long count)
    {
        CollectionsMarshal.GetValueRefOrAddDefault(_counts.GetAlternateLookup<ReadOnlySpan<char>>(), symbol, out _) += count;
        Total += count;
    }

    /// <summary>The symbols by falling frequency; those equally frequent in ordinal order.</summary>
    public IEnumerable<KeyValuePair<string, long>> ByFrequency() =>
        _counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal);
}
