using Unroll.Cells;
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
        RecurrentTests.CheckGradients(name, Everything(name, LayerConnection.Highway), most: 6, tolerance: 5e-5);
        RecurrentTests.CheckGradients(name, new RecurrentOptions { Layers = 3, Dropout = 0.3f, Connection = LayerConnection.Residual }, most: 6, tolerance: 5e-5);
    }

    private static RecurrentOptions Everything(string name, LayerConnection connection, bool bidirectional = true) => new()
    {
        Layers = 2,
        Bidirectional = bidirectional,
        Dropout = 0.3f,
        LayerNorm = true,
        Connection = connection,
        Regularization = new RecurrentRegularization { InputDropout = 0.3f, OutputDropout = 0.2f, Variational = true, WeightDrop = HasRecurrentMatrices(name) ? 0.4f : 0 },
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
        int[] lengths = [12, 3, 0, 7, 12, 1, 9, 5, 12, 2, 4, 4, 12, 11, 6, 8, 10, 3, 12, 12, 1, 1, 5, 7, 9, 2, 12, 12, 4, 3];
        int before = ThreadTeam.Threads;
        try
        {
            List<float[]>? expected = null;
            foreach (int threads in new[] { 1, 2, 3 })
            {
                ThreadTeam.Threads = threads;
                var results = Train(Network(name, Everything(name, LayerConnection.Highway), 6, 36), lengths.Length, 12, lengths);
                expected ??= results;
                for (int i = 0; i < results.Count; i++) Assert.Equal(expected[i], results[i]);
            }
            var again = Train(Network(name, Everything(name, LayerConnection.Highway) with { Recompute = true }, 6, 36), lengths.Length, 12, lengths);
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

    [Fact]
    public void Noise_acts_in_training_alone()
    {
        RecurrentOptions options = Everything("lstm", LayerConnection.None) with { LayerNorm = false };
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
        Refused("weight drop drops weights of the matrices that multiply a state, of which the cell MinGru has none; leave it out, or use dropout on inputs and outputs or zoneout.", With(new() { WeightDrop = 0.5f }), "min-gru");
        Refused("the connection Residual leads past every layer but the first, and there is 1 layer; use 2 or more, or no connection.", new() { Connection = LayerConnection.Residual });
        Refused("the connection past layers is 7; use None, Residual or Highway.", new() { Layers = 2, Connection = (LayerConnection)7 });
        Assert.Contains("[batch, time, features]", Assert.Throws<ShapeException>(() => new Dropout(0.5f, overTime: true).Forward(Tensor.Zeros([3, 4]))).Message);
    }
}
