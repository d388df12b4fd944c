using Unroll.Tasks.Sequences;

namespace Unroll.Tasks.Generated;

/// <summary>The multiplication problem: as <see cref="AddingTask"/>, but the answer is the product. Hochreiter &amp; Schmidhuber 1997, experiment 5.</summary>
internal sealed class MultiplicationTask : GeneratedTask
{
    /// <inheritdoc/>
    public override string Name => "multiplication";

    /// <inheritdoc/>
    public override string Summary => "multiplies the two marked numbers of a long sequence";

    /// <inheritdoc/>
    public override string Paper => "Hochreiter & Schmidhuber 1997, experiment 5; solved: an error below 0.04";

    /// <inheritdoc/>
    public override TaskOption Length { get; } = LengthOption("steps of a sequence", usual: 100, least: 2);

    /// <inheritdoc/>
    public override SequenceSource Source(TaskSettings settings) => new MarkedNumbers(settings.Whole(Length.Name), static (a, b) => a * b);
}
