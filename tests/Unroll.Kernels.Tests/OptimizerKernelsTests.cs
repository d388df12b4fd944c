namespace Unroll.Kernels.Tests;

[Collection(OneAfterAnother.Name)]
public sealed class OptimizerKernelsTests
{
    private const float Clip = 0.5f;
    private const int Steps = 5;

    /// <summary>One optimizer: its fused step beside PyTorch's formulas in double precision.</summary>
    public sealed record Rule(string Name, Action<float[], float[], float[], float[], int> Fused, Func<double, double, double[], int, double> Exact)
    {
        public override string ToString() => Name;
    }

    private static double Square(double x) => x * x;

    public static TheoryData<Rule> Rules =>
    [
        new Rule("SGD", (p, g, a, b, t) => OptimizerKernels.Sgd(p, g, Clip, 0.1f, 0.01f), (p, g, s, t) => p - 0.1 * (g + 0.01 * p)),
        new Rule("averaged SGD", (p, g, a, b, t) => OptimizerKernels.Asgd(p, g, a, Clip, 0.1f, t, 0.01f), (p, g, s, t) =>
        {
            p -= 0.1 * (g + 0.01 * p);
            s[0] = ((t - 1) * s[0] + p) / t;
            return p;
        }),
        new Rule("momentum", (p, g, a, b, t) => OptimizerKernels.Momentum(p, g, a, Clip, 0.1f, 0.9f, 0.01f), (p, g, s, t) =>
        {
            s[0] = 0.9 * s[0] + g + 0.01 * p;
            return p - 0.1 * s[0];
        }),
        new Rule("Nesterov", (p, g, a, b, t) => OptimizerKernels.Nesterov(p, g, a, Clip, 0.1f, 0.9f, 0.01f), (p, g, s, t) =>
        {
            g += 0.01 * p;
            s[0] = 0.9 * s[0] + g;
            return p - 0.1 * (g + 0.9 * s[0]);
        }),
        new Rule("RMSProp", (p, g, a, b, t) => OptimizerKernels.RmsProp(p, g, a, Clip, 0.01f, 0.95f, 1e-6f, 0.01f), (p, g, s, t) =>
        {
            g += 0.01 * p;
            s[0] = 0.95 * s[0] + 0.05 * Square(g);
            return p - 0.01 * g / (Math.Sqrt(s[0]) + 1e-6);
        }),
        new Rule("Adagrad", (p, g, a, b, t) => OptimizerKernels.Adagrad(p, g, a, Clip, 0.05f, 1e-10f, 0.01f), (p, g, s, t) =>
        {
            g += 0.01 * p;
            s[0] += Square(g);
            return p - 0.05 * g / (Math.Sqrt(s[0]) + 1e-10);
        }),
        new Rule("Adam", (p, g, a, b, t) => OptimizerKernels.Adam(p, g, a, b, Clip, t, 0.01, weightDecay: 0.01), (p, g, s, t) => Adam(p, g + 0.01 * p, s, t)),
        new Rule("AdamW", (p, g, a, b, t) => OptimizerKernels.AdamW(p, g, a, b, Clip, t, 0.01, weightDecay: 0.01), (p, g, s, t) => Adam(p * (1 - 0.01 * 0.01), g, s, t)),
    ];

    private static double Adam(double p, double g, double[] s, int t)
    {
        s[0] = 0.9 * s[0] + 0.1 * g;
        s[1] = 0.999 * s[1] + 0.001 * g * g;
        double denominator = Math.Sqrt(s[1]) / Math.Sqrt(1 - Math.Pow(0.999, t)) + 1e-8;
        return p - 0.01 / (1 - Math.Pow(0.9, t)) * s[0] / denominator;
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void Fused_steps_follow_the_formulas(Rule rule)
    {
        foreach (int count in (int[])[1, 15, 16, 17, 35])
        {
            float[] p = Numbers.Random(count, 1), a = new float[count], b = new float[count];
            double[] exact = [.. p.Select(v => (double)v)];
            double[][] state = [.. p.Select(_ => new double[2])];
            for (int t = 1; t <= Steps; t++)
            {
                var g = Numbers.Random(count, 10 + t);
                rule.Fused(p, g, a, b, t);
                for (int i = 0; i < count; i++) exact[i] = rule.Exact(exact[i], g[i] * Clip, state[i], t);
            }
            // Five steps of at most ten roundings on numbers below 2.
            for (int i = 0; i < count; i++) Assert.True(Math.Abs(p[i] - exact[i]) < Steps * 10 * Math.Pow(2, -24) * 2, $"{rule.Name}: {p[i]} for {exact[i]}");
        }
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void Any_number_of_threads_gives_the_same_bits(Rule rule)
    {
        const int Count = 100_003;
        float[]? first = null;
        foreach (int threads in (int[])[1, 2, 3, 5])
        {
            using var _ = new WithThreads(threads);
            float[] p = Numbers.Random(Count, 1), a = new float[Count], b = new float[Count];
            for (int t = 1; t <= 3; t++) rule.Fused(p, Numbers.Random(Count, t), a, b, t);
            float[] all = [.. p, .. a, .. b];
            Numbers.SameBits(first ??= all, all);
        }
    }

    private sealed class SameBitsAsScalar : ILaneTest
    {
        private readonly float[] expected = Apply<Lane1>();

        private static unsafe float[] Apply<T>() where T : struct, ILane<T>
        {
            const int Count = 53;
            float[] p = Numbers.Random(Count, 1), g = Numbers.Random(Count, 2), a = Numbers.Random(Count, 3), b = [.. Numbers.Random(Count, 4).Select(MathF.Abs)], c = [.. b];
            fixed (float* pp = p, pg = g, pa = a, pb = b, pc = c)
            {
                UpdateLoop.Run<T, AdamUpdate>(new AdamUpdate(0.01, 0.9, 0.999, 1e-8, 0.1, true, 3), pp, pg, pa, pb, 0.5f, Count);
                UpdateLoop.Run<T, NesterovUpdate>(new NesterovUpdate(0.01f, 0.9f, 0.1f), pp, pg, pa, pb, 0.5f, Count);
                UpdateLoop.Run<T, RmsPropUpdate>(new RmsPropUpdate(0.01f, 0.9f, 1e-8f, 0.1f), pp, pg, pc, pb, 0.5f, Count);
                UpdateLoop.Run<T, SgdUpdate>(new SgdUpdate(0.01f, 0.1f), pp, pg, pc, pb, 0.5f, Count);
            }
            return [.. p, .. a, .. b, .. c];
        }

        public void Run<T>() where T : struct, ILane<T> => Numbers.SameBits(expected, Apply<T>());
    }

    [Fact]
    public void Every_width_gives_the_bits_of_the_scalar_path() => Lanes.ForEach(new SameBitsAsScalar());

    [Fact]
    public void A_step_allocates_nothing_and_checks_lengths()
    {
        float[] p = Numbers.Random(1000), g = Numbers.Random(1000, 2), a = new float[1000], b = new float[1000];
        OptimizerKernels.Adam(p, g, a, b, 1, 1);
        Assert.Equal(0, Allocation.Of(() =>
        {
            for (int t = 2; t < 100; t++) OptimizerKernels.Adam(p, g, a, b, 1, t);
        }));
        Assert.Throws<ArgumentException>(() => OptimizerKernels.Adam(p, g, a, new float[3], 1, 1));
        Assert.Throws<ArgumentException>(() => OptimizerKernels.Sgd(p, new float[3], 1, 0.1f));
    }
}
