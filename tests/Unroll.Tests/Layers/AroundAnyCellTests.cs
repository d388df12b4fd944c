using Unroll.Cells;
using Unroll.Equations;
using Unroll.Kernels;
using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Tests.Layers;

/// <summary>What stands around the cells of a recurrent network, for every cell of the catalogue: dropout, zoneout, weight drop, layer normalisation and
/// connections past layers.</summary>
public class AroundAnyCellTests
{
    public static TheoryData<string> Cells => [.. CellCatalogue.All.Select(variant => variant.Name)];

    private static Recurrent Network(string name, RecurrentOptions options, int input = 3, int hidden = 5)
    {
        var rnn = new Recurrent(CellCatalogue.Find(name).Create(), input, hidden, options);
        rnn.Initialize(new RandomState(3));
        return rnn;
    }

    private static bool HasRecurrentMatrices(string name) => Network(name, new RecurrentOptions()).Executor(0).IsRecurrent.Contains(true);

    private static float[] Numbers(int count, int seed = 2)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() * 2 - 1)];
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Gradients_match_central_differences_of_the_evaluator_with_the_same_masks(string name)
    {
        // Layer normalisation over few features magnifies the rounding of what is nearly equal.
        RecurrentTests.CheckGradients(name, Everything(name, LayerConnection.Highway), most: 3, tolerance: 5e-5);
        RecurrentTests.CheckGradients(name, new RecurrentOptions { Layers = 2, Dropout = 0.3f, Connection = LayerConnection.Residual }, most: 3, tolerance: 5e-5);
    }

    private static RecurrentOptions Everything(string name, LayerConnection connection, bool bidirectional = true) => new()
    {
        Layers = 2,
        Bidirectional = bidirectional,
        Dropout = 0.3f,
        LayerNorm = true,
        Connection = connection,
        Regularization = new RecurrentRegularization { InputDropout = 0.3f, OutputDropout = 0.2f, Variational = true, Zoneout = 0.3f, StateDropout = HasRecurrentMatrices(name) ? 0.4f : 0, WeightDrop = HasRecurrentMatrices(name) ? 0.3f : 0 },
    };

    /// <summary>Output, final states and gradients of a step of training.</summary>
    private static List<float[]> Train(Recurrent rnn, int batch, int time, int[] lengths, int calls = 1)
    {
        var tape = new Tape(new RandomState(5));
        rnn.ClearGradients();
        tape.Begin();
        Tensor x = tape.Watch(Tensor.From(Numbers(batch * time * rnn.InputSize), [batch, time, rnn.InputSize]));
        var results = new List<float[]>();
        Tensor loss = Tensor.From(0);
        for (int call = 0; call < calls; call++)
        {
            var (output, state) = rnn.Forward(x, lengths: lengths);
            results.Add(output.ToArray());
            results.AddRange(state.Tensors.Select(t => t.ToArray()));
            loss += (output * Tensor.From(Numbers(output.Shape.Count, 7 + call), output.Shape)).Sum();
        }
        tape.Backward(loss);
        tape.End();
        return [.. results, tape.Gradient(x).ToArray(), .. rnn.Parameters.Select(p => p.Gradient.ToArray())];
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Any_number_of_threads_gives_the_same_bits_and_steps_computed_again_the_same_outputs(string name)
    {
        int[] lengths = [9, 3, 0, 7, 9, 1, 9, 5, 9, 2, 4, 4, 9, 8, 6, 8];
        int before = ThreadTeam.Threads;
        try
        {
            List<float[]>? expected = null;
            foreach (int threads in new[] { 1, 2, 3 })
            {
                ThreadTeam.Threads = threads;
                var results = Train(Network(name, Everything(name, LayerConnection.Highway), 6, 36), lengths.Length, 9, lengths);
                expected ??= results;
                for (int i = 0; i < results.Count; i++) Assert.Equal(expected[i], results[i]);
            }
            var again = Train(Network(name, Everything(name, LayerConnection.Highway) with { Recompute = true }, 6, 36), lengths.Length, 9, lengths);
            for (int i = 0; i < again.Count; i++)
            {
                float scale = Math.Max(1, expected![i].Max(Math.Abs));
                for (int k = 0; k < again[i].Length; k++) Assert.Equal(expected[i][k] / scale, again[i][k] / scale, 1e-5f);
            }
        }
        finally
        {
            ThreadTeam.Threads = before;
        }
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void A_session_gives_what_all_steps_at_once_give(string name)
    {
        const int Batch = 2, Time = 5;
        foreach (LayerConnection connection in new[] { LayerConnection.Residual, LayerConnection.Highway })
        {
            Recurrent rnn = Network(name, Everything(name, connection, bidirectional: false));
            float[] x = Numbers(Batch * Time * 3), row = new float[Batch * 3], y = new float[Batch * rnn.OutputSize];
            Tensor all = rnn.Forward(Tensor.From(x, [Batch, Time, 3])).Output;
            RecurrentSession session = rnn.NewSession(Batch);
            for (int t = 0; t < Time; t++)
            {
                for (int b = 0; b < Batch; b++) x.AsSpan((b * Time + t) * 3, 3).CopyTo(row.AsSpan(b * 3));
                session.Step(row, y);
                for (int b = 0; b < Batch; b++)
                    for (int f = 0; f < rnn.OutputSize; f++) Assert.Equal(all.Span[(b * Time + t) * rnn.OutputSize + f], y[b * rnn.OutputSize + f], 1e-5f);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Zoneout_keeps_a_state_or_not_and_in_evaluation_is_the_mean(string name)
    {
        const int Batch = 3000;
        RecurrentRegularization Zoneout(float probability) => new() { Zoneout = probability };
        List<float[]> Final(Recurrent rnn, int time, bool training)
        {
            RecurrentState initial = rnn.NewState(Batch);
            for (int i = 0; i < initial.Count; i++)
                for (int k = 0; k < initial.Values(i).Length; k++) initial.Values(i)[k] = MathF.Sin(1 + k % (initial.Values(i).Length / Batch) + i);
            var tape = new Tape(new RandomState(4)) { Training = training };
            tape.Begin(gradients: false);
            Tensor x = Tensor.From([.. Enumerable.Repeat(Numbers(3 * time), Batch).SelectMany(row => row)], [Batch, time, 3]);
            List<float[]> final = [.. rnn.Forward(x, initial).State.Tensors.Select(t => t.ToArray())];
            tape.End();
            return time == 0 ? [.. Enumerable.Range(0, initial.Count).Select(i => initial.Values(i).ToArray())] : final;
        }

        // Nearly certain: every state is kept, to the bit.
        Recurrent kept = Network(name, new RecurrentOptions { Regularization = Zoneout(0.9999999f) });
        Assert.Equal(Final(kept, 0, true), Final(kept, 3, true));
        // A step of many sequences that are all the same: each unit has its old or its new value, whose last bit may depend on the plan, and the mean is what evaluation gives.
        Recurrent rnn = Network(name, new RecurrentOptions { Regularization = Zoneout(0.25f) });
        List<float[]> old = Final(rnn, 0, true), next = Final(Network(name, new RecurrentOptions()), 1, true), drawn = Final(rnn, 1, true), mean = Final(rnn, 1, false);
        for (int i = 0; i < old.Count; i++)
        {
            for (int k = 0; k < old[i].Length; k++) Assert.True(drawn[i][k] == old[i][k] || MathF.Abs(drawn[i][k] - next[i][k]) <= 1e-6f);
            int units = old[i].Length / Batch;
            for (int unit = 0; unit < units; unit++)
            {
                double average = Enumerable.Range(0, Batch).Average(b => drawn[i][b * units + unit]);
                Assert.Equal(0.25 * old[i][unit] + 0.75 * next[i][unit], mean[i][unit], 1e-5);
                Assert.Equal(mean[i][unit], average, 0.05 * Math.Max(1, Math.Abs(old[i][unit] - next[i][unit])));
            }
        }
    }

    /// <summary>The state times a matrix that starts as the identity.</summary>
    private sealed class Holds : Cell
    {
        protected override void Define(CellEquations cell)
        {
            var h = cell.State("h");
            cell.Next(h, cell.Affine("h", cell.HiddenSize, false, ParameterStart.Default, h) + 0 * cell.Affine("x", cell.Input));
            cell.Start("U_h", ParameterStart.Identity);
        }
    }

    /// <summary>Counts its steps.</summary>
    private sealed class Counts : Cell
    {
        protected override void Define(CellEquations cell)
        {
            var h = cell.State("h");
            cell.Next(h, h + 1);
        }
    }

    private static float[] Last(Cell cell, RecurrentRegularization noise, float start)
    {
        var rnn = new Recurrent(cell, 2, 40, new RecurrentOptions { Regularization = noise });
        rnn.Initialize(new RandomState(1));
        RecurrentState initial = rnn.NewState(20);
        initial.Values(0).Fill(start);
        var tape = new Tape(new RandomState(2));
        tape.Begin();
        float[] last = rnn.Forward(Tensor.Zeros([20, 7, 2]), initial).State[0].ToArray();
        tape.End();
        return last;
    }

    [Fact]
    public void Dropout_on_states_drops_the_same_units_at_all_steps_and_zoneout_draws_at_each()
    {
        float[] held = Last(new Holds(), new RecurrentRegularization { StateDropout = 0.5f }, 1);
        Assert.All(held, value => Assert.True(value is 0 or 128));
        Assert.Equal(0.5, held.Count(value => value == 0) / 800.0, 0.07);
        Assert.True(Enumerable.Range(0, 20).Select(b => string.Join(' ', held[(b * 40)..(b * 40 + 40)])).Distinct().Count() == 20);
        float[] counted = Last(new Counts(), new RecurrentRegularization { Zoneout = 0.5f }, 0);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7], counted.Distinct().Order());
        Assert.Equal(3.5, counted.Average(), 0.2);
    }

    [Theory]
    [InlineData("lstm")]
    [InlineData("gru")]
    public void Working_memory_counts_the_masks(string name)
    {
        Recurrent noisy = Network(name, Everything(name, LayerConnection.None)), plain = Network(name, new RecurrentOptions { Layers = 2, Bidirectional = true });
        Assert.True(noisy.WorkingBytes(20, 30, training: true) > plain.WorkingBytes(20, 30, training: true));
    }

    [Fact]
    public void Noise_acts_in_training_alone()
    {
        RecurrentOptions options = Everything("lstm", LayerConnection.None) with { LayerNorm = false };
        options = options with { Regularization = options.Regularization with { Zoneout = 0 } };
        Recurrent noisy = Network("lstm", options), plain = Network("lstm", new RecurrentOptions { Layers = 2, Bidirectional = true });
        Tensor x = Tensor.From(Numbers(2 * 4 * 3), [2, 4, 3]);
        Assert.Equal(plain.Forward(x).Output.ToArray(), noisy.Forward(x).Output.ToArray());
        var tape = new Tape { Training = false };
        tape.Begin();
        Assert.Equal(plain.Forward(x).Output.ToArray(), noisy.Forward(x).Output.ToArray());
        tape.End();
        tape.Training = true;
        tape.Begin();
        Assert.NotEqual(plain.Forward(x).Output.ToArray(), noisy.Forward(x).Output.ToArray());
        tape.End();
    }

    [Fact]
    public void One_mask_serves_all_steps_of_a_sequence_and_each_sequence_has_its_own()
    {
        var tape = new Tape(new RandomState(1));
        tape.Begin();
        float[] y = new Dropout(0.5f, overTime: true).Forward(Tensor.Full([4, 6, 50], 1)).ToArray();
        tape.End();
        string Mask(int b, int t) => string.Join(' ', y[((b * 6 + t) * 50)..((b * 6 + t + 1) * 50)]);
        for (int b = 0; b < 4; b++)
            for (int t = 1; t < 6; t++) Assert.Equal(Mask(b, 0), Mask(b, t));
        Assert.Equal(4, Enumerable.Range(0, 4).Select(b => Mask(b, 0)).Distinct().Count());
        Assert.Equal(0.5, y.Count(v => v == 0) / (double)y.Length, 0.1);
    }

    [Fact]
    public void Two_calls_of_a_step_drop_weights_of_their_own_and_each_gradient_is_that_of_its_call()
    {
        var options = new RecurrentOptions { Regularization = new RecurrentRegularization { WeightDrop = 0.5f } };
        Recurrent rnn = Network("lstm", options);
        var results = Train(rnn, 2, 4, [4, 4], calls: 2);
        // The same two calls, each alone on a tape whose random numbers have come as far.
        var sum = new float[rnn.Parameters.Count][];
        var random = new RandomState(5);
        for (int call = 0; call < 2; call++)
        {
            Recurrent alone = Network("lstm", options);
            var tape = new Tape(random);
            tape.Begin();
            Tensor output = alone.Forward(Tensor.From(Numbers(2 * 4 * 3), [2, 4, 3])).Output;
            Assert.Equal(results[call * 3], output.ToArray());
            tape.Backward((output * Tensor.From(Numbers(output.Shape.Count, 7 + call), output.Shape)).Sum());
            tape.End();
            for (int p = 0; p < sum.Length; p++) sum[p] = [.. alone.Parameters[p].Gradient.ToArray().Select((g, i) => g + (sum[p]?[i] ?? 0))];
        }
        Assert.NotEqual(results[0], results[3]);
        for (int p = 0; p < sum.Length; p++)
            for (int i = 0; i < sum[p].Length; i++) Assert.Equal(sum[p][i], results[7 + p][i], 1e-5f);
    }

    [Fact]
    public void A_steady_state_step_allocates_nothing()
    {
        Recurrent rnn = Network("lstm", Everything("lstm", LayerConnection.Highway), 20, 40);
        float[] x = Numbers(8 * 12 * 20);
        int[] lengths = [12, 3, 0, 7, 12, 1, 9, 5];
        var tape = new Tape();
        Assert.Equal(0, Allocation.OfSteadySteps(step =>
        {
            tape.Begin();
            tape.Backward(rnn.Forward(Tensor.From(x, [8, 12, 20]), default, step % 2 == 0 ? lengths : []).Output.Sum());
            tape.End();
            for (int i = 0; i < rnn.Parameters.Count; i++) rnn.Parameters[i].Changed();
        }));
        RecurrentSession session = Network("lstm", Everything("lstm", LayerConnection.Highway, bidirectional: false)).NewSession();
        float[] y = new float[5];
        Assert.Equal(0, Allocation.OfSteadySteps(_ => session.Step(x.AsSpan(0, 3), y)));
    }

    [Fact]
    public void Output_beyond_a_length_is_zero()
    {
        Recurrent rnn = Network("gru", Everything("gru", LayerConnection.Highway));
        foreach (Parameter parameter in rnn.Parameters) parameter.Values.Fill(0.3f);
        float[] y = rnn.Forward(Tensor.From(Numbers(2 * 4 * 3), [2, 4, 3]), lengths: [1, 4]).Output.ToArray();
        Assert.All(y[10..40], v => Assert.Equal(0, v));
        Assert.All(y[40..], v => Assert.NotEqual(0, v));
    }

    [Fact]
    public void What_makes_no_sense_is_refused()
    {
        void Refused(string message, RecurrentOptions options, string cell = "lstm") => Assert.Equal(message, Assert.Throws<BadUsageException>(() => Network(cell, options)).Message);
        RecurrentOptions With(RecurrentRegularization regularization) => new() { Regularization = regularization };
        Refused("the probability of dropout on inputs is 1; it must be at least 0 and below 1.", With(new() { InputDropout = 1 }));
        Refused("the probability of dropout on outputs is -0.1; it must be at least 0 and below 1.", With(new() { OutputDropout = -0.1f }));
        Refused("the probability of weight drop is NaN; it must be at least 0 and below 1.", With(new() { WeightDrop = float.NaN }));
        Refused("weight drop acts where a matrix multiplies a state, and the cell MinGru has no such matrix; leave it out, or use zoneout or dropout on inputs and outputs.", With(new() { WeightDrop = 0.5f }), "min-gru");
        Refused("dropout on states acts where a matrix multiplies a state, and the cell IndRnn has no such matrix; leave it out, or use zoneout or dropout on inputs and outputs.", With(new() { StateDropout = 0.5f }), "ind-rnn");
        Refused("the probability of zoneout is 1; it must be at least 0 and below 1.", With(new() { Zoneout = 1 }));
        Refused("the connection Residual leads past every layer but the first, and there is 1 layer; use 2 or more, or no connection.", new() { Connection = LayerConnection.Residual });
        Refused("the connection past layers is 7; use None, Residual or Highway.", new() { Layers = 2, Connection = (LayerConnection)7 });
        Assert.Contains("[batch, time, features]", Assert.Throws<ShapeException>(() => new Dropout(0.5f, overTime: true).Forward(Tensor.Zeros([3, 4]))).Message);
    }
}
