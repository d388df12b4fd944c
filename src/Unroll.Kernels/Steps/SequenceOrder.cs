namespace Unroll.Kernels;

/// <summary>A batch of sequences, longest first: those still running at a step are then its first rows, and no step needs a mask.</summary>
internal sealed class SequenceOrder
{
    private long[] keys = [];

    /// <summary>Sequences.</summary>
    public int Batch { get; private set; }
    /// <summary>Positions of each, used or not.</summary>
    public int Time { get; private set; }
    /// <summary>Whether time runs from each sequence's own last position to its first.</summary>
    public bool Reversed { get; private set; }
    /// <summary>Steps of the longest.</summary>
    public int Steps { get; private set; }
    /// <summary>Steps of all together.</summary>
    public long Tokens { get; private set; }
    /// <summary>For each row its sequence; there may be room for more.</summary>
    public int[] Order { get; private set; } = [];
    /// <summary>For each row its number of steps; there may be room for more.</summary>
    public int[] Lengths { get; private set; } = [];
    /// <summary>For each step the rows that take part: the first so many.</summary>
    public int[] Active { get; private set; } = [];
    /// <summary>Whether some sequence is shorter than another.</summary>
    public bool IsRagged => Steps > 0 && Lengths[Batch - 1] < Steps;

    /// <summary>Sorts a batch.</summary>
    /// <param name="batch">Sequences.</param>
    /// <param name="time">Positions of each.</param>
    /// <param name="lengths">Steps of each; empty if all have <paramref name="time"/>.</param>
    /// <param name="reversed">Whether time runs backwards.</param>
    public void Sort(int batch, int time, ReadOnlySpan<int> lengths, bool reversed)
    {
        (Batch, Time, Reversed) = (batch, time, reversed);
        if (Order.Length < batch) (Order, Lengths, keys) = (new int[batch], new int[batch], new long[batch]);
        for (int i = 0; i < batch; i++)
        {
            int length = lengths.IsEmpty ? time : lengths[i];
            keys[i] = (long)(time - length) << 32 | (uint)i;
        }
        if (!lengths.IsEmpty) Array.Sort(keys, 0, batch);
        Tokens = 0;
        for (int row = 0; row < batch; row++)
        {
            (Order[row], Lengths[row]) = ((int)(keys[row] & uint.MaxValue), time - (int)(keys[row] >> 32));
            Tokens += Lengths[row];
        }
        Steps = batch == 0 ? 0 : Lengths[0];
        if (Active.Length < Steps) Active = new int[Steps];
        for (int step = 0, rows = batch; step < Steps; step++)
        {
            while (Lengths[rows - 1] <= step) rows--;
            Active[step] = rows;
        }
    }

    /// <summary>Where a row's step lies in [batch, time].</summary>
    public nint Position(int row, int step) => (nint)Order[row] * Time + (Reversed ? Lengths[row] - 1 - step : step);

    /// <summary>The rows of a part for each of which the part has about as many steps as every other part.</summary>
    /// <param name="bounds">Receives the first row of each part, and the end of the last.</param>
    public void Split(Span<int> bounds)
    {
        int parts = bounds.Length - 1;
        long seen = 0;
        for (int row = 0, part = 1; row < Batch; row++)
        {
            seen += Lengths[row];
            while (part < parts && seen * parts >= Tokens * part) bounds[part++] = row + 1;
        }
        bounds[0] = 0;
        bounds[parts] = Batch;
    }
}
