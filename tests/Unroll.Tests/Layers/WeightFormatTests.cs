using Unroll.Cells;
using Unroll.Kernels;
using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Tests.Layers;

/// <summary>Inference with weights stored as bfloat16 and as 8-bit integers.</summary>
public class WeightFormatTests
{
    private const int Time = 7, Input = 20, Hidden = 72, Batch = 6;

    public static TheoryData<string, WeightFormat> Cells()
    {
        var data = new TheoryData<string, WeightFormat>();
        foreach (var variant in CellCatalogue.All)
            foreach (var format in new[] { WeightFormat.BFloat16, WeightFormat.Int8 }) data.Add(variant.Name, format);
        return data;
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Few_rows_and_many_compute_with_the_same_rounded_weights(string name, WeightFormat format)
    {
        Recurrent layer = New(name);
        float[] x = Numbers(Batch * Time * Input), exact = Forward(layer, x, Batch);
        layer.InferenceWeights = format;
        float[] rounded = Forward(layer, x, Batch);
        Assert.NotEqual(exact, rounded);
        Assert.True(exact.Zip(rounded, (a, b) => Math.Abs(a - b)).Max() < 0.15);
        int row = Time * Input, outRow = Time * layer.OutputSize;
        foreach (int batch in new[] { 1, 2, 3 })
        {
            for (int first = 0; first < Batch; first += batch)
                Assert.Equal(rounded.AsSpan(first * outRow, batch * outRow).ToArray(), Forward(layer, x[(first * row)..((first + batch) * row)], batch));
            RecurrentSession session = layer.NewSession(batch);
            float[] now = new float[batch * Input], y = new float[batch * layer.OutputSize];
            for (int t = 0; t < Time; t++)
            {
                for (int b = 0; b < batch; b++) x.AsSpan(b * row + t * Input, Input).CopyTo(now.AsSpan(b * Input));
                session.Step(now, y);
                for (int b = 0; b < batch; b++)
                    Assert.Equal(rounded.AsSpan(b * outRow + t * layer.OutputSize, layer.OutputSize).ToArray(), y.AsSpan(b * layer.OutputSize, layer.OutputSize).ToArray());
            }
        }
        layer.InferenceWeights = WeightFormat.Float32;
        Assert.Equal(exact, Forward(layer, x, Batch));
        Assert.Equal(exact.AsSpan(0, outRow).ToArray(), Forward(layer, x[..row], 1));
    }

    [Fact]
    public void Bfloat16_is_the_layer_whose_matrices_are_rounded()
    {
        Recurrent layer = New("lstm"), rounded = New("lstm");
        layer.InferenceWeights = WeightFormat.BFloat16;
        foreach (Parameter parameter in rounded.Parameters)
        {
            if (parameter.Shape.Rank != 2) continue;
            // Half to even, by decimal arithmetic on the unit in the eighth place.
            foreach (ref float value in parameter.Values)
            {
                double unit = Math.Pow(2, Math.Floor(Math.Log2(Math.Abs(value))) - 7);
                value = (float)(Math.Round(value / unit, MidpointRounding.ToEven) * unit);
            }
            parameter.Changed();
        }
        float[] x = Numbers(Time * Input);
        Assert.Equal(Forward(rounded, x, 1), Forward(layer, x, 1));
    }

    [Theory]
    [InlineData(WeightFormat.BFloat16, false)]
    [InlineData(WeightFormat.BFloat16, true)]
    [InlineData(WeightFormat.Int8, false)]
    [InlineData(WeightFormat.Int8, true)]
    public void Stacked_layers_over_ragged_batches_give_each_sequence_its_own_bits(WeightFormat format, bool bidirectional)
    {
        var options = new RecurrentOptions { Layers = 2, Bidirectional = bidirectional };
        var layer = new Recurrent(new Gru(), Input, Hidden, options);
        layer.Initialize(new RandomState(3));
        layer.InferenceWeights = format;
        float[] x = Numbers(Batch * Time * Input);
        int[] lengths = [Time, 2, 0, 5, Time, 1];
        int before = ThreadTeam.Threads;
        try
        {
            foreach (int threads in new[] { 1, 2, 3, 5 })
            {
                ThreadTeam.Threads = threads;
                float[] y = layer.Forward(Tensor.From(x, [Batch, Time, Input]), default, lengths).Output.Span.ToArray();
                for (int b = 0; b < Batch; b++)
                {
                    float[] alone = lengths[b] == 0 ? [] : Forward(layer, x[(b * Time * Input)..((b * Time + lengths[b]) * Input)], 1);
                    Assert.Equal([.. alone, .. new float[(Time - lengths[b]) * layer.OutputSize]], y.AsSpan(b * Time * layer.OutputSize, Time * layer.OutputSize).ToArray());
                }
            }
        }
        finally
        {
            ThreadTeam.Threads = before;
        }
    }

    [Theory]
    [InlineData(WeightFormat.BFloat16)]
    [InlineData(WeightFormat.Int8)]
    public void Any_number_of_threads_gives_the_same_bits_and_changed_weights_are_stored_again(WeightFormat format)
    {
        float[] x = Numbers(5 * Input);
        int before = ThreadTeam.Threads;
        float[]? first = null;
        try
        {
            foreach (int threads in new[] { 1, 2, 3, 5 })
            {
                ThreadTeam.Threads = threads;
                var layer = new Recurrent(new Lstm(), Input, 256);
                layer.Initialize(new RandomState(4));
                layer.InferenceWeights = format;
                float[] y = Forward(layer, x, 1);
                Assert.Equal(first ??= y, y);
                foreach (Parameter parameter in layer.Parameters)
                {
                    parameter.Values.Clear();
                    parameter.Changed();
                }
                Assert.All(Forward(layer, x, 1), value => Assert.Equal(0, value));
            }
        }
        finally
        {
            ThreadTeam.Threads = before;
        }
    }

    [Fact]
    public void Training_is_not_touched()
    {
        Recurrent layer = New("gru"), other = New("gru");
        layer.InferenceWeights = WeightFormat.Int8;
        float[] x = Numbers(2 * Time * Input);
        var tape = new Tape();
        tape.Begin();
        Assert.Equal(other.Forward(Tensor.From(x, [2, Time, Input])).Output.Span.ToArray(), layer.Forward(Tensor.From(x, [2, Time, Input])).Output.Span.ToArray());
        tape.End();
    }

    [Theory]
    [InlineData(WeightFormat.BFloat16)]
    [InlineData(WeightFormat.Int8)]
    public void A_step_allocates_nothing_and_an_unknown_format_is_refused(WeightFormat format)
    {
        Recurrent layer = New("lstm");
        layer.InferenceWeights = format;
        RecurrentSession session = layer.NewSession();
        float[] x = Numbers(Input), y = new float[layer.OutputSize];
        Assert.Equal(0, Allocation.OfSteadySteps(_ => session.Step(x, y)));
        Assert.Contains("use Float32, BFloat16 or Int8", Assert.Throws<ArgumentOutOfRangeException>(() => layer.InferenceWeights = (WeightFormat)9).Message);
    }

    private static Recurrent New(string name)
    {
        var layer = new Recurrent(CellCatalogue.Find(name).Create(), Input, Hidden);
        layer.Initialize(new RandomState(3));
        return layer;
    }

    private static float[] Forward(Recurrent layer, float[] x, int batch) => layer.Forward(Tensor.From(x, [batch, x.Length / batch / Input, Input])).Output.Span.ToArray();

    private static float[] Numbers(int count)
    {
        var random = new Random(7);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() * 2 - 1))];
    }
}
