using Unroll.Losses;
using Unroll.Tensors;
using Unroll.Tensors.Operations;

namespace Unroll.Tests.Losses;

public sealed class LikelihoodTests
{
    [Fact]
    public void Equal_logits_cost_the_logarithm_of_the_number_of_classes() =>
        Assert.Equal(MathF.Log(7), Likelihood.Categorical(Tensor.Full([2, 7], 3), [0, 6]).Item, 1e-6f);

    [Fact]
    public void Targets_to_ignore_do_not_count()
    {
        Tensor logits = Tensor.From([1, 2, 3, 5, 1, 0], [2, 3]);
        float second = Likelihood.Categorical(logits.Slice(0, 1, 1), [2]).Item;
        Assert.Equal(second, Likelihood.Categorical(logits, [-1, 2]).Item);
        Assert.Equal(second, Likelihood.Categorical(logits, [9, 2], ignore: 9).Item);
    }

    [Fact]
    public void A_smoothed_loss_is_least_where_the_target_has_what_is_left_to_it()
    {
        // Three classes, 0.3 shared: 0.8 for the target, 0.1 for each of the others.
        var tape = new Tape();
        tape.Begin();
        Tensor x = tape.Watch(Tensor.From([MathF.Log(0.8f), MathF.Log(0.1f), MathF.Log(0.1f)], [1, 3]));
        Tensor loss = Likelihood.Categorical(x, [0], smoothing: 0.3f);
        tape.Backward(loss);
        tape.End();
        Assert.Equal(-0.8f * MathF.Log(0.8f) - 0.2f * MathF.Log(0.1f), loss.Item, 1e-6f);
        Assert.All(tape.Gradient(x).ToArray(), gradient => Assert.Equal(0, gradient, 1e-6f));
        Assert.Throws<ArgumentOutOfRangeException>(() => Likelihood.Categorical(x, [0], smoothing: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Likelihood.Categorical(x, [0], smoothing: float.NaN));
    }

    [Fact]
    public void Chunks_of_rows_say_what_all_logits_say_with_any_number_of_threads()
    {
        const int Rows = 300, Classes = 20_000, Features = 9;
        Assert.InRange(ProjectedCategorical.ChunkRows(Classes), 1, Rows - 1);
        var random = new RandomState(3);
        Tensor x = Draw(random, [Rows, Features]), weight = Draw(random, [Classes, Features]), bias = Draw(random, [Classes]);
        int[] targets = [.. Enumerable.Range(0, Rows).Select(row => row % 7 == 0 ? -1 : random.NextInt(Classes))];
        float[][] whole = Gradients((x, weight, bias) => Likelihood.Categorical(x.MatMul(weight, transposeRight: true) + bias, targets, smoothing: 0.1f));
        float[][]? first = null;
        int before = Parallelism.Threads;
        try
        {
            foreach (int threads in new[] { 1, 2, 3, 5 })
            {
                Parallelism.Threads = threads;
                float[][] chunked = Gradients((x, weight, bias) => Likelihood.Categorical(x, weight, bias, targets, smoothing: 0.1f));
                first ??= chunked;
                for (int i = 0; i < whole.Length; i++)
                {
                    Assert.Equal(first[i], chunked[i]);
                    float scale = whole[i].Max(Math.Abs);
                    Assert.All(whole[i].Zip(chunked[i]), pair => Assert.Equal(pair.First, pair.Second, 1e-5f * scale));
                }
            }
        }
        finally
        {
            Parallelism.Threads = before;
        }

        float[][] Gradients(Func<Tensor, Tensor, Tensor, Tensor> loss)
        {
            var tape = new Tape();
            tape.Begin();
            Tensor a = tape.Watch(x), b = tape.Watch(weight), c = tape.Watch(bias);
            // A gradient other than 1.
            Tensor result = loss(a, b, c) * 3;
            tape.Backward(result);
            tape.End();
            return [[result.Item], tape.Gradient(a).ToArray(), tape.Gradient(b).ToArray(), tape.Gradient(c).ToArray()];
        }

        static Tensor Draw(RandomState random, Shape shape) => Tensor.From([.. Enumerable.Range(0, shape.Count).Select(_ => (float)random.NextGaussian())], shape);
    }

    [Fact]
    public void When_nothing_counts_loss_and_gradients_are_zero()
    {
        var tape = new Tape();
        tape.Begin();
        Tensor x = tape.Watch(Tensor.From([1, 2, 3, 5], [2, 2])), t = Tensor.Zeros([2, 2]);
        Tensor loss = Likelihood.Categorical(x, [-1, -1]) + Likelihood.Bernoulli(x, t, [0, 0]) + Likelihood.Gaussian(x, t, 1, [0, 0]) + Likelihood.Gaussian(x, t, t, [0, 0]);
        tape.Backward(loss);
        tape.End();
        Assert.Equal(0, loss.Item);
        Assert.Equal([0, 0, 0, 0], tape.Gradient(x).ToArray());
    }

    [Fact]
    public void Rows_that_do_not_count_have_no_influence_whatever_they_hold()
    {
        Tensor x = Tensor.From([1, 2, float.NaN, float.PositiveInfinity], [2, 2]), t = Tensor.From([1, 0, 1, 0], [2, 2]);
        Assert.Equal(Likelihood.Bernoulli(x.Slice(0, 0, 1), t.Slice(0, 0, 1)).Item, Likelihood.Bernoulli(x, t, [1, 0]).Item);
        Assert.Equal(Likelihood.Gaussian(x.Slice(0, 0, 1), t.Slice(0, 0, 1)).Item, Likelihood.Gaussian(x, t, 1, [1, 0]).Item);
        Assert.Equal(Likelihood.Categorical(x.Slice(0, 0, 1), [1]).Item, Likelihood.Categorical(x, [1, -1]).Item);
    }

    [Fact]
    public void Extreme_logits_neither_overflow_nor_lose_the_loss()
    {
        var tape = new Tape();
        tape.Begin();
        Tensor x = tape.Watch(Tensor.From([1000, -1000, 0], [1, 3]));
        Tensor loss = Likelihood.Categorical(x, [1]);
        tape.Backward(loss);
        tape.End();
        Assert.Equal(2000, loss.Item);
        Assert.Equal([1, -1, 0], tape.Gradient(x).ToArray());
        Assert.Equal(1000, Likelihood.Bernoulli(Tensor.From([1000], [1]), Tensor.Zeros([1])).Item);
        Assert.Equal(0, Likelihood.Bernoulli(Tensor.From([1000], [1]), Tensor.Full([1], 1)).Item);
        Assert.Equal(1000, Likelihood.Bernoulli(Tensor.From([-1000], [1]), Tensor.Full([1], 1)).Item);
    }

    [Fact]
    public void A_logit_that_is_no_number_shows_in_the_loss() =>
        Assert.True(float.IsNaN(Likelihood.Categorical(Tensor.From([1, float.NaN, 0], [1, 3]), [0]).Item));

    [Fact]
    public void The_two_Gaussians_agree_at_equal_variance()
    {
        Tensor mean = Tensor.From([1, 2, 3, 4], [2, 2]), targets = Tensor.From([0, 2, 5, 1], [2, 2]);
        Assert.Equal(Likelihood.Gaussian(mean, targets, 2).Item, Likelihood.Gaussian(mean, Tensor.Full([2, 2], MathF.Log(4)), targets).Item, 1e-5f);
        // A normal density at its mean with deviation 2, twice.
        Assert.Equal(2 * MathF.Log(2 * MathF.Sqrt(2 * MathF.PI)), Likelihood.Gaussian(mean, mean, 2).Item, 1e-5f);
        Assert.Throws<ArgumentOutOfRangeException>(() => Likelihood.Gaussian(mean, targets, 0));
    }
}
