using System.Runtime.InteropServices;

namespace Unroll.Tasks.Translation;

/// <summary>
/// How much translations have in common with references, over a whole corpus: the geometric mean of the precisions of their 1- to 4-grams, each n-gram counted as often as the
/// reference has it at most, times a penalty for what is too short. Papineni et al. 2002, "BLEU: a method for automatic evaluation of machine translation". As sacreBLEU computes it of one
/// reference on given tokens (tokenizer none, smoothing exp: Chen &amp; Cherry 2014, method 3; Post 2018).
/// </summary>
internal sealed class Bleu
{
    private const int Orders = 4;

    private readonly long[] _matches = new long[Orders], _totals = new long[Orders];
    private long _length, _referenceLength;

    /// <summary>Words of the translations.</summary>
    public long Length => _length;

    /// <summary>Words of the references.</summary>
    public long ReferenceLength => _referenceLength;

    /// <summary>From 0 to 1: how much is lost to translations shorter than their references.</summary>
    public double BrevityPenalty => _length >= _referenceLength ? 1 : _length == 0 ? 0 : Math.Exp(1 - (double)_referenceLength / _length);

    /// <summary>BLEU, from 0 to 100.</summary>
    public double Score
    {
        get
        {
            double logarithms = 0, smoothing = 1;
            if (!Array.Exists(_matches, count => count > 0)) return 0;
            for (int order = 0; order < Orders; order++)
            {
                // Too short to have n-grams of the order at all.
                if (_totals[order] == 0) return 0;
                double matches = _matches[order] > 0 ? _matches[order] : 1 / (smoothing *= 2);
                logarithms += Math.Log(100 * matches / _totals[order]);
            }
            return BrevityPenalty * Math.Exp(logarithms / Orders);
        }
    }

    /// <summary>Counts one more translation.</summary>
    /// <param name="translation">Its tokens.</param>
    /// <param name="reference">Those of its reference.</param>
    public void Add(IReadOnlyList<string> translation, IReadOnlyList<string> reference)
    {
        _length += translation.Count;
        _referenceLength += reference.Count;
        for (int order = 1; order <= Orders; order++)
        {
            Dictionary<string, long> found = Grams(translation, order), wanted = Grams(reference, order);
            _totals[order - 1] += Math.Max(0, translation.Count - order + 1);
            foreach ((string gram, long count) in found) _matches[order - 1] += Math.Min(count, wanted.GetValueOrDefault(gram));
        }
    }

    /// <summary>How often every n-gram occurs, its tokens joined by spaces, which no token holds.</summary>
    private static Dictionary<string, long> Grams(IReadOnlyList<string> tokens, int order)
    {
        var grams = new Dictionary<string, long>(StringComparer.Ordinal);
        for (int i = 0; i + order <= tokens.Count; i++)
            CollectionsMarshal.GetValueRefOrAddDefault(grams, string.Join(' ', tokens.Skip(i).Take(order)), out _)++;
        return grams;
    }
}
