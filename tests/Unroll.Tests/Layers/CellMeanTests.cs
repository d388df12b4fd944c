using Unroll.Cells;
using Unroll.Equations;
using Unroll.Kernels;
using Unroll.Tests.Equations;

namespace Unroll.Tests.Layers;

/// <summary>Means over features wherever a cell may have one, in the double-precision evaluator and on the kernels.</summary>
public class CellMeanTests
{
    private static Expression Mean(Expression x) => WrittenCell.MeanOf(x);

    private static Expression Tanh(Expression x) => WrittenCell.Squash(x);

    private static readonly Dictionary<string, Action<CellEquations>> Defined = new()
    {
        ["mean of x, multiplied by a matrix"] = cell => cell.Next(cell.State("h"), Tanh(cell.Affine("a", Mean(cell.Input)))),
        ["mean of x beside the state"] = cell =>
        {
            var h = cell.State("h", cell.InputSize);
            cell.Next(h, Tanh(cell.Input - Mean(cell.Input) * Mean(h) + 0.5 * h));
        },
        ["mean of a state"] = cell =>
        {
            var h = cell.State("h");
            cell.Next(h, Tanh(cell.Affine("a", cell.Input, h) - Mean(h)));
        },
        ["mean of a product of x"] = cell =>
        {
            var (h, a) = (cell.State("h"), cell.Affine("a", cell.Input));
            cell.Next(h, Tanh((a - Mean(a)) * Mean(a * a) + cell.Affine("u", h)));
        },
        ["mean of a product of the state"] = cell =>
        {
            var h = cell.State("h");
            var a = cell.Affine("a", cell.Input, h);
            cell.Next(h, Tanh(a - Mean(a)));
        },
        ["mean of an elementwise value, and of the next state"] = cell =>
        {
            var (h, c) = (cell.State("h"), cell.State("c"));
            var a = Tanh(cell.Affine("a", cell.Input, h));
            cell.Next(c, 0.5 * c + a * Mean(a * c));
            cell.Next(h, cell.NextOf(c) - Mean(cell.NextOf(c)));
        },
        ["mean of a mean"] = cell =>
        {
            var h = cell.State("h");
            var a = cell.Affine("a", cell.Input, h);
            cell.Next(h, Tanh(a + Mean(h * Mean(a) + Mean(Mean(h)))));
        },
        ["mean of a parameter, and a parameter multiplied by a matrix"] = cell =>
        {
            var (h, p) = (cell.State("h"), cell.Vector("p"));
            cell.Next(h, Tanh(cell.Affine("a", cell.Input, h) * Mean(p) + cell.Affine("b", p)));
        },
        ["a mean as state and as output"] = cell =>
        {
            var (h, m) = (cell.State("h"), cell.State("m"));
            cell.Next(h, Tanh(cell.Affine("a", cell.Input, m)));
            cell.Next(m, Mean(cell.NextOf(h)));
            cell.Output(2 * Mean(cell.NextOf(m) * h));
        },
        ["means of two sizes"] = cell =>
        {
            var (h, s) = (cell.State("h"), cell.State("s", 2 * cell.HiddenSize + 3));
            cell.Next(h, Tanh(cell.Affine("a", cell.Input, h, Mean(s)) / (1 + Mean(h) * Mean(h))));
            cell.Next(s, Tanh(cell.Affine("b", s.Size, true, ParameterStart.Default, h) - Mean(s)));
        },
        ["functions of means alone"] = cell =>
        {
            var h = cell.State("h");
            var a = cell.Affine("a", cell.Input);
            cell.Next(h, Tanh(a * Tanh(Mean(a)) + h / WrittenCell.Root(2 + Mean(h))));
        },
        ["a state that a matrix multiplies after its normalisation"] = cell =>
        {
            var h = cell.State("h");
            cell.Next(h, Tanh(cell.Affine("a", cell.LayerNorm("x", cell.Affine("w", cell.Input)), cell.LayerNorm("h", h))));
        },
    };

    public static TheoryData<string> Cells => [.. Defined.Keys];

    private static WrittenCell Create(string name) => new WrittenCell(name, Defined[name]);

    [Theory]
    [MemberData(nameof(Cells))]
    public void Gradient_of_a_mean_matches_central_differences(string name)
    {
        var random = new Random(3);
        for (int trial = 0; trial < 3; trial++) CellEvaluatorTests.CheckGradient(Create(name), random, 3, 4, 2 + random.Next(3), 2 + random.Next(4), [4, 0, 3]);
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Kernels_agree_with_the_evaluator(string name)
    {
        var random = new Random(11);
        int[][] shapes = [[1, 1, 1, 1], [3, 4, 5, 7], [2, 3, 16, 16], [5, 3, 20, 33], [70, 2, 9, 12], [1, 60, 4, 18]];
        foreach (int lanes in new[] { 1, 4, 8, 16 })
            if (lanes <= Simd.Choose(null))
                foreach (int[] shape in shapes) CellExecutorTests.Compare(Create(name), random, shape, lanes);
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Any_number_of_threads_gives_the_same_bits(string name) => CellExecutorTests.CompareThreads(Create(name));

    [Fact]
    public void Layer_normalisation_gives_mean_0_and_variance_1_over_all_vectors_together()
    {
        var equations = new WrittenCell("Normalised", cell =>
        {
            var h = cell.State("h");
            var parts = cell.LayerNorm("n", h, cell.Input);
            cell.Next(h, parts[0]);
            cell.Output(parts[1]);
        }).Build(3, 3);
        var evaluator = new CellEvaluator(equations);
        Array.Fill(evaluator.Parameters[0], 1);
        var (output, final) = evaluator.Forward([[7, -2, 4]], 1, [[1, 5, -3]], [1]);
        // h and x less their mean 2, over the root of their variance 80 / 6.
        double[] expected = [-1, 3, -5, 5, -4, 2], found = [.. final[0], .. output[0]];
        for (int i = 0; i < found.Length; i++) Assert.Equal(expected[i] / Math.Sqrt(80 / 6.0 + 1e-5), found[i], 1e-12);
    }

    [Fact]
    public void A_mean_of_x_alone_is_taken_before_the_loop()
    {
        var plan = new CellPlan(Create("mean of a product of x").Build(5, 7), training: true);
        Assert.Equal(2, plan.Prelude.Stages.Sum(stage => stage.Means.Length));
        Assert.Empty(plan.Loop.Stages.SelectMany(stage => stage.Means));
    }

    [Fact]
    public void A_mean_is_one_number_for_each_sequence_in_memory()
    {
        var plan = new CellPlan(new LstmLayerNorm().Build(5, 40), training: true);
        foreach (var mean in plan.Prelude.Stages.Concat(plan.Loop.Stages).Concat(plan.BackwardLoop.Stages).SelectMany(stage => stage.Means))
            Assert.Equal(1, plan.Matrices[mean.To.Matrix].Blocks);
        Assert.Equal(2, plan.Prelude.Stages.Sum(stage => stage.Means.Length));
        Assert.Equal(4, plan.Loop.Stages.Sum(stage => stage.Means.Length));
        Assert.Equal(6, plan.BackwardLoop.Stages.Sum(stage => stage.Means.Length));
    }

    [Fact]
    public void Equations_with_means_read_like_the_paper()
    {
        var equations = new LstmLayerNorm().Equations;
        Assert.Equal("μ_x = mean(W_i xₜ + W_f xₜ + W_g xₜ + W_o xₜ) / 4", equations[0]);
        Assert.Equal("s_x = 1 / √(mean((W_i xₜ − μ_x)² + (W_f xₜ − μ_x)² + (W_g xₜ − μ_x)² + (W_o xₜ − μ_x)²) / 4 + 1e-5)", equations[1]);
        Assert.Equal("f = σ((W_f xₜ − μ_x) ⊙ s_x ⊙ γ_xf + (U_f hₜ₋₁ − μ_h) ⊙ s_h ⊙ γ_hf + b_f)", equations[5]);
        Assert.Equal(["cₜ = f ⊙ cₜ₋₁ + i ⊙ g", "μ_c = mean(cₜ)", "s_c = 1 / √(mean((cₜ − μ_c)²) + 1e-5)", "hₜ = o ⊙ tanh((cₜ − μ_c) ⊙ s_c ⊙ γ_c + b_c)", "yₜ = hₜ"], equations.Skip(8));
        var latex = new LstmLayerNorm().Latex;
        Assert.Equal(@"s_c = 1 / \sqrt{\operatorname{mean}((c_t - \mu_c)^2) + 10^{-5}}", latex[10]);
        Assert.Equal(@"h_t = o \odot \tanh((c_t - \mu_c) \odot s_c \odot \gamma_c + b_c)", latex[11]);
        Assert.Equal(["cₜ = f ⊙ cₜ₋₁ + i ⊙ g", "o = σ(W_o xₜ + U_o hₜ₋₁ + b_o + p_o ⊙ cₜ)"], new LstmPeephole().Equations.Skip(3).Take(2));
    }

    [Fact]
    public void What_is_equal_in_all_features_is_taken_out_of_a_mean()
    {
        new WrittenCell("Factors", cell =>
        {
            var (x, h) = (cell.Input, cell.State("h", cell.InputSize));
            Assert.Equal("mean(xₜ) ⊙ 2", Mean(x * 2).ToString());
            Assert.Equal("mean(hₜ₋₁) ⊙ mean(xₜ) / 3", Mean(Mean(h) * x / 3).ToString());
            Assert.Same(Mean(x), Mean(Mean(x)));
            Assert.Equal("mean(xₜ ⊙ hₜ₋₁)", Mean(x * h).ToString());
            cell.Next(h, Tanh(x));
        }).Build(3, 3);
    }

    [Fact]
    public void Sums_and_differences_of_negated_values_negate_nothing()
    {
        new WrittenCell("Signs", cell =>
        {
            var (x, h) = (cell.Input, cell.State("h", cell.InputSize));
            Assert.Equal("xₜ − hₜ₋₁", (x + -h).ToString());
            Assert.Equal("xₜ − hₜ₋₁", (-h + x).ToString());
            Assert.Equal("xₜ + hₜ₋₁", (x - -h).ToString());
            Assert.Equal("−(xₜ + hₜ₋₁)", (-x - h).ToString());
            Assert.Same(x, -(-x));
            cell.Next(h, Tanh(x));
        }).Build(3, 3);
    }

    [Fact]
    public void A_cheap_function_of_one_vector_is_computed_where_it_is_read()
    {
        var plan = new CellPlan(new LstmLayerNorm().Build(5, 40), training: true);
        // Beside the products the first stage writes the sum of the gates alone: x's normalised products are made where the gates are.
        Assert.Single(plan.Loop.Stages[0].Tiles.Single().Stored);
    }

    private static void Refused(string message, Action<CellEquations> define) =>
        Assert.Equal(message, Assert.Throws<EquationException>(() => new WrittenCell("Broken", define).Build(3, 4)).Message);

    [Fact]
    public void Mistakes_are_reported()
    {
        Refused("Broken: LayerNorm(\"n\") normalises nothing; give it at least one vector, such as h.", cell => cell.LayerNorm("n"));
        Refused("Broken: LayerNorm(\"n\"): the sizes differ, 3 and 4; normalise vectors of one size together.", cell => cell.LayerNorm("n", cell.Input, cell.State("h")));
        Refused("Broken: LayerNorm(\"n\") normalises the constant 2; give a vector, such as h.", cell => cell.LayerNorm("n", cell.Constant(2)));
        Refused("Broken: mean(xₜ) + hₜ₋₁: the sizes differ, 3 and 4; make them equal.", cell => _ = Mean(cell.Input) + cell.State("h"));
        Refused("Broken: the name γ_n is used twice; give each state, gate and vector its own.", cell => { cell.LayerNorm("n", cell.Input); cell.LayerNorm("n", cell.State("h")); });
        Refused("Broken: mean: the expression hₜ₋₁ belongs to another cell's equations; build each cell from its own.",
            cell => cell.Mean(new CellEquations("Other", 3, 4).State("h")));
    }
}
