using Unroll.Analysis;
using Unroll.Cells;
using Unroll.Equations;
using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Tests.Analysis;

public sealed class GradientFlowTests
{
    public static TheoryData<string> Cells => ["elman", "elman-relu", "lstm", "lstm-peephole", "lstm-projected", "gru-before", "gru-layer-norm", "lem", "sru", "qrnn"];

    private static Recurrent Layer(Cell cell, int input, int hidden, RecurrentOptions? options = null)
    {
        var layer = new Recurrent(cell, input, hidden, options);
        layer.Initialize(new RandomState(3));
        return layer;
    }

    private static float[] Numbers(int count, float scale = 1)
    {
        var random = new RandomState(5);
        return [.. Enumerable.Range(0, count).Select(_ => scale * (float)random.NextGaussian())];
    }

    private static GradientFlow Measure(Recurrent layer, float[] input, ulong seed = 1) => GradientFlow.Measure(layer, input, seed, TestContext.Current.CancellationToken);

    [Theory]
    [MemberData(nameof(Cells))]
    public void Norms_are_those_of_central_differences(string name)
    {
        const int Steps = 4, Features = 3;
        Recurrent layer = Layer(CellCatalogue.Find(name).Create(), Features, 4, new RecurrentOptions { StateWeights = Initializer.Orthogonal(1.5f) });
        float[] input = Numbers(Steps * Features);
        GradientFlow flow = Measure(layer, input);
        CellEquations cell = layer.Cell.Build(Features, 4);
        var evaluator = new CellEvaluator(cell);
        for (int p = 0; p < evaluator.Parameters.Length; p++) evaluator.Parameters[p] = [.. layer.Parameters[p].Values.ToArray().Select(value => (double)value)];
        var x = input.Chunk(Features).Select(row => row.Select(value => (double)value).ToArray()).ToArray();
        double[][] Run(double[][] from, double[][] steps) => steps.Length == 0 ? from : evaluator.Forward(steps, 1, from, [steps.Length]).Final;
        double[][] zero = [.. cell.States.Select(state => new double[state.Previous.Size])];

        for (int distance = 0; distance <= Steps; distance++)
        {
            int t = Steps - distance;
            double[][] at = [.. Run(zero, x[..t]).Select(state => (double[])state.Clone())];
            for (int s = 0; s < at.Length; s++) AssertNear(Norm(at[s], () => Run(at, x[t..])[s]), flow.States[s].Jacobian[distance]);
            double[] whole = [.. at.SelectMany(state => state)];
            double[][] Cut()
            {
                int first = 0;
                return [.. cell.States.Select(state => whole[first..(first += state.Previous.Size)])];
            }
            AssertNear(Norm(whole, () => [.. Run(Cut(), x[t..]).SelectMany(state => state)]), flow.Whole.Jacobian[distance]);
            int hidden = cell.States.ToList().FindIndex(state => state.Name == flow.Hidden);
            if (t > 0) AssertNear(Norm(x[t - 1], () => Run(zero, x)[hidden]), flow.Input[distance]);
        }
        Assert.Equal(Steps + 1, flow.Whole.Loss.Count);
        Assert.Equal(1, flow.States.Single(state => state.Name == flow.Hidden).Loss[0], 1e-12);
        // rᵀ J is never longer than the most that J stretches.
        for (int distance = 0; distance <= Steps; distance++) Assert.InRange(flow.Whole.Loss[distance], 0, flow.Whole.Jacobian[distance] * (1 + 1e-9));
        Assert.True(flow.ParameterNorm > 0);
    }

    private static void AssertNear(double expected, double actual) => Assert.Equal(expected, actual, 1e-6 * Math.Max(1, expected));

    /// <summary>The spectral norm of a Jacobian by central differences.</summary>
    private static double Norm(double[] variables, Func<double[]> values)
    {
        const double Step = 1e-6;
        int rows = values().Length, columns = variables.Length;
        var matrix = new double[rows * columns];
        for (int c = 0; c < columns; c++)
        {
            double kept = variables[c];
            variables[c] = kept + Step;
            double[] up = [.. values()];
            variables[c] = kept - Step;
            double[] down = [.. values()];
            variables[c] = kept;
            for (int r = 0; r < rows; r++) matrix[r * columns + c] = (up[r] - down[r]) / (2 * Step);
        }
        return SpectralNormTests.Slow(matrix, rows, columns);
    }

    [Theory]
    [InlineData(Activation.Tanh, 0.9)]
    [InlineData(Activation.Identity, 0.5)]
    [InlineData(Activation.Identity, 1.5)]
    public void A_plain_network_that_starts_orthogonal_and_reads_next_to_nothing_is_a_power_of_its_gain(Activation activation, double gain)
    {
        const int Steps = 60;
        var options = new RecurrentOptions { StateWeights = Initializer.Orthogonal((float)gain), InputWeights = Initializer.Zeros };
        GradientFlow flow = Measure(Layer(new Elman(activation), 2, 16, options), Numbers(Steps * 2));
        for (int distance = 0; distance <= Steps; distance++)
        {
            Assert.Equal(1, flow.Whole.Jacobian[distance] / Math.Pow(gain, distance), 1e-5);
            Assert.Equal(1, flow.States[0].Loss[distance] / Math.Pow(gain, distance), 1e-5);
        }
        Assert.Empty(flow.Gates);
        Assert.Equal(0, flow.Input[7]);
    }

    [Fact]
    public void The_conveyor_belt_of_an_lstm_whose_forget_gate_is_wide_open_carries_everything()
    {
        const int Steps = 50;
        var options = new RecurrentOptions { ForgetBias = 12, StateWeights = Initializer.Zeros };
        GradientFlow flow = Measure(Layer(new Lstm(), 2, 8, options), Numbers(Steps * 2));
        Assert.Equal("h", flow.Hidden);
        Assert.Equal(1, flow.States.Single(state => state.Name == "c").Jacobian[Steps], 1e-3);
        Assert.Equal(0, flow.States.Single(state => state.Name == "h").Jacobian[1]);
        Assert.Equal(["i", "f", "o"], flow.Gates.Select(gate => gate.Name));
        Assert.All(flow.Gates[1].Mean, mean => Assert.InRange(mean, 0.9999, 1));
        Assert.All(flow.Gates[0].Mean, mean => Assert.InRange(mean, 0.01, 0.99));
    }

    [Fact]
    public void The_norm_of_all_parameters_is_that_of_the_layer_s_own_gradient()
    {
        Recurrent layer = Layer(new Gru(), 3, 6);
        float[] input = Numbers(10 * 3);
        var random = new RandomState(9).Fork("read-out");
        double[] r = [.. Enumerable.Range(0, 6).Select(_ => random.NextGaussian())];
        double length = Math.Sqrt(r.Sum(value => value * value));
        var tape = new Tape();
        tape.Begin();
        var (_, state) = layer.Forward(Tensor.From(input, [1, 10, 3]));
        tape.Backward((state[0] * Tensor.From([.. r.Select(value => (float)(value / length))], [1, 6])).Sum());
        tape.End();
        double sum = layer.Parameters.Sum(parameter => parameter.Gradient.ToArray().Sum(g => (double)g * g));
        Assert.Equal(Math.Sqrt(sum), Measure(layer, input, seed: 9).ParameterNorm, 1e-5);
    }

    [Fact]
    public void Input_that_is_no_sequence_is_refused()
    {
        Recurrent layer = Layer(new Gru(), 3, 4);
        Assert.Contains("at least one step of 3", Assert.Throws<ShapeException>(() => Measure(layer, [])).Message);
        Assert.Contains("4 numbers", Assert.Throws<ShapeException>(() => Measure(layer, new float[4])).Message);
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.Throws<OperationCanceledException>(() => GradientFlow.Measure(layer, new float[3], cancellation: stop.Token));
    }
}
