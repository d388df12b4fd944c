namespace Unroll.Data;

/// <summary>
/// A long text cut for truncated backpropagation through time: <c>batch</c> streams that run side by side through equal parts of the text,
/// each <c>sequence</c> symbols further at every step, so that the state a stream ends a step in is the one it begins the next with.
/// Input and target are the same text one symbol apart.
/// <para>A step's place follows from one number, its position since the beginning of training. An epoch is
/// ⌊(symbols − 1) / (batch · sequence)⌋ steps; the fewer than batch · sequence symbols beyond that are left out, not always the same ones:
/// each epoch begins a little further into the text.</para>
/// </summary>
public sealed class SymbolStreams
{
    private readonly ReadOnlyMemory<int> _symbols;
    private readonly int _tail;

    /// <summary>Cuts a text.</summary>
    /// <param name="symbols">The text as numbers.</param>
    /// <param name="batch">How many streams run side by side.</param>
    /// <param name="sequence">How many symbols each moves on at a step.</param>
    /// <exception cref="BadUsageException">A size is below 1.</exception>
    /// <exception cref="BadInputException">The text is too short for one step.</exception>
    public SymbolStreams(ReadOnlyMemory<int> symbols, int batch, int sequence)
    {
        if (batch < 1) throw new BadUsageException($"The batch is {batch}; expected 1 or more.");
        if (sequence < 1) throw new BadUsageException($"The sequence length is {sequence}; expected 1 or more.");
        long needed = (long)batch * sequence + 1;
        if (symbols.Length < needed)
        {
            int most = Math.Max(0, symbols.Length - 1);
            string mend = most / sequence >= 1 ? $"a batch of {most / sequence} or fewer, "
                : most / batch >= 1 ? $"a sequence of {most / batch} or shorter, "
                : most >= 1 ? $"batch 1 with a sequence of {most} or shorter, "
                : "";
            throw new BadInputException($"The training text is too short: it has {symbols.Length} symbols, and batch {batch} × sequence {sequence} needs at least {needed}. Use {mend}{(mend == "" ? "" : "or ")}more text.");
        }
        _symbols = symbols;
        Batch = batch;
        Sequence = sequence;
        StepsPerEpoch = (int)((symbols.Length - 1L) / ((long)batch * sequence));
        _tail = symbols.Length - 1 - StepsPerEpoch * batch * sequence;
    }

    /// <summary>How many streams run side by side.</summary>
    public int Batch { get; }

    /// <summary>How many symbols each stream moves on at a step.</summary>
    public int Sequence { get; }

    /// <summary>How many steps carry the streams through the text once.</summary>
    public int StepsPerEpoch { get; }

    /// <summary>Writes what one step reads and what it should predict.</summary>
    /// <param name="position">The step's place since the beginning of training, from 0.</param>
    /// <param name="inputs">Filled with the symbols read, [batch, sequence].</param>
    /// <param name="targets">Filled with the symbol after each of those, [batch, sequence].</param>
    /// <exception cref="ArgumentException">A span has another length than batch · sequence.</exception>
    public void Fill(long position, Span<int> inputs, Span<int> targets)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        int size = Batch * Sequence;
        if (inputs.Length != size || targets.Length != size) throw new ArgumentException(
            $"Fill: the spans hold {inputs.Length} and {targets.Length} symbols; a step has batch {Batch} × sequence {Sequence} = {size}.");
        (long epoch, long step) = Math.DivRem(position, StepsPerEpoch);
        Fill(epoch, (int)step * Sequence, Sequence, inputs, targets);
    }

    /// <summary>How many symbols each stream has in an epoch.</summary>
    internal int StreamLength => StepsPerEpoch * Sequence;

    /// <summary>Writes what a piece of any length reads and what it should predict.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="from">Where the piece begins in each stream.</param>
    /// <param name="length">Its length.</param>
    /// <param name="inputs">Filled with the symbols read, [batch, length].</param>
    /// <param name="targets">Filled with the symbol after each of those, [batch, length].</param>
    internal void Fill(long epoch, int from, int length, Span<int> inputs, Span<int> targets)
    {
        ReadOnlySpan<int> text = _symbols.Span[Offset(epoch)..];
        for (int b = 0; b < Batch; b++)
        {
            int at = b * StreamLength + from;
            text.Slice(at, length).CopyTo(inputs[(b * length)..]);
            text.Slice(at + 1, length).CopyTo(targets[(b * length)..]);
        }
    }

    /// <summary>Where an epoch begins: at 0 the first time, then spread evenly over the symbols that one epoch leaves out
    /// (steps of the golden section never crowd).</summary>
    private int Offset(long epoch) => (int)((ulong)epoch * 0x9E3779B9UL % (1UL << 32) * (ulong)(_tail + 1) >> 32);
}
