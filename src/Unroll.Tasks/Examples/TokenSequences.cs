namespace Unroll.Tasks.Examples;

/// <summary>Sequences of token numbers, one after the other in memory.</summary>
internal sealed class TokenSequences
{
    private readonly List<int> _tokens = [];
    private readonly List<int> _ends = [];

    /// <summary>How many sequences there are.</summary>
    public int Count => _ends.Count;

    /// <summary>How many tokens there are in all.</summary>
    public int Tokens => _tokens.Count;

    /// <summary>The tokens of a sequence.</summary>
    public ReadOnlySpan<int> this[int number] => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_tokens)[First(number).._ends[number]];

    /// <summary>The tokens of a sequence, to be counted.</summary>
    public int LengthOf(int number) => _ends[number] - First(number);

    /// <summary>Adds a token to the sequence at hand.</summary>
    public void Add(int token) => _tokens.Add(token);

    /// <summary>Ends the sequence at hand.</summary>
    public void End() => _ends.Add(_tokens.Count);

    /// <summary>All numbers, for a digest.</summary>
    public int[] ToArray() => [.. _tokens, .. _ends];

    private int First(int number) => number == 0 ? 0 : _ends[number - 1];
}

/// <summary>Some sequences of tokens side by side; its memory is used again for every batch.</summary>
internal sealed class TokenBatch
{
    private int[] _tokens = [], _lengths = [];

    /// <summary>How many sequences there are.</summary>
    public int Count { get; private set; }

    /// <summary>Time steps that there is room for in each: those of the longest, 1 at least.</summary>
    public int Time { get; private set; }

    /// <summary>[<see cref="Count"/>, <see cref="Time"/>]; 0 beyond a sequence's end.</summary>
    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, Count * Time);

    /// <summary>Tokens of each sequence.</summary>
    public ReadOnlySpan<int> Lengths => _lengths.AsSpan(0, Count);

    /// <summary>Takes tokens that stand side by side already.</summary>
    /// <param name="tokens">[count, time]</param>
    /// <param name="lengths">Tokens of each sequence, [count].</param>
    /// <returns>This batch.</returns>
    public TokenBatch Take(int[] tokens, int[] lengths)
    {
        (_tokens, _lengths, Count, Time) = (tokens, lengths, lengths.Length, tokens.Length / lengths.Length);
        return this;
    }

    /// <summary>Fetches sequences.</summary>
    /// <param name="from">Where from.</param>
    /// <param name="numbers">Which.</param>
    /// <param name="lessEnd">How many tokens at the end of each are left out.</param>
    public void Fill(TokenSequences from, ReadOnlySpan<int> numbers, int lessEnd = 0)
    {
        (Count, Time) = (numbers.Length, 1);
        foreach (int number in numbers) Time = Math.Max(Time, from.LengthOf(number) - lessEnd);
        if (_tokens.Length < Count * Time) _tokens = new int[Count * Time];
        if (_lengths.Length < Count) _lengths = new int[Count];
        Array.Clear(_tokens, 0, Count * Time);
        for (int i = 0; i < numbers.Length; i++)
        {
            ReadOnlySpan<int> tokens = from[numbers[i]][..^lessEnd];
            tokens.CopyTo(_tokens.AsSpan(i * Time));
            _lengths[i] = tokens.Length;
        }
    }

    /// <summary>Replaces some tokens by another one at random, so that a network meets the unknown one while it is trained.</summary>
    /// <param name="share">The share of the tokens.</param>
    /// <param name="unknown">What stands in their place.</param>
    /// <param name="random">Where chance comes from.</param>
    public void Drop(float share, int unknown, Tensors.RandomState random)
    {
        for (int i = 0; i < Count; i++)
            for (int t = 0; t < _lengths[i]; t++)
                if (random.NextSingle() < share) _tokens[i * Time + t] = unknown;
    }

    /// <summary>Replaces tokens by another one at random, each with a probability of its own.</summary>
    /// <param name="shares">By token, how likely it is replaced.</param>
    /// <param name="unknown">What stands in its place.</param>
    /// <param name="random">Where chance comes from.</param>
    public void Drop(ReadOnlySpan<float> shares, int unknown, Tensors.RandomState random)
    {
        for (int i = 0; i < Count; i++)
            foreach (ref int token in _tokens.AsSpan(i * Time, _lengths[i]))
                if (random.NextSingle() < shares[token]) token = unknown;
    }
}
