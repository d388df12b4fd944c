using Unroll.Cells;
using Unroll.Kernels;
using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Tests.Layers;

/// <summary>One layer run by several threads at once, each with its own input, tape and state: every one gets the bits it gets alone.</summary>
public sealed class RecurrentConcurrencyTests
{
    private const int Callers = 4, Rounds = 12;

    [Theory]
    [InlineData("lstm", WeightFormat.Float32, 1)]
    [InlineData("lstm", WeightFormat.Float32, 3)]
    [InlineData("gru", WeightFormat.BFloat16, 2)]
    [InlineData("lstm-layer-norm", WeightFormat.Int8, 2)]
    [InlineData("min-gru", WeightFormat.Float32, 2)]
    public void Sequences_and_streams_run_side_by_side(string cell, WeightFormat format, int threads)
    {
        var options = new RecurrentOptions { Layers = 2, LayerNorm = true, Connection = LayerConnection.Residual };
        var layer = new Recurrent(CellCatalogue.Find(cell).Create(), 40, 96, options) { InferenceWeights = format };
        var both = new Recurrent(CellCatalogue.Find(cell).Create(), 40, 96, options with { Bidirectional = true }) { InferenceWeights = format };
        int before = ThreadTeam.Threads;
        try
        {
            ThreadTeam.Threads = threads;
            layer.Initialize(new RandomState(1));
            both.Initialize(new RandomState(2));
            float[][] alone = [.. Enumerable.Range(0, Callers).Select(Run)];
            // Weights that nobody has packed yet.
            foreach (Parameter parameter in layer.Parameters.Concat(both.Parameters)) parameter.Changed();
            var results = new float[Callers][][];
            using var start = new Barrier(Callers);
            Thread[] callers = [.. Enumerable.Range(0, Callers).Select(caller => new Thread(() =>
            {
                start.SignalAndWait();
                results[caller] = [.. Enumerable.Range(0, Rounds).Select(_ => Run(caller))];
            }))];
            foreach (Thread caller in callers) caller.Start();
            foreach (Thread caller in callers) caller.Join();
            for (int caller = 0; caller < Callers; caller++) Assert.All(results[caller], result => Assert.Equal(alone[caller], result));
        }
        finally
        {
            ThreadTeam.Threads = before;
        }

        // A batch on a tape and one without, of sizes of the caller's own, and a stream.
        float[] Run(int caller)
        {
            int batch = 1 + 5 * caller, time = 7 + caller;
            var random = new RandomState((ulong)caller);
            float[] x = [.. Enumerable.Range(0, batch * time * 40).Select(_ => (float)random.NextGaussian())];
            int[] lengths = [.. Enumerable.Range(0, batch).Select(_ => random.NextInt(time + 1))];
            var tape = new Tape { Training = false };
            tape.Begin(gradients: false);
            float[] ragged = both.Forward(Tensor.From(x, [batch, time, 40]), default, lengths).Output.ToArray();
            tape.End();
            float[] whole = layer.Forward(Tensor.From(x, [batch, time, 40])).Output.ToArray(), y = new float[96];
            RecurrentSession session = layer.NewSession();
            for (int step = 0; step < time; step++) session.Step(x.AsSpan(step * 40, 40), y);
            return [.. ragged, .. whole, .. y];
        }
    }
}
