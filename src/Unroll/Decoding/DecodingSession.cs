namespace Unroll.Decoding;

/// <summary>
/// A model read step by step: symbols go in, logits for the next ones come out, and the state stays inside. It runs several rows side by
/// side, each a text of its own, and can put one row's state in another's place, which is all that sampling and beam search need.
/// </summary>
public abstract class DecodingSession
{
    /// <summary>How many symbols there are to choose from.</summary>
    public abstract int Symbols { get; }

    /// <summary>How many rows run side by side.</summary>
    public int Rows { get; private set; }

    /// <summary>Forgets everything and begins with fresh states.</summary>
    /// <param name="rows">How many rows to run side by side, 1 or more.</param>
    public void Start(int rows = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        Rows = rows;
        OnStart();
    }

    /// <summary>Reads one symbol in every row.</summary>
    /// <param name="symbols">The symbols, [rows].</param>
    /// <returns>The logits of the symbol that follows, [rows, symbols]; valid until the next call.</returns>
    /// <exception cref="InvalidOperationException"><see cref="Start"/> has not been called.</exception>
    /// <exception cref="ArgumentException">There is not one symbol for each row, or one is out of range.</exception>
    public ReadOnlySpan<float> Step(ReadOnlySpan<int> symbols)
    {
        if (Rows == 0) throw new InvalidOperationException("Step: call Start first.");
        if (symbols.Length != Rows) throw new ArgumentException($"Step: {symbols.Length} symbols for {Rows} rows.");
        foreach (int symbol in symbols)
            if ((uint)symbol >= (uint)Symbols) throw new ArgumentException($"Step: symbol {symbol} is not one of the {Symbols} from 0 to {Symbols - 1}.");
        return OnStep(symbols);
    }

    /// <summary>Gives every row the state of another; how beam search follows the best texts. With fewer parents than rows, there are only so many rows from then on.</summary>
    /// <param name="parents">For each new row, the row whose state it takes, [new rows], 1 to <see cref="Rows"/> of them.</param>
    /// <exception cref="ArgumentException">There is no parent, or there are more than rows.</exception>
    public void Reorder(ReadOnlySpan<int> parents)
    {
        if (parents.IsEmpty || parents.Length > Rows) throw new ArgumentException($"Reorder: {parents.Length} parents for {Rows} rows; expected 1 to {Rows}.");
        OnReorder(parents);
        Rows = parents.Length;
    }

    /// <summary>How the last <see cref="Step"/> spread a row's attention over the positions of what it translates or answers, [positions]; they add up to 1. Empty for a
    /// model without attention. Valid until the next call.</summary>
    /// <param name="row">The row, from 0 to <see cref="Rows"/> − 1.</param>
    public virtual ReadOnlySpan<float> AttentionOf(int row) => [];

    /// <summary>Makes the states fresh, for <see cref="Rows"/> rows.</summary>
    protected abstract void OnStart();

    /// <summary>Reads one symbol in every row, [rows], and returns logits, [rows, symbols].</summary>
    protected abstract ReadOnlySpan<float> OnStep(ReadOnlySpan<int> symbols);

    /// <summary>Row i takes the state of row <paramref name="parents"/>[i]; of the <see cref="Rows"/> there are until it returns, those beyond the parents' number end.</summary>
    protected abstract void OnReorder(ReadOnlySpan<int> parents);
}
