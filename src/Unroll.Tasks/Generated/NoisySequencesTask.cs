using Unroll.Tasks.Sequences;
using Unroll.Tensors;

namespace Unroll.Tasks.Generated;

/// <summary>The two-sequence problem: the first three numbers are all 1 or all −1, then comes noise on the same channel; the answer after the last step is which of the two it
/// was. Bengio, Simard &amp; Frasconi 1994; Hochreiter &amp; Schmidhuber 1997, experiments 3a and, with noise on the three numbers too, 3b.</summary>
internal sealed class NoisySequencesTask : GeneratedTask
{
    internal static readonly TaskOption NoisySignal = new("noisy-signal", OptionKind.Flag, "noise on the first three numbers too (experiment 3b)");

    /// <inheritdoc/>
    public override string Name => "noisy-sequences";

    /// <inheritdoc/>
    public override string Summary => "says how a sequence began after much noise on the same channel";

    /// <inheritdoc/>
    public override string Paper => "Bengio, Simard & Frasconi 1994; Hochreiter & Schmidhuber 1997, experiment 3; solved: the right class";

    /// <inheritdoc/>
    public override TaskOption Length { get; } = LengthOption("steps of a sequence at least; at most a tenth more", usual: 100, least: 4);

    /// <inheritdoc/>
    protected override IReadOnlyList<TaskOption> OwnOptions => [NoisySignal];

    /// <inheritdoc/>
    private protected override IReadOnlyDictionary<string, string> Defaults => Latching;

    /// <inheritdoc/>
    public override SequenceSource Source(TaskSettings settings) => new NoisyBeginnings(settings.Whole(Length.Name), settings.Flag(NoisySignal.Name));
}

/// <summary>Three numbers that say the class, then noise.</summary>
internal sealed class NoisyBeginnings : SequenceSource
{
    /// <summary>How many numbers say the class.</summary>
    internal const int Signal = 3;

    /// <summary>The standard deviation of the noise: a variance of 0.2.</summary>
    private static readonly double Deviation = Math.Sqrt(0.2);

    private readonly int _least;
    private readonly bool _noisySignal;

    /// <summary>Sequences of a least length.</summary>
    public NoisyBeginnings(int least, bool noisySignal)
        : base(1, 2, least + least / 10, 1, TargetKind.Class)
    {
        (_least, _noisySignal) = (least, noisySignal);
    }

    /// <inheritdoc/>
    public override void Write(RandomState random, SequenceBatch to)
    {
        int length = _least + random.NextInt(Length - _least + 1), target = random.NextInt(2);
        for (int step = 0; step < length; step++)
        {
            double value = step < Signal ? (target == 1 ? 1 : -1) : 0;
            if (step >= Signal || _noisySignal) value += Deviation * random.NextGaussian();
            to.Input(step, 0, (float)value);
        }
        to.AskClass(length - 1, target);
        to.End(length);
    }
}
