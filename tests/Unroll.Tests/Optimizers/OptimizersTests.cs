using System.Globalization;
using System.Text.Json;
using Unroll.Optimizers;
using Unroll.Tensors;

namespace Unroll.Tests.Optimizers;

public sealed class OptimizersTests
{
    private sealed class Model : Unroll.Layers.Module
    {
        public Model(int count) => Add("w", [count], ParameterKind.Weight, Initializer.Zeros);
    }

    private static readonly Clipping ByValue = Clipping.Value(0.5f);

    private static readonly JsonElement Golden = Goldens.Read("training.json").GetProperty("optimizers");

    public static TheoryData<string> Cases => [.. Golden.GetProperty("after").EnumerateObject().Select(entry => entry.Name)];

    /// <summary>Options from words such as <c>adam beta1=0.8</c>.</summary>
    private static OptimizerOptions Options(string words)
    {
        string[] parts = words.Split(' ');
        OptimizerOptions options = OptimizerOptions.Named(parts[0]) with { LearningRate = 0.1f };
        foreach (string part in parts[1..])
        {
            string[] pair = part.Split('=');
            double value = double.Parse(pair[1], CultureInfo.InvariantCulture);
            options = (pair[0], options) switch
            {
                ("weightDecay", _) => options with { WeightDecay = (float)value },
                ("momentum", MomentumOptions o) => o with { Momentum = (float)value },
                ("decay", RmsPropOptions o) => o with { Decay = value },
                ("epsilon", RmsPropOptions o) => o with { Epsilon = (float)value },
                ("rateDecay", AdagradOptions o) => o with { LearningRateDecay = value },
                ("initialSum", AdagradOptions o) => o with { InitialSum = (float)value },
                ("beta1", AdamOptions o) => o with { Beta1 = value },
                ("beta2", AdamOptions o) => o with { Beta2 = value },
                ("epsilon", AdamOptions o) => o with { Epsilon = (float)value },
                ("beta1", AdamWOptions o) => o with { Beta1 = value },
                ("beta2", AdamWOptions o) => o with { Beta2 = value },
                ("epsilon", AdamWOptions o) => o with { Epsilon = (float)value },
                _ => throw new InvalidOperationException(part),
            };
        }
        return options;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Steps_are_those_of_PyTorch(string name)
    {
        OptimizerOptions options = Options(name);
        Assert.StartsWith(options.Name, name, StringComparison.Ordinal);
        float[] values = Golden.GetProperty("values").Singles();
        var model = new Model(values.Length);
        values.CopyTo(model.Parameters[0].Values);
        Optimizer optimizer = options.Create();
        int step = 0;
        foreach (JsonElement expected in Golden.GetProperty("after").GetProperty(name).EnumerateArray())
        {
            Golden.GetProperty("gradients")[step++].Singles().CopyTo(model.Parameters[0].Gradient);
            long version = model.Parameters[0].Version;
            optimizer.Step(model.Parameters, options.LearningRate);
            Assert.True(model.Parameters[0].Version > version);
            Assert.Equal(step, optimizer.Steps);
            double[] after = expected.Doubles();
            for (int i = 0; i < after.Length; i++) Assert.InRange(model.Parameters[0].Values[i] - after[i], -1e-6, 1e-6);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_gradient_scale_acts_as_scaling_the_gradient(string name)
    {
        OptimizerOptions options = Options(name);
        Model scaled = new(3), plain = new(3);
        Optimizer one = options.Create(), other = options.Create();
        for (int step = 0; step < 3; step++)
        {
            new float[] { 1, -2, 3 }.CopyTo(scaled.Parameters[0].Gradient);
            new float[] { 0.25f, -0.5f, 0.75f }.CopyTo(plain.Parameters[0].Gradient);
            one.Step(scaled.Parameters, 0.1f, gradientScale: 0.25f);
            other.Step(plain.Parameters, 0.1f);
        }
        Assert.Equal(plain.Parameters[0].Values.ToArray(), scaled.Parameters[0].Values.ToArray());
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void State_that_is_copied_continues_alike(string name)
    {
        OptimizerOptions options = Options(name);
        Model first = new(3), second = new(3);
        Optimizer one = options.Create(), other = options.Create();
        for (int step = 0; step < 6; step++)
        {
            foreach (Model model in (Model[])[first, second])
                for (int i = 0; i < 3; i++) model.Parameters[0].Gradient[i] = MathF.Sin(step + i);
            one.Step(first.Parameters, 0.1f);
            if (step == 3)
            {
                first.Parameters[0].Values.CopyTo(second.Parameters[0].Values);
                other.Steps = one.Steps;
                for (int state = 0; state < one.StateNames.Count; state++) one.State(first.Parameters, 0, state).CopyTo(other.State(second.Parameters, 0, state));
            }
            else if (step > 3)
            {
                other.Step(second.Parameters, 0.1f);
            }
        }
        Assert.Equal(first.Parameters[0].Values.ToArray(), second.Parameters[0].Values.ToArray());
    }

    /// <summary>Parameters of many sizes, some smaller than a vector, one larger than what is worked on at a time, with values and gradients drawn at random.</summary>
    private sealed class Various : Unroll.Layers.Module
    {
        public static readonly int[] Sizes = [1, 3, 40_003, 17, 0, 8192, 500, 16, 8193];

        public Various()
        {
            for (int i = 0; i < Sizes.Length; i++) Add($"p{i}", [Sizes[i]], ParameterKind.Weight, Initializer.Normal(1));
            Initialize(new RandomState(1));
            DrawGradients(2);
        }

        public void DrawGradients(ulong seed)
        {
            var random = new RandomState(seed);
            foreach (Parameter parameter in Parameters)
                foreach (ref float g in parameter.Gradient) g = (float)random.NextGaussian();
        }

        public float[] Values => [.. Parameters.SelectMany(p => p.Values.ToArray())];
    }

    public static TheoryData<string> Clippings => ["none", "norm", "value"];

    private static Clipping Cut(string name) => name switch { "norm" => Clipping.GlobalNorm(3), "value" => Clipping.Value(0.5f), _ => Clipping.None };

    [Theory]
    [MemberData(nameof(Clippings))]
    public void A_step_over_all_parameters_is_that_over_each_for_any_number_of_threads(string clipping)
    {
        int before = Parallelism.Threads;
        try
        {
            foreach (string name in OptimizerOptions.Names)
            {
                // Each parameter by itself, with gradients clipped by hand.
                var apart = new Various();
                Optimizer[] optimizers = [.. Various.Sizes.Select(_ => OptimizerOptions.Named(name).Create())];
                double[] norms = new double[3];
                for (int step = 0; step < 3; step++)
                {
                    apart.DrawGradients((ulong)step);
                    double squares = 0;
                    foreach (Parameter parameter in apart.Parameters)
                        foreach (float g in parameter.Gradient) squares += 0.25 * g * g;
                    norms[step] = Math.Sqrt(squares);
                    float scale = clipping == "norm" ? (float)(0.5 * Math.Min(1, 3 / (norms[step] + 1e-6))) : 0.5f;
                    for (int i = 0; i < optimizers.Length; i++)
                    {
                        if (clipping == "value")
                            foreach (ref float g in apart.Parameters[i].Gradient) g = Math.Clamp(g * 0.5f, -0.5f, 0.5f) / 0.5f;
                        optimizers[i].Step([apart.Parameters[i]], 0.1f, scale);
                    }
                }
                float[] expected = apart.Values;
                float[]? first = null;
                foreach (int threads in (int[])[1, 2, 3, 5])
                {
                    Parallelism.Threads = threads;
                    var together = new Various();
                    Optimizer optimizer = OptimizerOptions.Named(name).Create();
                    for (int step = 0; step < 3; step++)
                    {
                        together.DrawGradients((ulong)step);
                        double norm = optimizer.Step(together.Parameters, 0.1f, Cut(clipping), gradientScale: 0.5);
                        Assert.Equal(norms[step], norm, 1e-5 * norms[step]);
                        Assert.All(together.Parameters, p => Assert.Equal(-1, p.Gradient.IndexOfAnyExcept(0f)));
                    }
                    float[] values = together.Values;
                    Assert.Equal(first ??= values, values);
                    // The norm in single precision may put the factor of clipping one unit off.
                    for (int i = 0; i < values.Length; i++) Assert.InRange(values[i] - expected[i], -2e-6f, 2e-6f);
                }
            }
        }
        finally
        {
            Parallelism.Threads = before;
        }
    }

    [Fact]
    public void A_step_leaves_gradients_zero_and_none_is_taken_with_a_norm_that_is_not_finite()
    {
        var model = new Various();
        var optimizer = new Adam(new AdamOptions());
        optimizer.Step(model.Parameters, 0.1f);
        Assert.All(model.Parameters, p => Assert.Equal(-1, p.Gradient.IndexOfAnyExcept(0f)));
        model.DrawGradients(5);
        model.Parameters[3].Gradient[4] = float.NaN;
        float[] values = model.Values;
        Assert.True(double.IsNaN(optimizer.Step(model.Parameters, 0.1f, Clipping.GlobalNorm(1))));
        model.Parameters[3].Gradient[4] = float.PositiveInfinity;
        Assert.True(double.IsPositiveInfinity(optimizer.Step(model.Parameters, 0.1f, Clipping.None)));
        Assert.Equal(values, model.Values);
        Assert.Equal(1, optimizer.Steps);
        Assert.NotEqual(0, model.Parameters[0].Gradient[0]);
    }

    [Fact]
    public void Unknown_names_and_constants_out_of_range_are_refused()
    {
        Assert.Contains("no optimizer 'adm'; choose one of sgd, asgd, momentum", Assert.Throws<BadUsageException>(() => OptimizerOptions.Named("adm")).Message, StringComparison.Ordinal);
        foreach (OptimizerOptions wrong in (OptimizerOptions[])
            [
                new SgdOptions { LearningRate = -1 }, new SgdOptions { LearningRate = float.NaN }, new SgdOptions { WeightDecay = -1 },
                new MomentumOptions { Momentum = 1 }, new NesterovOptions { Momentum = -0.1f }, new RmsPropOptions { Decay = 1 }, new RmsPropOptions { Epsilon = 0 },
                new AdagradOptions { LearningRateDecay = -1 }, new AdagradOptions { InitialSum = -1 }, new AdamOptions { Beta1 = 1 }, new AdamOptions { Beta2 = 1 },
                new AdamWOptions { Beta1 = -1 }, new AdamWOptions { Epsilon = 0 },
            ])
            Assert.Throws<BadUsageException>(wrong.Create);
    }

    [Fact]
    public void Names_and_options_agree() => Assert.All(OptimizerOptions.Names, name => Assert.Equal(name, OptimizerOptions.Named(name).Name));

    [Fact]
    public void A_step_allocates_nothing_after_the_first()
    {
        foreach (string name in OptimizerOptions.Names)
        {
            var model = new Model(50_000);
            Optimizer optimizer = OptimizerOptions.Named(name).Create();
            for (int i = 0; i < 3; i++) optimizer.Step(model.Parameters, 0.1f, ByValue);
            Assert.Equal(0, Allocation.Of(() =>
            {
                for (int i = 0; i < 10; i++) optimizer.Step(model.Parameters, 0.1f);
                for (int i = 0; i < 10; i++) optimizer.Step(model.Parameters, 0.1f, Clipping.None);
                for (int i = 0; i < 10; i++) optimizer.Step(model.Parameters, 0.1f, ByValue);
            }));
        }
    }
}
