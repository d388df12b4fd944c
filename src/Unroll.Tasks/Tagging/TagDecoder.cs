using Unroll.Decoding;
using Unroll.Layers;

namespace Unroll.Tasks.Tagging;

/// <summary>Finds the best tags of a sentence by a network's scores, such that they keep the rules of their scheme.</summary>
internal sealed class TagDecoder
{
    private readonly ViterbiDecoder _decoder, _free;
    private readonly bool _eachAlone;
    private readonly int _tags;

    /// <summary>A decoder for a network as it is now: when its weights change, make another.</summary>
    /// <param name="tags">The tags' names.</param>
    /// <param name="scheme">Whose rules are kept.</param>
    /// <param name="crf">What judges tags together, or null.</param>
    public TagDecoder(IReadOnlyList<string> tags, EntityScheme scheme, ConditionalRandomField? crf)
    {
        _tags = tags.Count;
        (_decoder, _free) = (New(), New());
        _eachAlone = crf is null && scheme == EntityScheme.None;
        for (int from = 0; from < tags.Count; from++)
        {
            if (!EntityTags.MayFollow(null, tags[from], scheme)) _decoder.ForbidStart(from);
            if (!EntityTags.MayFollow(tags[from], null, scheme)) _decoder.ForbidEnd(from);
            for (int to = 0; to < tags.Count; to++)
                if (!EntityTags.MayFollow(tags[from], tags[to], scheme)) _decoder.Forbid(from, to);
        }

        ViterbiDecoder New() => crf is null ? new ViterbiDecoder(tags.Count) : new ViterbiDecoder(crf.Transitions.Values, crf.Start.Values, crf.End.Values);
    }

    /// <summary>The best tags.</summary>
    /// <param name="scores">[time, tags].</param>
    public int[] Best(ReadOnlySpan<float> scores)
    {
        if (!_eachAlone) return Decode(scores, 1)[0].Tags;
        var best = new int[scores.Length / _tags];
        for (int t = 0; t < best.Length; t++) best[t] = Math.Max(0, System.Numerics.Tensors.TensorPrimitives.IndexOfMax(scores.Slice(t * _tags, _tags)));
        return best;
    }

    /// <summary>The n best, with their probabilities among all that keep the rules.</summary>
    /// <param name="scores">[time, tags].</param>
    /// <param name="count">How many at most.</param>
    public IReadOnlyList<(int[] Tags, double Probability)> NBest(ReadOnlySpan<float> scores, int count)
    {
        double all = _decoder.LogPartition(scores);
        if (double.IsNegativeInfinity(all)) all = _free.LogPartition(scores);
        return [.. Decode(scores, count).Select(path => (path.Tags, Math.Min(1, Math.Exp(path.Score - all))))];
    }

    /// <summary>With few tags the rules may leave no way for a sentence of some length; then they are not kept.</summary>
    private IReadOnlyList<TagPath> Decode(ReadOnlySpan<float> scores, int count)
    {
        IReadOnlyList<TagPath> paths = _decoder.Decode(scores, count);
        if (paths.Count == 0) paths = _free.Decode(scores, count);
        return paths.Count > 0 ? paths : throw new RunFailedException("The model's scores are no longer numbers; it is of no use. Train it again, with a lower learning rate.");
    }
}
