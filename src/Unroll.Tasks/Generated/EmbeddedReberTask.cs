using Unroll.Tasks.Sequences;
using Unroll.Tensors;

namespace Unroll.Tasks.Generated;

/// <summary>The embedded Reber grammar: after each symbol, which ones may come next? The second symbol, T or P, comes again only before the last, after an inner string of the
/// Reber grammar. Hochreiter &amp; Schmidhuber 1997, experiment 1; string after string without a pause: Gers, Schmidhuber &amp; Cummins 2000.</summary>
internal sealed class EmbeddedReberTask : GeneratedTask
{
    internal static readonly TaskOption Continual = new("continual", OptionKind.Flag, "string after string, and nothing says where one ends (Gers et al. 2000)");

    /// <inheritdoc/>
    public override string Name => "embedded-reber";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Aliases => ["reber"];

    /// <inheritdoc/>
    public override string Summary => "says which symbols may come next in strings of the embedded Reber grammar";

    /// <inheritdoc/>
    public override string Paper => "Hochreiter & Schmidhuber 1997, experiment 1; --continual: Gers, Schmidhuber & Cummins 2000; solved: the set of possible next symbols right at every step";

    /// <inheritdoc/>
    public override TaskOption Length { get; } = LengthOption("symbols of the longest string, or with --continual of each sequence", usual: 50, least: 9);

    /// <inheritdoc/>
    protected override IReadOnlyList<TaskOption> OwnOptions => [Continual];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Arguments, string Meaning)> Examples => [.. base.Examples, ("--continual --length 300", "a stream of strings, whose ends it must find")];

    /// <inheritdoc/>
    public override SequenceSource Source(TaskSettings settings) => new ReberStrings(settings.Whole(Length.Name), settings.Flag(Continual.Name));
}

/// <summary>Strings of the embedded Reber grammar, drawn by tossing a coin at every fork.</summary>
internal sealed class ReberStrings : SequenceSource
{
    /// <summary>The symbols by their features.</summary>
    internal const string Symbols = "BTSXVPE";

    /// <summary>The nodes of the Reber grammar: the symbols that lead away, and where to. The inner string begins at node 0 with B and has ended at node 7.</summary>
    private static readonly (string Symbols, int[] To)[] Nodes =
        [("B", [1]), ("TP", [2, 3]), ("SX", [2, 4]), ("TV", [3, 5]), ("XS", [3, 6]), ("PV", [4, 6]), ("E", [7])];

    // The outer string: B, T or P, the inner string, T or P again, E. Its nodes follow those of the inner one.
    private const int OuterBegin = 7, OuterFork = 8, OuterAgain = 9, OuterEnd = 10;

    private readonly bool _continual;
    private readonly int[] _symbols, _next;

    /// <summary>Strings up to a length, or streams of that length.</summary>
    public ReberStrings(int length, bool continual)
        : base(Symbols.Length, Symbols.Length, length, continual ? length : length - 1, TargetKind.Set)
    {
        (_continual, _symbols, _next) = (continual, new int[length], new int[length]);
    }

    /// <inheritdoc/>
    public override void Write(RandomState random, SequenceBatch to)
    {
        int length = 0;
        // A string that would be too long is drawn again.
        while (length == 0) length = Draw(random);
        for (int step = 0; step < length; step++)
        {
            to.Input(step, _symbols[step]);
            if (_next[step] != 0) to.AskSet(step, _next[step]);
        }
        to.End(length);
    }

    /// <summary>Draws symbols, and after each which may come next, as bits; none after the end. Returns how many, or 0 where there is no room.</summary>
    private int Draw(RandomState random)
    {
        int node = OuterBegin, outer = 0;
        for (int step = 0; step < Length; step++)
        {
            string choices = Choices(node, outer);
            int fork = choices.Length == 1 ? 0 : random.NextInt(choices.Length);
            char symbol = choices[fork];
            if (node == OuterFork) outer = symbol;
            _symbols[step] = Symbols.IndexOf(symbol);
            bool ends = node == OuterEnd;
            node = node switch
            {
                OuterBegin => OuterFork,
                OuterFork => 0,
                OuterAgain => OuterEnd,
                OuterEnd => OuterBegin,
                _ => Nodes[node].To[fork] is var next && next == Nodes.Length ? OuterAgain : next,
            };
            if (ends && !_continual)
            {
                _next[step] = 0;
                return step + 1;
            }
            _next[step] = 0;
            foreach (char next in Choices(node, outer)) _next[step] |= 1 << Symbols.IndexOf(next);
        }
        return _continual ? Length : 0;
    }

    private static string Choices(int node, int outer) => node switch
    {
        OuterBegin => "B",
        OuterFork => "TP",
        OuterAgain => outer == 'T' ? "T" : "P",
        OuterEnd => "E",
        _ => Nodes[node].Symbols,
    };
}
