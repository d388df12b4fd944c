using Unroll.Tasks.Sequences;
using Unroll.Tensors;

namespace Unroll.Tasks.Generated;

/// <summary>The copying problem: ten symbols, a long stretch of blanks, then a signal to write the ten symbols down. Every step is judged, and until the signal the right
/// answer is the blank. Hochreiter &amp; Schmidhuber 1997 in the form of Arjovsky, Shah &amp; Bengio 2016.</summary>
internal sealed class CopyTask : GeneratedTask
{
    internal static readonly TaskOption Symbols = new("symbols", OptionKind.Whole, "how many symbols are to be remembered") { Default = "10", Minimum = 1, Maximum = 10000 };

    /// <inheritdoc/>
    public override string Name => "copy";

    /// <inheritdoc/>
    public override string Summary => "writes symbols down that it was shown a long time before";

    /// <inheritdoc/>
    public override string Paper => "Arjovsky, Shah & Bengio 2016 (after Hochreiter & Schmidhuber 1997); solved: every step right";

    /// <inheritdoc/>
    public override TaskOption Length { get; } = LengthOption("blanks between symbols and signal", usual: 10, least: 1);

    /// <inheritdoc/>
    protected override IReadOnlyList<TaskOption> OwnOptions => [Symbols];

    /// <inheritdoc/>
    private protected override IReadOnlyDictionary<string, string> Defaults { get; } = new Dictionary<string, string> { [CommonOptions.Hidden.Name] = "128", [CommonOptions.Init.Name] = "glorot" };

    /// <inheritdoc/>
    protected override int DefaultSteps => 10000;

    /// <inheritdoc/>
    public override SequenceSource Source(TaskSettings settings) => new CopiedSymbols(settings.Whole(Symbols.Name), settings.Whole(Length.Name));
}

/// <summary>Symbols out of eight, blanks, a signal, and blanks while the symbols are written.</summary>
internal sealed class CopiedSymbols : SequenceSource
{
    /// <summary>The alphabet, and what stands for a blank and for the signal.</summary>
    internal const int Alphabet = 8, Blank = 8, Signal = 9;

    private readonly int _symbols, _blanks;
    private readonly int[] _shown;

    /// <summary>Sequences of so many symbols and so many steps from the last of them to the signal.</summary>
    public CopiedSymbols(int symbols, int blanks)
        : base(Alphabet + 2, Alphabet + 1, 2 * symbols + blanks, 2 * symbols + blanks, TargetKind.Class)
    {
        (_symbols, _blanks, _shown) = (symbols, blanks, new int[symbols]);
    }

    /// <inheritdoc/>
    public override void Write(RandomState random, SequenceBatch to)
    {
        for (int step = 0; step < Length; step++)
        {
            if (step < _symbols) _shown[step] = random.NextInt(Alphabet);
            int signal = _symbols + _blanks - 1;
            to.Input(step, step < _symbols ? _shown[step] : step == signal ? Signal : Blank);
            to.AskClass(step, step > signal ? _shown[step - signal - 1] : Blank);
        }
        to.End(Length);
    }
}
