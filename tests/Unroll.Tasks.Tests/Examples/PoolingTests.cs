using Unroll.Cells;
using Unroll.Layers;
using Unroll.Tasks.Examples;
using Unroll.Tensors;

namespace Unroll.Tasks.Tests.Examples;

public sealed class PoolingTests
{
    [Theory]
    [InlineData("last")]
    [InlineData("mean")]
    [InlineData("max")]
    [InlineData("attention")]
    public void What_stands_for_a_sequence_follows_from_its_own_steps(string kind)
    {
        const int Features = 4, Time = 5;
        int[] lengths = [5, 2, 0, 1];
        var random = new RandomState(4);
        float[] output = new float[lengths.Length * Time * Features];
        for (int i = 0; i < lengths.Length; i++)
            for (int k = 0; k < lengths[i] * Features; k++) output[i * Time * Features + k] = (float)random.NextGaussian();
        var pooling = new Pooling(kind, new Recurrent(new Gru(), 1, Features / 2, new RecurrentOptions { Bidirectional = true }));
        pooling.Initialize(new RandomState(5));
        (Tensor pooled, Tensor weights) = pooling.Forward(Tensor.From(output, [lengths.Length, Time, Features]), lengths);
        Assert.Equal(kind != "attention", weights.IsEmpty);
        for (int i = 0; i < lengths.Length; i++)
        {
            double[] shares = Shares(i);
            for (int f = 0; f < Features; f++)
            {
                double[] steps = [.. Enumerable.Range(0, lengths[i]).Select(t => (double)output[(i * Time + t) * Features + f]).DefaultIfEmpty(0)];
                double expected = kind switch
                {
                    // The backward half ends with the first step.
                    "last" => f < Features / 2 ? steps[^1] : steps[0],
                    "mean" => steps.Average(),
                    "max" => steps.Max(),
                    _ => steps.Zip(shares, (step, share) => step * share).Sum(),
                };
                Assert.Equal(expected, pooled.Span[i * Features + f], 1e-5);
            }
            if (!weights.IsEmpty)
                for (int t = 0; t < Time; t++) Assert.Equal(t < shares.Length ? shares[t] : 0, weights.Span[i * Time + t], 1e-5);
        }

        // α = softmax over the sequence's steps of vᵀ tanh(W h + b).
        double[] Shares(int i)
        {
            if (kind != "attention") return [];
            float[] w = Values("projection.weight"), b = Values("projection.bias"), v = Values("score.weight");
            double[] scores = [.. Enumerable.Range(0, Math.Max(1, lengths[i])).Select(t => Math.Exp(Enumerable.Range(0, Features).Sum(row =>
                v[row] * Math.Tanh(b[row] + Enumerable.Range(0, Features).Sum(f => (double)w[row * Features + f] * output[(i * Time + t) * Features + f])))))];
            return [.. scores.Select(score => score / scores.Sum())];
        }

        float[] Values(string name) => pooling.Parameters.Single(parameter => parameter.Name == name).Values.ToArray();
    }
}
