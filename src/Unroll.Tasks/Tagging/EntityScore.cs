namespace Unroll.Tasks.Tagging;

/// <summary>Counts entities as the conlleval script of the CoNLL shared tasks does (Tjong Kim Sang &amp; Buchholz 2000): one is correct when both its ends and its type are.</summary>
internal sealed class EntityScore
{
    private readonly SortedDictionary<string, Counts> _byType = new(StringComparer.Ordinal);

    /// <summary>Entities there are, were found, and were found rightly.</summary>
    public readonly record struct Counts(int Gold, int Found, int Correct)
    {
        /// <summary>Of those found, the share that is right; 0 when none was found.</summary>
        public double Precision => Found == 0 ? 0 : (double)Correct / Found;

        /// <summary>Of those there are, the share that was found; 0 when there is none.</summary>
        public double Recall => Gold == 0 ? 0 : (double)Correct / Gold;

        /// <summary>The harmonic mean of precision and recall.</summary>
        public double F1 => Correct == 0 ? 0 : 2 * Precision * Recall / (Precision + Recall);

        /// <summary>Both together.</summary>
        public static Counts operator +(Counts a, Counts b) => new(a.Gold + b.Gold, a.Found + b.Found, a.Correct + b.Correct);
    }

    /// <summary>All types together.</summary>
    public Counts Total => _byType.Values.Aggregate(new Counts(), (sum, counts) => sum + counts);

    /// <summary>Every type that occurs, in ordinal order.</summary>
    public IReadOnlyDictionary<string, Counts> ByType => _byType;

    /// <summary>Adds a sentence.</summary>
    /// <param name="gold">The right tags.</param>
    /// <param name="found">The model's.</param>
    public void Add(ReadOnlySpan<string> gold, ReadOnlySpan<string> found)
    {
        List<EntitySpan> right = EntityTags.Spans(gold), guessed = EntityTags.Spans(found);
        foreach (EntitySpan span in right) Add(span.Type, new Counts(1, 0, 0));
        var all = right.ToHashSet();
        foreach (EntitySpan span in guessed) Add(span.Type, new Counts(0, 1, all.Contains(span) ? 1 : 0));
    }

    private void Add(string type, Counts counts) => _byType[type] = _byType.GetValueOrDefault(type) + counts;
}
