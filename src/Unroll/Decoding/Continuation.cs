namespace Unroll.Decoding;

/// <summary>Continues a text symbol by symbol.</summary>
public static class Continuation
{
    /// <summary>Reads a prime and then draws symbols, each one fed back to the model as its next input. Symbols are drawn only as
    /// they are asked for, so a caller can show each at once and stop at any.</summary>
    /// <param name="session">The model; started afresh with one row.</param>
    /// <param name="sampler">How symbols are drawn.</param>
    /// <param name="prime">The symbols before the first one drawn, at least one.</param>
    /// <param name="length">How many symbols to draw.</param>
    /// <returns>The symbols drawn, without the prime.</returns>
    /// <exception cref="ArgumentException">The prime is empty or the length negative.</exception>
    public static IEnumerable<int> Sample(DecodingSession session, Sampler sampler, ReadOnlyMemory<int> prime, int length)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(sampler);
        if (prime.IsEmpty) throw new ArgumentException("Sample: the prime is empty; a model predicts what follows at least one symbol.");
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        return Run();

        IEnumerable<int> Run()
        {
            session.Start();
            for (int i = 0; i < prime.Length - 1; i++) session.Step(prime.Span.Slice(i, 1));
            int symbol = prime.Span[^1];
            for (int i = 0; i < length; i++)
            {
                symbol = sampler.Next(session.Step([symbol]));
                yield return symbol;
            }
        }
    }
}
