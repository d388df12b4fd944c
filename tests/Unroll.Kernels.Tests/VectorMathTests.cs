namespace Unroll.Kernels.Tests;

public sealed unsafe class VectorMathTests
{
    private static readonly float[] Special =
    [
        0f, -0f, float.Epsilon, -float.Epsilon, 1e-40f, -1e-40f, 1.17549435e-38f, -1.17549435e-38f, 1e-20f, -1e-20f, 1e-7f, 0.001f, -0.001f, 0.34657f, -0.34657f,
        0.5f, 0.70710677f, 0.7071068f, 1f, -1f, 0.99999994f, 1.0000001f, 1.4142135f, 1.4142137f, 2f, 9f, -9f, 10f, -10f, 17f, -17f, 87.33654f, -87.33654f, 88.72283f, 88.722839f, 88.72284f,
        -88.7f, -100f, -103.9f, -103.97208f, -103.972084f, -104f, -104.5f, -105f, 1e10f, -1e10f, float.MaxValue, float.MinValue,
        float.PositiveInfinity, float.NegativeInfinity, float.NaN,
    ];

    /// <summary>Every 4099th single-precision number of both signs, and the special ones: half a million over the whole range.</summary>
    private static readonly float[] Sweep = MakeSweep();

    private static float[] MakeSweep()
    {
        const int Step = 4099;
        var values = new List<float>(Special);
        for (long bits = 1; bits < 0x7F800000; bits += Step)
        {
            values.Add(BitConverter.Int32BitsToSingle((int)bits));
            values.Add(-BitConverter.Int32BitsToSingle((int)bits));
        }
        return [.. values];
    }

    private sealed class WithinUlps<TOperator>(Func<double, double> exact, double bound) : ILaneTest where TOperator : struct, IUnaryOperator
    {
        public void Run<T>() where T : struct, ILane<T>
        {
            var y = new float[Sweep.Length];
            fixed (float* px = Sweep, py = y) Elementwise.Unary<T, TOperator>(px, py, y.Length);
            double worst = 0;
            float at = 0;
            for (int i = 0; i < y.Length; i++)
            {
                double ulps = Numbers.Ulps(y[i], exact(Sweep[i]));
                if (ulps > worst) (worst, at) = (ulps, Sweep[i]);
            }
            TestContext.Current.SendDiagnosticMessage($"{typeof(TOperator).Name} {typeof(T).Name}: {worst:F3} ulp at {at:R}");
            Assert.True(worst <= bound, $"{typeof(TOperator).Name} is off by {worst:F3} ulp at {at:R}");
        }
    }

    [Fact]
    public void Exp_is_within_1_ulp() => Lanes.ForEach(new WithinUlps<ExpOperator>(Math.Exp, 1));

    [Fact]
    public void Log_is_within_1_ulp() => Lanes.ForEach(new WithinUlps<LogOperator>(Math.Log, 1));

    [Fact]
    public void Tanh_is_within_2_5_ulp() => Lanes.ForEach(new WithinUlps<TanhOperator>(Math.Tanh, 2.5));

    [Fact]
    public void Sigmoid_is_within_2_5_ulp() => Lanes.ForEach(new WithinUlps<SigmoidOperator>(x => x > 0 ? 1 / (1 + Math.Exp(-x)) : Math.Exp(x) / (1 + Math.Exp(x)), 2.5));

    [Fact]
    public void Softplus_is_within_3_ulp() => Lanes.ForEach(new WithinUlps<SoftplusOperator>(x => Math.Max(x, 0) + LogOnePlus(Math.Exp(-Math.Abs(x))), 3));

    /// <summary>log(1 + x) without loss for small x.</summary>
    private static double LogOnePlus(double x) => Math.Abs(x) < 1e-5 ? x - x * x / 2 + x * x * x / 3 : Math.Log(1 + x);

    private sealed class Dense<TOperator>(Func<double, double> exact, double bound, float from, float to) : ILaneTest where TOperator : struct, IUnaryOperator
    {
        public void Run<T>() where T : struct, ILane<T>
        {
            var x = new float[200_000];
            for (int i = 0; i < x.Length; i++) x[i] = from + (to - from) * i / x.Length;
            var y = new float[x.Length];
            fixed (float* px = x, py = y) Elementwise.Unary<T, TOperator>(px, py, y.Length);
            for (int i = 0; i < y.Length; i++)
            {
                double ulps = Numbers.Ulps(y[i], exact(x[i]));
                Assert.True(ulps <= bound, $"{typeof(TOperator).Name} is off by {ulps:F3} ulp at {x[i]:R}");
            }
        }
    }

    [Fact]
    public void Sine_and_cosine_are_within_2_ulp()
    {
        foreach (float to in new[] { 1f, 30f, 10_000f })
        {
            Lanes.ForEach(new Dense<SinOperator>(Math.Sin, 2, -to, to));
            Lanes.ForEach(new Dense<CosOperator>(Math.Cos, 2, -to, to));
        }
        foreach (float x in new[] { 0f, -0f, 1e-40f, 1e-7f }) Assert.Equal(x, Lane1.Sum(VectorMath.Sin(Lane1.Splat(x))));
        foreach (float x in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            Assert.True(float.IsNaN(Lane1.Sum(VectorMath.Sin(Lane1.Splat(x)))));
            Assert.True(float.IsNaN(Lane1.Sum(VectorMath.Cos(Lane1.Splat(x)))));
        }
    }

    [Fact]
    public void The_bounds_hold_where_activations_live()
    {
        Lanes.ForEach(new Dense<ExpOperator>(Math.Exp, 1, -20, 20));
        Lanes.ForEach(new Dense<LogOperator>(Math.Log, 1, 0.3f, 3));
        Lanes.ForEach(new Dense<TanhOperator>(Math.Tanh, 2.5, -10, 10));
        Lanes.ForEach(new Dense<TanhOperator>(Math.Tanh, 2.5, -0.3f, 0.3f));
        Lanes.ForEach(new Dense<SigmoidOperator>(x => 1 / (1 + Math.Exp(-x)), 2.5, -30, 30));
        Lanes.ForEach(new Dense<SoftplusOperator>(x => Math.Max(x, 0) + LogOnePlus(Math.Exp(-Math.Abs(x))), 3, -20, 20));
    }

    [Fact]
    public void Signs_of_zero_and_special_values_are_right()
    {
        static float Of<TOperator>(float x) where TOperator : struct, IUnaryOperator
        {
            Span<float> y = [x];
            VectorMath.Unary<TOperator>(y, y);
            return y[0];
        }
        Assert.Equal(1, Of<ExpOperator>(-0f));
        Assert.Equal(0, Of<ExpOperator>(float.NegativeInfinity));
        Assert.Equal(float.PositiveInfinity, Of<ExpOperator>(float.PositiveInfinity));
        Assert.True(float.IsNegative(Of<TanhOperator>(-0f)));
        Assert.Equal(-1, Of<TanhOperator>(float.NegativeInfinity));
        Assert.Equal(0, Of<SigmoidOperator>(float.NegativeInfinity));
        Assert.Equal(1, Of<SigmoidOperator>(float.PositiveInfinity));
        Assert.Equal(float.NegativeInfinity, Of<LogOperator>(-0f));
        Assert.True(float.IsNaN(Of<LogOperator>(-1)));
        Assert.True(float.IsNaN(Of<LogOperator>(float.NegativeInfinity)));
        Assert.Equal(0, Of<SoftplusOperator>(float.NegativeInfinity));
        Assert.True(float.IsNaN(Of<ReluOperator>(float.NaN)));
        Assert.Equal(0, Of<ReluOperator>(-3));
    }

    private sealed class SameBitsAsScalar<TOperator> : ILaneTest where TOperator : struct, IUnaryOperator
    {
        private readonly float[] expected = Apply<Lane1>(Sweep.AsSpan(0, 60_001).ToArray());

        private static float[] Apply<T>(float[] x) where T : struct, ILane<T>
        {
            var y = new float[x.Length];
            fixed (float* px = x, py = y) Elementwise.Unary<T, TOperator>(px, py, y.Length);
            for (int i = 0; i < y.Length; i++) if (float.IsNaN(y[i])) y[i] = float.NaN;
            return y;
        }

        public void Run<T>() where T : struct, ILane<T> => Numbers.SameBits(expected, Apply<T>(Sweep.AsSpan(0, 60_001).ToArray()));
    }

    [Fact]
    public void Every_width_gives_the_bits_of_the_scalar_path()
    {
        Lanes.ForEach(new SameBitsAsScalar<ExpOperator>());
        Lanes.ForEach(new SameBitsAsScalar<LogOperator>());
        Lanes.ForEach(new SameBitsAsScalar<TanhOperator>());
        Lanes.ForEach(new SameBitsAsScalar<SigmoidOperator>());
        Lanes.ForEach(new SameBitsAsScalar<SoftplusOperator>());
        Lanes.ForEach(new SameBitsAsScalar<ReluOperator>());
    }
}
