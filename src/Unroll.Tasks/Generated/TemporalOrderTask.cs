using Unroll.Tasks.Sequences;
using Unroll.Tensors;

namespace Unroll.Tasks.Generated;

/// <summary>The temporal order problem: among many symbols without meaning stand two (or three) that are X or Y; the answer after the last step is the class that
/// they make in their order: 4 classes (or 8). Hochreiter &amp; Schmidhuber 1997, experiments 6a and 6b.</summary>
internal sealed class TemporalOrderTask : GeneratedTask
{
    internal static readonly TaskOption Symbols = new("symbols", OptionKind.Choice, "how many symbols have a meaning") { Default = "2", Choices = ["2", "3"] };

    /// <inheritdoc/>
    public override string Name => "temporal-order";

    /// <inheritdoc/>
    public override string Summary => "says in which order two or three symbols came, far apart in a long sequence";

    /// <inheritdoc/>
    public override string Paper => "Hochreiter & Schmidhuber 1997, experiment 6; solved: the right class";

    /// <inheritdoc/>
    public override TaskOption Length { get; } = LengthOption("steps of a sequence at least; at most a tenth more", usual: 100, least: 10);

    /// <inheritdoc/>
    protected override IReadOnlyList<TaskOption> OwnOptions => [Symbols];

    /// <inheritdoc/>
    private protected override IReadOnlyDictionary<string, string> Defaults => Latching;

    /// <inheritdoc/>
    public override SequenceSource Source(TaskSettings settings) => new OrderedSymbols(settings.Whole(Length.Name), settings.Whole(Symbols.Name));
}

/// <summary>B and E at the ends, X or Y at two or three random places within the paper's stretches, and a, b, c or d elsewhere.</summary>
internal sealed class OrderedSymbols : SequenceSource
{
    /// <summary>The features: which symbol a step brings.</summary>
    internal const int A = 0, X = 4, Y = 5, Begin = 6, End = 7;

    private readonly int _least, _symbols;

    /// <summary>Sequences of a least length, with two or three symbols that count.</summary>
    public OrderedSymbols(int least, int symbols)
        : base(8, 1 << symbols, least + least / 10, 1, TargetKind.Class)
    {
        (_least, _symbols) = (least, symbols);
    }

    /// <summary>Where the symbol that counts, the first being 0, stands at the earliest and at the latest.</summary>
    internal (int From, int To) Stretch(int symbol)
    {
        int from = symbol == 0 ? _least / 10 : symbol * _least / _symbols;
        return (from, from + _least / 10);
    }

    /// <inheritdoc/>
    public override void Write(RandomState random, SequenceBatch to)
    {
        int length = _least + random.NextInt(Length - _least + 1), target = 0, symbol = 0, place = Place(random, 0);
        for (int step = 0; step < length; step++)
        {
            if (symbol < _symbols && step == place)
            {
                int isY = random.NextInt(2);
                to.Input(step, isY == 1 ? Y : X);
                target = 2 * target + isY;
                if (++symbol < _symbols) place = Place(random, symbol);
            }
            else to.Input(step, step == 0 ? Begin : step == length - 1 ? End : A + random.NextInt(4));
        }
        to.AskClass(length - 1, target);
        to.End(length);
    }

    private int Place(RandomState random, int symbol)
    {
        (int from, int last) = Stretch(symbol);
        return from + random.NextInt(last - from + 1);
    }
}
