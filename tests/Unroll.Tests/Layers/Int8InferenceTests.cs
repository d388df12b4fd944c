using Unroll.Cells;
using Unroll.Equations;
using Unroll.Kernels;
using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Tests.Layers;

/// <summary>Inference with 8-bit weights: the bits of a loop over whole numbers, whatever the vectors, the threads and the batch.</summary>
public class Int8InferenceTests
{
    /// <summary>h ← W x + U h + b: nothing but products.</summary>
    private sealed class Linear : Cell
    {
        protected override void Define(CellEquations cell)
        {
            var (x, h) = (cell.Input, cell.State("h"));
            cell.Next(h, cell.Affine("s", x, h));
            cell.Output(cell.NextOf(h));
        }
    }

    private static Recurrent New(int input, int hidden)
    {
        var layer = new Recurrent(new Linear(), input, hidden);
        layer.Initialize(new RandomState(5));
        layer.InferenceWeights = WeightFormat.Int8;
        return layer;
    }

    /// <summary>One sequence by the definition: a matrix row and a vector are whole numbers times a scale, their product an exact sum times both.</summary>
    private static float[] Reference(Recurrent layer, ReadOnlySpan<float> x)
    {
        int input = layer.InputSize, hidden = layer.OutputSize, time = x.Length / input;
        float[] w = Values("weight_ih_l0"), u = Values("weight_hh_l0"), b = Values("bias_ih_l0"), y = new float[time * hidden], h = new float[hidden];
        for (int t = 0; t < time; t++)
        {
            float[] sum = [.. b];
            foreach (var (matrix, vector) in new[] { (w, x.Slice(t * input, input).ToArray()), (u, h) })
            {
                var (scale, numbers) = Rounded(vector);
                for (int j = 0; j < hidden; j++)
                {
                    var (rowScale, row) = Rounded(matrix.AsSpan(j * vector.Length, vector.Length));
                    sum[j] = MathF.FusedMultiplyAdd(row.Zip(numbers, (p, q) => p * q).Sum(), rowScale * scale, sum[j]);
                }
            }
            h = sum;
            h.CopyTo(y, t * hidden);
        }
        return y;

        float[] Values(string name) => layer.Parameters.Single(parameter => parameter.Name == name).Values.ToArray();
    }

    private static (float Scale, int[] Whole) Rounded(ReadOnlySpan<float> values)
    {
        float largest = 0;
        foreach (float value in values) largest = MathF.Max(largest, MathF.Abs(value));
        if (!float.IsFinite(largest)) return (float.NaN, new int[values.Length]);
        return float.IsInfinity(127 / largest) ? (0, new int[values.Length]) : (largest / 127, [.. values.ToArray().Select(value => (int)MathF.Round(value * (127 / largest)))]);
    }

    private static float[] Forward(Recurrent layer, float[] x, int batch, ReadOnlySpan<int> lengths = default) =>
        layer.Forward(Tensor.From(x, [batch, x.Length / batch / layer.InputSize, layer.InputSize]), default, lengths).Output.Span.ToArray();

    private static float[] Numbers(int count, float scale = 1)
    {
        var random = new Random(7);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() * 2 - 1) * scale)];
    }

    [Theory]
    [InlineData(1, 1, 1, 3)]
    [InlineData(20, 40, 1, 9)]
    [InlineData(37, 72, 3, 5)]
    [InlineData(16, 64, 6, 4)]
    [InlineData(5, 33, 70, 3)]
    [InlineData(130, 100, 9, 6)]
    public void A_layer_gives_the_bits_of_a_loop_over_whole_numbers(int input, int hidden, int batch, int time)
    {
        Recurrent layer = New(input, hidden);
        float[] x = Numbers(batch * time * input), y = Forward(layer, x, batch);
        int[] lengths = [.. Enumerable.Range(0, batch).Select(b => b * 5 % (time + 1))];
        float[] ragged = Forward(layer, x, batch, lengths);
        RecurrentSession session = layer.NewSession();
        float[] now = new float[hidden];
        for (int b = 0; b < batch; b++)
        {
            float[] expected = Reference(layer, x.AsSpan(b * time * input, time * input));
            Assert.Equal(expected, y.AsSpan(b * time * hidden, time * hidden).ToArray());
            int used = lengths[b] * hidden;
            Assert.Equal([.. expected[..used], .. new float[time * hidden - used]], ragged.AsSpan(b * time * hidden, time * hidden).ToArray());
            session.State.Clear();
            for (int t = 0; t < time && b < 3; t++)
            {
                session.Step(x.AsSpan((b * time + t) * input, input), now);
                Assert.Equal(expected.AsSpan(t * hidden, hidden).ToArray(), now);
            }
        }
    }

    [Fact]
    public void Large_vanishing_and_lopsided_inputs_keep_to_the_definition()
    {
        const int Input = 24, Hidden = 40, Time = 3;
        Recurrent layer = New(Input, Hidden);
        float[] lopsided = Numbers(Time * Input);
        lopsided[Input + 3] = 1e30f;
        float[][] inputs = [Numbers(Time * Input, 1e4f), new float[Time * Input], lopsided, Numbers(Time * Input, 1e-38f), Numbers(Time * Input, 1e-20f), [.. Enumerable.Repeat(-1e4f, Time * Input)]];
        foreach (float[] x in inputs) Assert.Equal(Reference(layer, x), Forward(layer, x, 1));
        Assert.Equal(inputs.SelectMany(x => Reference(layer, x)), Forward(layer, [.. inputs.SelectMany(x => x)], inputs.Length));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void An_input_that_is_not_finite_makes_its_own_sequence_not_a_number_from_there_on(float odd)
    {
        const int Input = 24, Hidden = 40, Time = 4, Batch = 5, Row = Time * Input;
        Recurrent layer = New(Input, Hidden);
        float[] x = Numbers(Batch * Row), clean = Forward(layer, x, Batch);
        x[2 * Row + Input + 7] = odd;
        float[] y = Forward(layer, x, Batch);
        for (int i = 0; i < y.Length; i++)
        {
            bool isTouched = i / (Time * Hidden) == 2 && i / Hidden % Time >= 1;
            Assert.Equal(isTouched ? float.NaN : clean[i], y[i]);
        }
    }

    [Fact]
    public void A_weight_that_is_not_finite_makes_its_unit_not_a_number()
    {
        Recurrent layer = New(8, 20);
        Parameter weights = layer.Parameters.Single(parameter => parameter.Name == "weight_ih_l0");
        weights.Values[3 * 8 + 2] = float.PositiveInfinity;
        weights.Changed();
        float[] y = Forward(layer, Numbers(8), 1);
        for (int unit = 0; unit < 20; unit++) Assert.Equal(unit == 3, float.IsNaN(y[unit]));
    }

    [Fact]
    public void A_product_whose_sum_could_be_beyond_32_bits_is_refused()
    {
        Recurrent layer = New(Int8Panels.MostTerms + 1, 1);
        float[] x = new float[layer.InputSize];
        var error = Assert.Throws<BadUsageException>(() => Forward(layer, x, 1));
        Assert.Contains("at most 133144", error.Message);
        layer.InferenceWeights = WeightFormat.BFloat16;
        Forward(layer, x, 1);
    }
}
