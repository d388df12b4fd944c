using Unroll.Cells;
using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Tests.Layers;

/// <summary>The recurrent layer on the tape: its wiring of layers, directions, lengths and states, against the evaluator.</summary>
public class RecurrentTests
{
    public static TheoryData<string, int, bool> Networks()
    {
        var data = new TheoryData<string, int, bool>();
        foreach (var variant in CellCatalogue.All)
            foreach (int layers in new[] { 1, 2 })
                foreach (bool bidirectional in new[] { false, true }) data.Add(variant.Name, layers, bidirectional);
        return data;
    }

    private static float[] Numbers(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() * 2 - 1)];

    [Fact]
    public void A_matrix_used_twice_counts_twice() =>
        Assert.Equal(3 * 5 + 2 * 5 * 5, new Recurrent(new AntisymmetricRnn(), 3, 5).MultiplyAddsPerStep);

    [Fact]
    public void A_cell_says_how_its_matrices_start_and_options_overrule_it()
    {
        float[] StateWeights(RecurrentOptions options)
        {
            var layer = new Recurrent(new Irnn(), 2, 3, options);
            layer.Initialize(new RandomState(1));
            return layer.Parameters.Single(parameter => parameter.Name.Contains("weight_hh", StringComparison.Ordinal)).Values.ToArray();
        }

        Assert.Equal([1, 0, 0, 0, 1, 0, 0, 0, 1], StateWeights(new RecurrentOptions()));
        Assert.Equal([2, 0, 0, 0, 2, 0, 0, 0, 2], StateWeights(new RecurrentOptions { StateWeights = Initializer.Identity(2) }));
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void Gradients_of_stacked_and_bidirectional_networks_match_central_differences_of_the_evaluator(string name, int layers, bool bidirectional) =>
        CheckGradients(name, new RecurrentOptions { Layers = layers, Bidirectional = bidirectional });

    [Theory]
    [InlineData("lstm", 3)]
    [InlineData("gru", 8)]
    public void The_last_layer_may_have_a_size_of_its_own(string name, int last)
    {
        CheckGradients(name, new RecurrentOptions { Layers = 3, LastHiddenSize = last });
        var layer = new Recurrent(CellCatalogue.Find(name).Create(), 4, 5, new RecurrentOptions { Layers = 2, LastHiddenSize = last, ForgetBias = 0 });
        Assert.Equal((5, last), (layer.HiddenSize, layer.OutputSize));
        var (_, state) = layer.Forward(Tensor.Zeros([2, 3, 4]), layer.NewState(2));
        Assert.Equal([2, last], state.Tensors[^1].Shape);
        Assert.Contains("0", Assert.Throws<BadUsageException>(() => new Recurrent(CellCatalogue.Find(name).Create(), 4, 5, new RecurrentOptions { LastHiddenSize = 0 })).Message);
        Assert.Contains("leads past layers of one size", Assert.Throws<BadUsageException>(() =>
            new Recurrent(CellCatalogue.Find(name).Create(), 4, 5, new RecurrentOptions { Layers = 2, LastHiddenSize = last, Connection = LayerConnection.Residual })).Message);
    }

    /// <summary>The values and all gradients of a network in training against the double-precision reference.</summary>
    /// <param name="name">The cell.</param>
    /// <param name="options">What is around it.</param>
    /// <param name="most">About how many numbers of each tensor have their gradients checked.</param>
    /// <param name="tolerance">Of the largest gradient.</param>
    internal static void CheckGradients(string name, RecurrentOptions options, int most = int.MaxValue, double tolerance = 1e-5)
    {
        const int Batch = 3, Time = 4, Input = 3, Hidden = 5;
        int[] lengths = [2, 0, 4];
        var random = new Random(11);
        var rnn = new Recurrent(CellCatalogue.Find(name).Create(), Input, Hidden, options);
        rnn.Initialize(new RandomState(3));
        float[] x = Numbers(random, Batch * Time * Input);
        RecurrentState initial = rnn.NewState(Batch);
        foreach (Tensor tensor in initial.Tensors) Numbers(random, tensor.Shape.Count).CopyTo(tensor.Node.Values);
        float[] dy = Numbers(random, Batch * Time * rnn.OutputSize);
        float[][] dFinal = [.. initial.Tensors.Select(t => Numbers(random, t.Shape.Count))];

        var tape = new Tape(new RandomState(5));
        tape.Begin();
        Tensor watched = tape.Watch(Tensor.From(x, [Batch, Time, Input]));
        RecurrentState watchedStates = initial.Watch(tape);
        var (output, final) = rnn.Forward(watched, watchedStates, lengths);
        Tensor loss = (output * Tensor.From(dy, output.Shape)).Sum();
        for (int i = 0; i < final.Count; i++) loss += (final.Tensors[i] * Tensor.From(dFinal[i], final.Tensors[i].Shape)).Sum();
        tape.Backward(loss);

        var reference = new RecurrentReference(rnn, Batch, Time, lengths, seed: 5);
        double[] xs = [.. x.Select(v => (double)v)];
        double[][] states = [.. initial.Tensors.Select(t => t.ToArray().Select(v => (double)v).ToArray())];
        double Loss()
        {
            var (y, f) = reference.Run(xs, states);
            return y.Select((v, i) => v * dy[i]).Sum() + f.Select((s, k) => s.Select((v, i) => v * dFinal[k][i]).Sum()).Sum();
        }

        Assert.Equal(Loss(), loss.Item, 1e-4);
        void Check(Func<double> loss, double[] values, ReadOnlySpan<float> gradient, string what) => RecurrentTests.Check(loss, values, gradient, what, most, tolerance);

        Check(Loss, xs, tape.Gradient(watched), "x");
        for (int i = 0; i < states.Length; i++) Check(Loss, states[i], tape.Gradient(watchedStates.Tensors[i]), $"state {i}");
        foreach (Parameter parameter in rnn.Parameters) Check(Loss, reference.Values[parameter], parameter.Gradient, parameter.Name);
        tape.End();
    }

    private static void Check(Func<double> loss, double[] values, ReadOnlySpan<float> gradient, string what, int most, double tolerance)
    {
        const double Step = 1e-5;
        var expected = new double[values.Length];
        int every = Math.Max(1, values.Length / most);
        for (int i = 0; i < values.Length; i += every)
        {
            double kept = values[i];
            values[i] = kept + Step;
            double up = loss();
            values[i] = kept - Step;
            double down = loss();
            values[i] = kept;
            expected[i] = (up - down) / (2 * Step);
        }
        // Single precision: an error as large as the largest gradient's last digits may stand in any.
        double scale = Math.Max(1, expected.Select(Math.Abs).Concat(gradient.ToArray().Select(g => Math.Abs((double)g))).DefaultIfEmpty().Max());
        for (int i = 0; i < expected.Length; i += every)
            Assert.True(Math.Abs(gradient[i] - expected[i]) <= tolerance * scale, $"∂L/∂{what}[{i}] is {gradient[i]}, central differences give {expected[i]}");
    }

    [Fact]
    public void Carrying_the_state_over_two_pieces_gives_what_one_piece_gives()
    {
        var rnn = new Recurrent(new Lstm(), 4, 6, new RecurrentOptions { Layers = 2 });
        rnn.Initialize(new RandomState(1));
        float[] x = Numbers(new Random(2), 3 * 8 * 4);
        var (whole, wholeState) = rnn.Forward(Tensor.From(x, [3, 8, 4]));
        float[] Piece(int from) => [.. Enumerable.Range(0, 3).SelectMany(b => x[((b * 8 + from) * 4)..((b * 8 + from + 4) * 4)])];
        RecurrentState carried = rnn.NewState(3);
        var tape = new Tape();
        var pieces = new List<float[]>();
        foreach (int from in new[] { 0, 4 })
        {
            tape.Begin();
            var (output, state) = rnn.Forward(Tensor.From(Piece(from), [3, 4, 4]), carried);
            pieces.Add(output.ToArray());
            state.CopyTo(carried);
            tape.End();
        }
        for (int b = 0; b < 3; b++)
            for (int t = 0; t < 8; t++)
                for (int f = 0; f < 6; f++) Assert.Equal(whole.Span[(b * 8 + t) * 6 + f], pieces[t / 4][(b * 4 + t % 4) * 6 + f]);
        for (int i = 0; i < wholeState.Count; i++) Assert.Equal(wholeState.Tensors[i].ToArray(), carried.Tensors[i].ToArray());
    }

    [Theory]
    [InlineData("lstm")]
    [InlineData("lstm-layer-norm")]
    public void A_steady_state_step_allocates_nothing(string cell)
    {
        var rnn = new Recurrent(CellCatalogue.Find(cell).Create(), 20, 40, new RecurrentOptions { Layers = 2, Bidirectional = true });
        rnn.Initialize(new RandomState(1));
        float[] x = Numbers(new Random(2), 8 * 12 * 20);
        int[] lengths = [12, 3, 0, 7, 12, 1, 9, 5];
        RecurrentState carried = rnn.NewState(8);
        var tape = new Tape();
        Assert.Equal(0, Allocation.OfSteadySteps(step =>
        {
            tape.Begin();
            var (output, state) = rnn.Forward(Tensor.From(x, [8, 12, 20]), carried, step % 2 == 0 ? lengths : []);
            tape.Backward(output.Sum());
            state.CopyTo(carried);
            tape.End();
            for (int i = 0; i < rnn.Parameters.Count; i++) rnn.Parameters[i].Changed();
        }));
    }

    [Fact]
    public void Wrong_shapes_are_refused_with_both_sizes()
    {
        var rnn = new Recurrent(new Lstm(), 4, 6);
        void Refused(string message, Action action) => Assert.Equal(message, Assert.ThrowsAny<Exception>(action).Message);
        Refused("Recurrent (Lstm): x is [3, 8, 5]; it must be [batch, time, 4].", () => rnn.Forward(Tensor.Zeros([3, 8, 5])));
        Refused("Recurrent (Lstm): 2 lengths for a batch of 3; give one for each sequence.", () => rnn.Forward(Tensor.Zeros([3, 8, 4]), lengths: [1, 2]));
        Refused("Recurrent (Lstm): a length is 9; x [3, 8, 4] has room for 0 to 8 steps.", () => rnn.Forward(Tensor.Zeros([3, 8, 4]), lengths: [1, 2, 9]));
        Refused("Recurrent (Lstm): an initial state is [2, 6]; for this batch it must be [3, 6].", () => rnn.Forward(Tensor.Zeros([3, 8, 4]), rnn.NewState(2)));
        Refused("a recurrent layer has 0 layers; it needs at least 1.", () => _ = new Recurrent(new Lstm(), 4, 6, new RecurrentOptions { Layers = 0 }));
        Refused("the dropout between layers is 1; it must be at least 0 and below 1.", () => _ = new Recurrent(new Lstm(), 4, 6, new RecurrentOptions { Dropout = 1 }));
    }

    [Fact]
    public void A_state_of_an_ended_step_is_refused()
    {
        var rnn = new Recurrent(new Lstm(), 4, 6);
        var tape = new Tape();
        tape.Begin();
        var (_, state) = rnn.Forward(Tensor.Zeros([3, 8, 4]));
        tape.Begin();
        Assert.StartsWith("This recurrent state belonged to a training step that has ended", Assert.Throws<InvalidOperationException>(() => state[0]).Message, StringComparison.Ordinal);
        tape.End();
    }
}
