using Unroll.Tensors.Operations;

namespace Unroll.Tests.Tensors;

/// <summary>The conditional random field by its definition: a sum over all paths where there are few, and where there are many the recursion in plain double precision.</summary>
internal static class CrfCase
{
    public static OperationCase Of() => new("Conditional random field", typeof(LinearChainCrf), Draw.NotEmpty, (random, size) =>
    {
        int[] shape = size == Size.Large ? [9, 23, 17] : [1 + random.NextInt(3), 1 + random.NextInt(4), 1 + random.NextInt(4)];
        int tags = shape[2];
        int[] targets = [.. Enumerable.Range(0, shape[0] * shape[1]).Select(_ => random.NextInt(tags))];
        int[] lengths = [.. Enumerable.Range(0, shape[0]).Select(_ => random.NextInt(shape[1] + 1))];
        // Beyond a length any number may stand.
        for (int i = 0; i < targets.Length; i++)
            if (i % shape[1] >= lengths[i / shape[1]]) targets[i] = -7;
        return new([Draw.Numbers(random, shape), Draw.Numbers(random, [tags, tags]), Draw.Numbers(random, [tags]), Draw.Numbers(random, [tags])],
            x => LinearChainCrf.Apply(x[0], x[1], x[2], x[3], targets, lengths),
            x =>
            {
                double sum = 0;
                for (int b = 0; b < shape[0]; b++)
                    if (lengths[b] > 0)
                        sum += LogZ(x, b, lengths[b], enumerate: size != Size.Large) - Score(x, b, targets.AsSpan(b * shape[1], lengths[b]));
                return Reference.Scalar(lengths.Sum() == 0 ? 0 : sum / lengths.Sum());
            });
    });

    /// <summary>What a path is worth.</summary>
    public static double Score(Reference[] x, int b, ReadOnlySpan<int> path)
    {
        double score = x[2].Values[path[0]] + x[3].Values[path[^1]];
        for (int t = 0; t < path.Length; t++) score += x[0][b, t, path[t]] + (t > 0 ? x[1][path[t - 1], path[t]] : 0);
        return score;
    }

    /// <summary>All paths over some tokens.</summary>
    public static IEnumerable<int[]> Paths(int tags, int length) => length == 0 ? [[]]
        : Paths(tags, length - 1).SelectMany(path => Enumerable.Range(0, tags).Select(tag => (int[])[.. path, tag]));

    private static double LogZ(Reference[] x, int b, int length, bool enumerate)
    {
        int tags = x[2].Count;
        if (enumerate) return Math.Log(Paths(tags, length).Sum(path => Math.Exp(Score(x, b, path))));
        double[] alpha = [.. Enumerable.Range(0, tags).Select(j => Math.Exp(x[2].Values[j] + x[0][b, 0, j]))];
        for (int t = 1; t < length; t++)
            alpha = [.. Enumerable.Range(0, tags).Select(j => Math.Exp(x[0][b, t, j]) * Enumerable.Range(0, tags).Sum(i => alpha[i] * Math.Exp(x[1][i, j])))];
        return Math.Log(Enumerable.Range(0, tags).Sum(j => alpha[j] * Math.Exp(x[3].Values[j])));
    }
}
