using Unroll.Tasks.Sequences;
using Unroll.Tensors;

namespace Unroll.Tasks.Generated;

/// <summary>The adding problem: a step brings a number in [0, 1) and a marker; the answer after the last step is the sum of the two marked numbers, of which
/// one stands in each half. Hochreiter &amp; Schmidhuber 1997, experiment 4, in the form of Arjovsky, Shah &amp; Bengio 2016.</summary>
internal sealed class AddingTask : GeneratedTask
{
    /// <inheritdoc/>
    public override string Name => "adding";

    /// <inheritdoc/>
    public override string Summary => "adds the two marked numbers of a long sequence";

    /// <inheritdoc/>
    public override string Paper => "Hochreiter & Schmidhuber 1997, experiment 4 (as in Arjovsky et al. 2016); solved: an error below 0.04";

    /// <inheritdoc/>
    public override TaskOption Length { get; } = LengthOption("steps of a sequence", usual: 100, least: 2);

    /// <inheritdoc/>
    public override SequenceSource Source(TaskSettings settings) => new MarkedNumbers(settings.Whole(Length.Name), static (a, b) => a + b);
}

/// <summary>Random numbers of which one in each half is marked; asked for, after the last step, is a function of those two.</summary>
internal sealed class MarkedNumbers : SequenceSource
{
    private readonly Func<float, float, float> _answer;

    /// <summary>Sequences of a length.</summary>
    public MarkedNumbers(int length, Func<float, float, float> answer)
        : base(2, 1, length, 1, TargetKind.Number)
    {
        _answer = answer;
    }

    /// <inheritdoc/>
    public override void Write(RandomState random, SequenceBatch to)
    {
        int half = Length / 2, first = random.NextInt(half), second = half + random.NextInt(Length - half);
        float a = 0, b = 0;
        for (int step = 0; step < Length; step++)
        {
            float number = random.NextSingle();
            to.Input(step, 0, number);
            if (step == first) a = number;
            if (step == second) b = number;
        }
        to.Input(first, 1);
        to.Input(second, 1);
        to.AskNumber(Length - 1, _answer(a, b));
        to.End(Length);
    }
}
