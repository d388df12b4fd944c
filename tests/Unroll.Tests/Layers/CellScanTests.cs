using Unroll.Cells;
using Unroll.Equations;
using Unroll.Kernels;
using Unroll.Layers;
using Unroll.Tensors;
using Unroll.Tests.Equations;

namespace Unroll.Tests.Layers;

/// <summary>Cells without a matrix between a state and its next value, whatever stands before and after it, and the two ways of running them.</summary>
public class CellScanTests
{
    private static Expression Tanh(Expression x) => WrittenCell.Squash(x);

    private static Expression Sigmoid(Expression x) => WrittenCell.Gate(x);

    private static readonly Dictionary<string, Action<CellEquations>> Defined = new()
    {
        ["products of the next state"] = cell =>
        {
            var h = cell.State("h");
            cell.Next(h, Sigmoid(cell.Affine("f", cell.Input)) * h + cell.Affine("a", cell.Input));
            cell.Output(Tanh(cell.Affine("y", 2 * cell.HiddenSize + 1, true, ParameterStart.Default, cell.Input, cell.NextOf(h))));
        },
        ["a product of the state before"] = cell =>
        {
            var h = cell.State("h");
            cell.Next(h, 0.9 * h + cell.Affine("a", cell.Input));
            cell.Output(cell.Affine("y", h, cell.NextOf(h)) * Sigmoid(cell.Affine("o", Tanh(h))));
        },
        ["two states of each other"] = cell =>
        {
            var (p, q) = (cell.State("p"), cell.State("q"));
            var turn = Tanh(cell.Affine("t", cell.Input));
            cell.Next(p, 0.5 * p - turn * q + cell.Affine("a", cell.Input));
            cell.Next(q, turn * p + 0.5 * q);
            cell.Output(cell.NextOf(p) * cell.NextOf(q));
        },
        ["one state after another"] = cell =>
        {
            var (p, q) = (cell.State("p"), cell.State("q"));
            cell.Next(p, cell.Vector("u") * p + cell.Affine("a", cell.Input));
            cell.Next(q, Sigmoid(cell.NextOf(p)) * q + p);
            cell.Output(Tanh(cell.NextOf(q)));
        },
        ["the inputs of three steps"] = cell =>
        {
            var (h, one, two) = (cell.State("h"), cell.State("one", cell.InputSize), cell.State("two"));
            cell.Next(one, cell.Input);
            cell.Next(two, Tanh(cell.Affine("two", one)));
            cell.Next(h, Sigmoid(cell.Affine("f", cell.Input, one, two)) * h + two);
            cell.Output(cell.NextOf(h) + cell.Affine("y", cell.NextOf(two), one));
        },
        ["no recurrence at all"] = cell =>
        {
            var before = cell.State("before");
            cell.Next(before, Tanh(cell.Affine("a", cell.Input)));
            cell.Output(cell.NextOf(before) * before);
        },
        ["a state that is read by the output alone"] = cell =>
        {
            var (h, old) = (cell.State("h"), cell.State("old"));
            cell.Next(h, Sigmoid(cell.Affine("f", cell.Input)) * h + cell.Affine("a", cell.Input));
            cell.Next(old, Tanh(h));
            cell.Output(cell.NextOf(h) * old);
        },
        ["the input itself, and a state of its size"] = cell =>
        {
            var h = cell.State("h", cell.InputSize);
            cell.Next(h, cell.Vector("u", cell.InputSize) * h + cell.Input);
            cell.Output(cell.NextOf(h) - cell.Input);
        },
        ["a state that forgets itself"] = cell =>
        {
            var (h, c) = (cell.State("h"), cell.State("c"));
            cell.Next(c, Sigmoid(cell.Affine("f", cell.Input)) * c + h);
            cell.Next(h, Tanh(cell.NextOf(c)));
        },
        ["a state that only another state reads"] = cell =>
        {
            var (p, q) = (cell.State("p"), cell.State("q"));
            var f = Sigmoid(cell.Affine("f", cell.Input));
            cell.Next(p, f * p + (1 - f) * cell.Affine("a", cell.Input));
            cell.Next(q, 0.8 * q + p);
            cell.Output(cell.NextOf(q));
        },
        ["a state that nobody reads"] = cell =>
        {
            var (h, unread, input) = (cell.State("h"), cell.State("unread"), cell.State("input"));
            cell.Next(h, Sigmoid(cell.Affine("f", cell.Input)) * h + cell.Affine("a", cell.Input));
            cell.Next(unread, Tanh(cell.NextOf(h)));
            cell.Next(input, cell.Affine("i", cell.Input));
        },
        ["means before and after"] = cell =>
        {
            var h = cell.State("h");
            var a = cell.Affine("a", cell.Input);
            cell.Next(h, Sigmoid(a - WrittenCell.MeanOf(a)) * h + a * WrittenCell.MeanOf(a));
            cell.Output(cell.LayerNorm("y", cell.NextOf(h)));
        },
        ["a number and a gate of the state"] = cell =>
        {
            var h = cell.State("h");
            cell.Next(h, Tanh(cell.Scalar("s", 0.7) * h * Sigmoid(cell.Vector("u") * h) + cell.Affine("a", cell.Input)));
        },
    };

    public static TheoryData<string> Cells => [.. Defined.Keys];

    private static WrittenCell Create(string name) => new(name, Defined[name]);

    [Theory]
    [MemberData(nameof(Cells))]
    public void Kernels_agree_with_the_evaluator(string name)
    {
        Assert.True(new CellPlan(Create(name).Build(5, 7), training: true).IsScan);
        var random = new Random(11);
        int[][] shapes = [[1, 1, 1, 1], [3, 4, 5, 7], [2, 3, 16, 16], [5, 3, 20, 33], [70, 2, 9, 12], [1, 60, 4, 18]];
        foreach (int lanes in new[] { 1, 16 })
            if (lanes <= Simd.Choose(null))
                foreach (int[] shape in shapes) CellExecutorTests.Compare(Create(name), random, shape, lanes);
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void The_evaluator_agrees_with_central_differences(string name) => CellEvaluatorTests.CheckGradient(Create(name), new Random(3), 3, 4, 3, 4, [4, 0, 3]);

    [Theory]
    [MemberData(nameof(Cells))]
    public void Any_number_of_threads_gives_the_same_bits(string name) => CellExecutorTests.CompareThreads(Create(name));

    [Fact]
    public void Of_the_catalogue_those_without_a_matrix_between_states_are_scans()
    {
        string[] scans = [.. CellCatalogue.All.Where(variant => variant.Create() is { IsScan: true } cell && cell.GetType().Assembly == typeof(Cell).Assembly).Select(variant => variant.Name).Order()];
        Assert.Equal(["ind-rnn", "lru", "min-gru", "min-lstm", "qrnn", "sru", "sru-state"], scans);
    }

    [Fact]
    public void Step_by_step_gives_the_same_numbers()
    {
        foreach (string name in new[] { "ind-rnn", "lru", "min-gru", "min-lstm", "qrnn", "sru", "sru-state" })
        {
            var results = new List<float[]>();
            foreach (bool stepByStep in new[] { false, true })
            {
                var layer = new Recurrent(CellCatalogue.Find(name).Create(), 5, 20, new RecurrentOptions { StepByStep = stepByStep, Layers = 2, Bidirectional = true });
                Assert.Equal(!stepByStep, layer.Executor(0).Plan(training: true).IsScan);
                layer.Initialize(new RandomState(3));
                var random = new Random(4);
                var tape = new Tape();
                tape.Begin();
                Tensor x = tape.Watch(Tensor.From([.. Enumerable.Range(0, 3 * 40 * 5).Select(_ => random.NextSingle() - 0.5f)], [3, 40, 5]));
                var (y, state) = layer.Forward(x, default, [40, 17, 0]);
                tape.Backward((y * y).Sum());
                results.Add([.. y.Span, .. state[0].Span, .. state[1, 0, 1].Span, .. tape.Gradient(x), .. layer.Parameters.SelectMany(p => p.Gradient.ToArray())]);
                tape.End();
            }
            Assert.Equal(results[0].Length, results[1].Length);
            for (int i = 0; i < results[0].Length; i++) Assert.Equal(results[1][i], results[0][i], 1e-5f * Math.Max(1, Math.Abs(results[1][i])));
        }
    }
}
