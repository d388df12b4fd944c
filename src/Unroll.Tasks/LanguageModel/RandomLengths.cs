using Unroll.Tensors;

namespace Unroll.Tasks.LanguageModel;

/// <summary>Where the streams of a text are cut into pieces whose lengths vary around the usual one, so that not always the same places begin a piece: of mean L
/// with probability 0.95, else L/2, with standard deviation 5. Merity, Keskar &amp; Socher 2018. Every epoch has as many pieces, which cover the streams exactly:
/// lengths are drawn and then stretched alike, by about a hundredth.</summary>
internal sealed class RandomLengths
{
    private const double HalvedShare = 0.05, Deviation = 5;

    /// <summary>The shortest length drawn.</summary>
    private const int Shortest = 5;

    private readonly int _usual, _stream;
    private readonly int[] _cuts;

    /// <summary>Cuts are drawn by <see cref="Draw"/>.</summary>
    /// <param name="usual">L.</param>
    /// <param name="stream">The length of each stream.</param>
    public RandomLengths(int usual, int stream)
    {
        (_usual, _stream) = (usual, stream);
        double mean = Math.Max(Shortest, usual * (1 - HalvedShare / 2));
        _cuts = new int[(int)Math.Clamp(stream / mean, 1, stream) + 1];
    }

    /// <summary>The number of pieces.</summary>
    public int Count => _cuts.Length - 1;

    /// <summary>The longest piece of those drawn last.</summary>
    public int Longest => Enumerable.Range(0, Count).Max(LengthOf);

    /// <summary>Where a piece begins.</summary>
    public int From(int piece) => _cuts[piece];

    /// <summary>The length of a piece.</summary>
    public int LengthOf(int piece) => _cuts[piece + 1] - _cuts[piece];

    /// <summary>Draws the cuts of an epoch.</summary>
    /// <param name="key">What they are drawn from.</param>
    public void Draw(ulong key)
    {
        var random = new RandomState(key);
        double[] ends = new double[Count];
        double sum = 0;
        for (int i = 0; i < ends.Length; i++)
        {
            double mean = random.NextInt(1 << 20) < HalvedShare * (1 << 20) ? _usual / 2.0 : _usual;
            ends[i] = sum += Math.Max(Shortest, mean + Deviation * random.NextGaussian());
        }
        // Every piece has a symbol, whatever rounding does.
        for (int i = 0; i < ends.Length; i++) _cuts[i + 1] = Math.Clamp((int)Math.Round(ends[i] / sum * _stream), _cuts[i] + 1, _stream - (Count - 1 - i));
    }
}
