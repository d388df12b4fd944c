using Unroll.Tensors;

namespace Unroll.Decoding;

/// <summary>Draws symbols from logits. The same options, random state and logits give the same symbols.</summary>
public sealed class Sampler
{
    private readonly SamplingOptions _options;
    private readonly RandomState _random;
    private ulong[] _ranked = [];
    private double[] _weights = [];

    /// <summary>A sampler.</summary>
    /// <param name="options">How to draw.</param>
    /// <param name="random">Where the chance comes from; each draw that is not greedy takes one number from it.</param>
    /// <exception cref="BadUsageException">An option makes no sense.</exception>
    public Sampler(SamplingOptions options, RandomState random)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        _options = options;
        _random = random;
    }

    /// <summary>A symbol that is never drawn, such as the unknown one; −1 for none.</summary>
    public int Never { get; init; } = -1;

    /// <summary>Draws a symbol.</summary>
    /// <param name="logits">The unnormalised log-probability of every symbol, [symbols]; −∞ for impossible.</param>
    /// <returns>The number of the symbol. Of equally likely ones, greedy choice takes the first.</returns>
    /// <exception cref="RunFailedException">A logit is not a number, or every symbol is impossible.</exception>
    public int Next(ReadOnlySpan<float> logits)
    {
        int best = -1;
        for (int i = 0; i < logits.Length; i++)
        {
            if (!(logits[i] < float.PositiveInfinity)) throw new RunFailedException($"The model's output for symbol {i} is {logits[i]}, not a number; the model is damaged or its training diverged.");
            if (i != Never && logits[i] > float.NegativeInfinity && (best < 0 || logits[i] > logits[best])) best = i;
        }
        if (best < 0) throw new RunFailedException("The model's output makes every symbol impossible; the model is damaged or its training diverged.");
        if (_options.Temperature == 0) return best;

        if (_ranked.Length < logits.Length) (_ranked, _weights) = (new ulong[logits.Length], new double[logits.Length]);
        int count = 0;
        for (int i = 0; i < logits.Length; i++)
            if (i != Never && logits[i] > float.NegativeInfinity) _ranked[count++] = Rank(logits[i], i);
        bool limited = _options.TopP < 1 || (_options.TopK > 0 && _options.TopK < count);
        if (limited) Array.Sort(_ranked, 0, count);
        if (_options.TopK > 0) count = Math.Min(count, _options.TopK);

        double total = 0;
        for (int i = 0; i < count; i++) total += _weights[i] = Math.Exp(((double)logits[Symbol(_ranked[i])] - logits[best]) / _options.Temperature);
        if (_options.TopP < 1)
        {
            double nucleus = 0, wanted = _options.TopP * total;
            int kept = 0;
            while (kept < count && nucleus < wanted) nucleus += _weights[kept++];
            (count, total) = (kept, nucleus);
        }

        double point = _random.NextDouble() * total;
        int last = 0;
        for (int i = 0; i < count; i++)
        {
            // A weight can vanish at a low temperature; what has none is never drawn, not even where rounding carries the point past the end.
            if (_weights[i] == 0) continue;
            last = i;
            point -= _weights[i];
            if (point < 0) break;
        }
        return Symbol(_ranked[last]);
    }

    /// <summary>A key that sorts by falling logit, and where those are equal by rising symbol.</summary>
    private static ulong Rank(float logit, int symbol)
    {
        // Adding zero makes −0 equal to +0. Flipping all bits of a negative number and the sign of a positive one orders floats as integers.
        uint bits = BitConverter.SingleToUInt32Bits(logit + 0f);
        uint rising = (bits & 0x80000000) != 0 ? ~bits : bits | 0x80000000;
        return (ulong)~rising << 32 | (uint)symbol;
    }

    private static int Symbol(ulong rank) => (int)(uint)rank;
}
