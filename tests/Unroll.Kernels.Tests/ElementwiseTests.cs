namespace Unroll.Kernels.Tests;

[Collection(OneAfterAnother.Name)]
public sealed unsafe class ElementwiseTests
{
    private const float Guard = 12345;

    private sealed class EveryLength : ILaneTest
    {
        public void Run<T>() where T : struct, ILane<T>
        {
            float[] x = Numbers.Random(70, 1), y = Numbers.Random(70, 2), z = Numbers.Random(70, 3);
            float[] unary = new float[70], binary = new float[70], scalar = new float[70], ternary = new float[70], ternaryScalar = new float[70];
            for (int count = 0; count < 67; count++)
            {
                foreach (var result in (float[][])[unary, binary, scalar, ternary, ternaryScalar]) result.AsSpan().Fill(Guard);
                fixed (float* px = x, py = y, pz = z, p1 = unary, p2 = binary, p3 = scalar, p4 = ternary, p5 = ternaryScalar)
                {
                    Elementwise.Unary<T, SquareOperator>(px, p1, count);
                    Elementwise.Binary<T, SubtractOperator>(px, py, p2, count);
                    Elementwise.BinaryScalar<T, DivideOperator>(px, 3, p3, count);
                    Elementwise.Ternary<T, MultiplyAddOperator>(px, py, pz, p4, count);
                    Elementwise.TernaryScalar<T, MultiplyAddOperator>(px, 2, pz, p5, count);
                }
                for (int i = 0; i < 70; i++)
                {
                    bool inside = i < count;
                    Assert.Equal(inside ? x[i] * x[i] : Guard, unary[i]);
                    Assert.Equal(inside ? x[i] - y[i] : Guard, binary[i]);
                    Assert.Equal(inside ? x[i] / 3 : Guard, scalar[i]);
                    Assert.Equal(inside ? MathF.FusedMultiplyAdd(x[i], y[i], z[i]) : Guard, ternary[i]);
                    Assert.Equal(inside ? MathF.FusedMultiplyAdd(x[i], 2, z[i]) : Guard, ternaryScalar[i]);
                }
            }
        }
    }

    [Fact]
    public void Every_length_is_written_to_its_end_and_no_further() => Lanes.ForEach(new EveryLength());

    private sealed class Operators : ILaneTest
    {
        public void Run<T>() where T : struct, ILane<T>
        {
            float[] x = [-2, -0.5f, 0, 0.25f, 3], y = [4, -1, 2, 0.5f, -3], z = [1, 2, 3, 4, 5];
            Unary<NegateOperator>(a => -a);
            Unary<AbsOperator>(Math.Abs);
            Unary<ReciprocalOperator>(a => 1 / a);
            Unary<ComplementOperator>(a => 1 - a);
            Unary<ReluOperator>(a => Math.Max(a, 0));
            Unary<SquareOperator>(a => a * a);
            Binary<AddOperator>((a, b) => a + b);
            Binary<MultiplyOperator>((a, b) => a * b);
            Binary<DivideOperator>((a, b) => a / b);
            Binary<MinimumOperator>(Math.Min);
            Binary<MaximumOperator>(Math.Max);
            Binary<ExpDifferenceOperator>((a, b) => Math.Exp(a - b));
            Binary<TanhGradientOperator>((g, b) => g * (1 - b * b));
            Binary<SigmoidGradientOperator>((g, b) => g * b * (1 - b));
            Binary<ReluGradientOperator>((g, b) => b > 0 ? g : 0);
            Ternary<MultiplyAddOperator>((a, b, c) => a * b + c);
            Ternary<InterpolateOperator>((a, b, c) => a * b + (1 - a) * c);
            Ternary<AddTanhGradientOperator>((g, b, c) => c + g * (1 - b * b));
            Ternary<AddSigmoidGradientOperator>((g, b, c) => c + g * b * (1 - b));

            void Unary<TOperator>(Func<double, double> exact) where TOperator : struct, IUnaryOperator
            {
                var result = new float[5];
                fixed (float* px = x, pr = result) Elementwise.Unary<T, TOperator>(px, pr, 5);
                for (int i = 0; i < 5; i++) Assert.True(Numbers.Ulps(result[i], exact(x[i])) <= 1, typeof(TOperator).Name);
            }

            void Binary<TOperator>(Func<double, double, double> exact) where TOperator : struct, IBinaryOperator
            {
                var result = new float[5];
                fixed (float* px = x, py = y, pr = result) Elementwise.Binary<T, TOperator>(px, py, pr, 5);
                for (int i = 0; i < 5; i++) Assert.True(Numbers.Ulps(result[i], exact(x[i], y[i])) <= 2, typeof(TOperator).Name);
            }

            void Ternary<TOperator>(Func<double, double, double, double> exact) where TOperator : struct, ITernaryOperator
            {
                var result = new float[5];
                fixed (float* px = x, py = y, pz = z, pr = result) Elementwise.Ternary<T, TOperator>(px, py, pz, pr, 5);
                for (int i = 0; i < 5; i++) Assert.True(Numbers.Ulps(result[i], exact(x[i], y[i], z[i])) <= 2, typeof(TOperator).Name);
            }
        }
    }

    [Fact]
    public void Operators_do_what_their_names_say() => Lanes.ForEach(new Operators());

    [Fact]
    public void Long_spans_give_the_same_bits_for_any_number_of_threads()
    {
        float[] x = Numbers.Random(100_003, 4, 10), y = Numbers.Random(100_003, 5);
        float[] single = new float[x.Length], several = new float[x.Length];
        using (new WithThreads(1)) Compute(single);
        foreach (int threads in (int[])[2, 3, 5])
        {
            using var _ = new WithThreads(threads);
            Compute(several);
            Numbers.SameBits(single, several);
        }

        void Compute(float[] result)
        {
            VectorMath.Tanh(x, result);
            VectorMath.Binary<MultiplyOperator>(result, y, result);
            VectorMath.AddScaledTo(x, 0.5f, result);
            VectorMath.Binary<MaximumOperator>(result, -3, result);
            VectorMath.Ternary<InterpolateOperator>(y, result, x, result);
            VectorMath.AddTo(y, result);
            VectorMath.Scale(result, 1.5f);
        }
    }

    [Fact]
    public void Loops_over_spans_allocate_nothing_and_check_lengths()
    {
        float[] x = Numbers.Random(1000), y = new float[1000];
        VectorMath.Sigmoid(x, y);
        Assert.Equal(0, Allocation.Of(() =>
        {
            for (int i = 0; i < 100; i++) VectorMath.Sigmoid(x, y);
        }));
        Assert.Contains("found 3 and 4", Assert.Throws<ArgumentException>(() => VectorMath.Exp(new float[3], new float[4])).Message);
        VectorMath.Log([], []);
    }
}
