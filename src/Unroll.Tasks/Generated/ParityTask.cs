using Unroll.Tasks.Sequences;
using Unroll.Tensors;

namespace Unroll.Tasks.Generated;

/// <summary>The parity of random bits: after every one, have there been an odd number of ones so far? A single bit changes all later answers. Minsky &amp; Papert 1969.</summary>
internal sealed class ParityTask : GeneratedTask
{
    /// <inheritdoc/>
    public override string Name => "parity";

    /// <inheritdoc/>
    public override string Summary => "says after every bit whether the number of ones so far is odd";

    /// <inheritdoc/>
    public override string Paper => "Minsky & Papert 1969; solved: every step right";

    /// <inheritdoc/>
    public override TaskOption Length { get; } = LengthOption("bits of a sequence", usual: 50, least: 2);

    /// <inheritdoc/>
    public override SequenceSource Source(TaskSettings settings) => new ParityBits(settings.Whole(Length.Name));
}

/// <summary>Random bits, each asked for the parity up to it.</summary>
internal sealed class ParityBits : SequenceSource
{
    /// <summary>Sequences of a length.</summary>
    public ParityBits(int length)
        : base(1, 2, length, length, TargetKind.Class)
    {
    }

    /// <inheritdoc/>
    public override void Write(RandomState random, SequenceBatch to)
    {
        int parity = 0;
        for (int step = 0; step < Length; step++)
        {
            int bit = random.NextInt(2);
            parity ^= bit;
            to.Input(step, 0, bit);
            to.AskClass(step, parity);
        }
        to.End(Length);
    }
}
