using Unroll.Cells;
using Unroll.Kernels;
using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Tests.Layers;

/// <summary>Step by step against all steps at once.</summary>
public class RecurrentSessionTests
{
    public static TheoryData<string> Cells() => [.. CellCatalogue.All.Select(variant => variant.Name)];

    [Theory]
    [MemberData(nameof(Cells))]
    public void Gives_the_bits_of_all_steps_at_once(string name)
    {
        const int Time = 9, Input = 12, Hidden = 40;
        foreach (int batch in new[] { 1, 3, 5 })
        {
            var layer = new Recurrent(CellCatalogue.Find(name).Create(), Input, Hidden, new RecurrentOptions { Layers = 2 });
            layer.Initialize(new RandomState(3));
            var x = Numbers(batch * Time * Input);
            (Tensor all, RecurrentState last) = layer.Forward(Tensor.From(x, [batch, Time, Input]));
            RecurrentSession session = layer.NewSession(batch);
            float[] row = new float[batch * Input], y = new float[batch * layer.OutputSize];
            for (int t = 0; t < Time; t++)
            {
                for (int b = 0; b < batch; b++) x.AsSpan((b * Time + t) * Input, Input).CopyTo(row.AsSpan(b * Input));
                session.Step(row, y);
                for (int b = 0; b < batch; b++)
                    Assert.Equal(all.Span.Slice((b * Time + t) * layer.OutputSize, layer.OutputSize).ToArray(), y.AsSpan(b * layer.OutputSize, layer.OutputSize).ToArray());
            }
            for (int i = 0; i < last.Count; i++) Assert.Equal(last.Tensors[i].Span.ToArray(), session.State.Values(i).ToArray());
            // From the beginning again, and with other weights.
            session.State.Clear();
            foreach (Parameter parameter in layer.Parameters)
            {
                foreach (ref float value in parameter.Values) value *= 0.5f;
                parameter.Changed();
            }
            (all, _) = layer.Forward(Tensor.From(x, [batch, Time, Input]));
            for (int b = 0; b < batch; b++) x.AsSpan(b * Time * Input, Input).CopyTo(row.AsSpan(b * Input));
            session.Step(row, y);
            Assert.Equal(all.Span[..layer.OutputSize].ToArray(), y.AsSpan(0, layer.OutputSize).ToArray());
        }
    }

    [Fact]
    public void Streams_of_one_layer_run_side_by_side_and_follow_the_number_of_threads()
    {
        var layer = new Recurrent(new Lstm(), 200, 256);
        layer.Initialize(new RandomState(1));
        float[] x = Numbers(200);
        float[] Run(int steps, Action<int>? between = null)
        {
            RecurrentSession session = layer.NewSession();
            float[] y = new float[256];
            for (int i = 0; i < steps; i++)
            {
                between?.Invoke(i);
                session.Step(x, y);
            }
            return y;
        }

        float[] expected = Run(20);
        int before = ThreadTeam.Threads;
        try
        {
            Assert.Equal(expected, Run(20, i => ThreadTeam.Threads = 1 + i % 3));
            float[][] results = new float[4][];
            Parallel.For(0, 4, i => results[i] = Run(20));
            Assert.All(results, result => Assert.Equal(expected, result));
        }
        finally
        {
            ThreadTeam.Threads = before;
        }
    }

    [Fact]
    public void A_step_allocates_nothing()
    {
        var layer = new Recurrent(new Gru(), 16, 48, new RecurrentOptions { Layers = 2 });
        layer.Initialize(new RandomState(1));
        RecurrentSession session = layer.NewSession();
        float[] x = Numbers(16), y = new float[48];
        Assert.Equal(0, Allocation.OfSteadySteps(_ => session.Step(x, y)));
    }

    [Fact]
    public void Wrong_sizes_and_a_layer_without_an_end_are_refused()
    {
        RecurrentSession session = new Recurrent(new Lstm(), 3, 4).NewSession(2);
        Assert.Contains("x has 3 numbers; a step of this session takes [2, 3], that is 6", Assert.Throws<ShapeException>(() => session.Step(new float[3], new float[8])).Message);
        Assert.Contains("y has room for 4 numbers", Assert.Throws<ShapeException>(() => session.Step(new float[6], new float[4])).Message);
        Assert.Contains("bidirectional", Assert.Throws<BadUsageException>(() => new Recurrent(new Lstm(), 3, 4, new RecurrentOptions { Bidirectional = true }).NewSession()).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Recurrent(new Lstm(), 3, 4).NewSession(0));
    }

    private static float[] Numbers(int count)
    {
        var random = new Random(7);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() * 2 - 1))];
    }
}
