using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Tests.Layers;

public sealed class LayerTests
{
    [Fact]
    public void Linear_has_PyTorchs_parameters_and_maps_the_last_dimension()
    {
        var layer = new Linear(2, 3);
        Assert.Equal(["weight [3, 2]", "bias [3]"], layer.Parameters.Select(parameter => parameter.ToString()));
        new float[] { 1, 2, 3, 4, 5, 6 }.CopyTo(layer.Weight.Values);
        new float[] { 10, 20, 30 }.CopyTo(layer.Bias!.Values);
        Tensor y = layer.Forward(Tensor.From([1, 0, 0, 1, 1, 1, 2, 0], [2, 2, 2]));
        Assert.Equal([2, 2, 3], y.Shape);
        Assert.Equal([11, 23, 35, 12, 24, 36, 13, 27, 41, 12, 26, 40], y.ToArray());
        Assert.Equal([11, 23, 35], layer.Forward(Tensor.From([1, 0], [2])).ToArray());
        Assert.Equal(["weight [3, 2]"], new Linear(2, 3, bias: false).Parameters.Select(parameter => parameter.ToString()));
    }

    [Fact]
    public void Linear_starts_within_one_over_the_root_of_its_inputs()
    {
        var layer = new Linear(16, 50);
        layer.Initialize(new RandomState(1));
        Assert.All(layer.Parameters, parameter =>
        {
            Assert.All(parameter.Values.ToArray(), value => Assert.InRange(value, -0.25f, 0.25f));
            Assert.Contains(parameter.Values.ToArray(), value => Math.Abs(value) > 0.2f);
        });
    }

    [Fact]
    public void Embedding_looks_vectors_up_and_adds_their_gradients()
    {
        var layer = new Embedding(3, 2);
        new float[] { 1, 2, 3, 4, 5, 6 }.CopyTo(layer.Weight.Values);
        var tape = new Tape();
        tape.Begin();
        Tensor y = layer.Forward([2, 0, 2, 2], [2, 2]);
        Assert.Equal([2, 2, 2], y.Shape);
        Assert.Equal([5, 6, 1, 2, 5, 6, 5, 6], y.ToArray());
        tape.Backward(y.Sum());
        tape.End();
        Assert.Equal([1, 1, 0, 0, 3, 3], layer.Weight.Gradient.ToArray());
        Assert.Equal("weight [3, 2]", layer.Parameters[0].ToString());
    }

    /// <summary>Merity, Keskar &amp; Socher 2018: dropout on rows of the matrix, as if it were drawn for all symbols there are before any is looked up.</summary>
    [Fact]
    public void Embedding_drops_whole_symbols_wherever_they_stand()
    {
        const int Symbols = 400;
        var layer = new Embedding(Symbols, 3, dropout: 0.25f);
        layer.Initialize(new RandomState(1));
        int[] twice = [.. Enumerable.Range(0, Symbols), .. Enumerable.Range(0, Symbols).Reverse()];
        var tape = new Tape(new RandomState(5));
        tape.Begin();
        Tensor y = layer.Forward(twice, [2, Symbols]);
        Assert.Equal([2, Symbols, 3], y.Shape);
        float[] read = y.ToArray();
        tape.Backward(y.Sum());
        tape.End();
        int dropped = 0;
        for (int symbol = 0; symbol < Symbols; symbol++)
        {
            bool isDropped = read[3 * symbol] == 0;
            if (isDropped) dropped++;
            float factor = isDropped ? 0 : 1 / 0.75f;
            for (int i = 0; i < 3; i++)
            {
                Assert.Equal(layer.Weight.Values[3 * symbol + i] * factor, read[3 * symbol + i]);
                Assert.Equal(read[3 * symbol + i], read[3 * (2 * Symbols - 1 - symbol) + i]);
                Assert.Equal(2 * factor, layer.Weight.Gradient[3 * symbol + i]);
            }
        }
        Assert.InRange(dropped, 70, 130);
        tape.Begin();
        Assert.NotEqual(read, layer.Forward(twice, [2, Symbols]).ToArray());
        tape.End();
        tape.Training = false;
        tape.Begin();
        Assert.Equal(layer.Weight.Values.ToArray(), layer.Forward(twice.AsSpan(0, Symbols), [1, Symbols]).ToArray());
        tape.End();
        Assert.Throws<BadUsageException>(() => new Embedding(2, 2, dropout: 1));
    }

    [Fact]
    public void Dropout_acts_in_training_only()
    {
        var layer = new Dropout(0.25f);
        Tensor ones = Tensor.Full([100, 100], 1);
        Assert.Equal(ones.ToArray(), layer.Forward(ones).ToArray());
        var tape = new Tape { Training = false };
        tape.Begin();
        Assert.Equal(ones.ToArray(), layer.Forward(ones).ToArray());
        tape.End();
        tape.Training = true;
        tape.Begin();
        float[] first = layer.Forward(ones).ToArray(), second = layer.Forward(ones).ToArray();
        tape.End();
        Assert.All(first, value => Assert.True(value is 0 or 1 / 0.75f));
        Assert.Equal(0.25, first.Count(value => value == 0) / 10_000.0, 0.02);
        Assert.Equal(0.25 * 0.25, first.Zip(second).Count(pair => pair is (0, 0)) / 10_000.0, 0.015);
    }

    [Fact]
    public void Dropout_repeats_with_the_random_state()
    {
        var layer = new Dropout(0.5f);
        float[] Run()
        {
            var tape = new Tape(new RandomState(11));
            tape.Begin();
            float[] values = layer.Forward(Tensor.Full([50], 1)).ToArray();
            tape.End();
            return values;
        }
        Assert.Equal(Run(), Run());
    }

    [Fact]
    public void Layer_norm_gives_rows_mean_0_and_variance_1()
    {
        var layer = new LayerNorm(50);
        layer.Initialize(new RandomState(1));
        var random = new RandomState(2);
        float[] y = layer.Forward(Tensor.From([.. Enumerable.Range(0, 200).Select(i => 1000 + 3 * (float)random.NextGaussian())], [4, 50])).ToArray();
        foreach (float[] row in y.Chunk(50))
        {
            Assert.Equal(0, row.Average(), 1e-4);
            Assert.Equal(1, row.Average(value => value * value), 1e-3);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Layer_norm_of_equal_numbers_is_the_bias(int features)
    {
        var layer = new LayerNorm(features);
        layer.Initialize(new RandomState(1));
        layer.Bias.Values.Fill(0.5f);
        Assert.All(layer.Forward(Tensor.Full([2, features], 7)).ToArray(), value => Assert.Equal(0.5f, value));
    }

    [Fact]
    public void Senseless_sizes_are_wrong_usage()
    {
        Assert.Contains("0", Assert.Throws<BadUsageException>(() => new Linear(0, 3)).Message);
        Assert.Contains("-1", Assert.Throws<BadUsageException>(() => new Embedding(-1, 3)).Message);
        Assert.Contains("1", Assert.Throws<BadUsageException>(() => new Dropout(1)).Message);
        Assert.Throws<BadUsageException>(() => new LayerNorm(0));
        Assert.Throws<BadUsageException>(() => new LayerNorm(3, float.NaN));
    }
}
