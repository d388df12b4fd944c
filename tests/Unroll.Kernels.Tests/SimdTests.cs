using System.Runtime.Intrinsics;

namespace Unroll.Kernels.Tests;

public sealed class SimdTests
{
    private static readonly int Widest = Vector512.IsHardwareAccelerated ? 16 : Vector256.IsHardwareAccelerated ? 8 : Vector128.IsHardwareAccelerated ? 4 : 1;

    [Fact]
    public void The_widest_vectors_are_used_unless_a_width_is_named()
    {
        Assert.Equal(Widest, Simd.Choose(null));
        Assert.Equal(Widest, Simd.Choose(""));
        Assert.Equal(1, Simd.Choose("scalar"));
        foreach (var (name, lanes) in ((string, int)[])[("128", 4), ("256", 8), ("512", 16)])
            if (lanes <= Widest) Assert.Equal(lanes, Simd.Choose(name));
            else Assert.Contains("name a narrower width", Assert.Throws<PlatformNotSupportedException>(() => Simd.Choose(name)).Message);
    }

    [Fact]
    public void An_unknown_width_is_refused_with_the_right_words() =>
        Assert.Contains("expected scalar, 128, 256 or 512", Assert.Throws<PlatformNotSupportedException>(() => Simd.Choose("1024")).Message);

    private sealed class AsScalar : ILaneTest
    {
        private static readonly float[] Values =
        [
            0, -0f, 1, -1, 0.5f, 1.5f, 2.5f, -2.5f, 3.7f, 1e-40f, -1e-40f, 1e30f, -1e30f, 16777217, float.MaxValue, float.PositiveInfinity, float.NegativeInfinity, float.NaN, 7, 1e-3f,
        ];

        public unsafe void Run<T>() where T : struct, ILane<T>
        {
            float* place = stackalloc float[16];
            T Splat(float value) => T.Splat(value);
            float First(T value)
            {
                T.Store(place, value);
                for (int i = 1; i < T.Count; i++) Assert.Equal(place[0], place[i]);
                return place[0];
            }

            foreach (float a in Values)
            {
                Same(MathF.Round(a), First(T.Round(Splat(a))));
                Same(MathF.Abs(a), First(T.Abs(Splat(a))));
                Same(-a, First(-Splat(a)));
                if (!(a < 0)) Same(MathF.Sqrt(a), First(T.Sqrt(Splat(a))));
                foreach (float b in Values)
                {
                    Same(a + b, First(Splat(a) + Splat(b)));
                    Same(a - b, First(Splat(a) - Splat(b)));
                    Same(a * b, First(Splat(a) * Splat(b)));
                    Same(a / b, First(Splat(a) / Splat(b)));
                    Same(MathF.Min(a, b), First(T.Min(Splat(a), Splat(b))));
                    Same(MathF.Max(a, b), First(T.Max(Splat(a), Splat(b))));
                    if (!float.IsNaN(b)) Same(MathF.CopySign(a, b), First(T.CopySign(Splat(a), Splat(b))));
                    Same(MathF.FusedMultiplyAdd(a, b, 3), First(T.MultiplyAdd(Splat(a), Splat(b), Splat(3))));
                    Same(a < b ? 1 : 2, First(T.SelectLess(Splat(a), Splat(b), Splat(1), Splat(2))));
                }
            }
            foreach (int n in (int[])[-252, -160, -149, -127, -126, -125, -1, 0, 1, 126, 127, 128, 200, 254]) Same((float)(1.3f * Math.Pow(2, n)), First(T.Scale(Splat(1.3f), Splat(n))));
            foreach (float a in (float[])[1, 1.5f, 3, 1e30f, 1.17549435e-38f, 0.3f])
            {
                float mantissa = First(T.Mantissa(Splat(a), out T exponent));
                Assert.InRange(mantissa, 1, MathF.BitDecrement(2));
                Assert.Equal(a, mantissa * Math.Pow(2, First(exponent)));
            }
            float[] ramp = [.. Enumerable.Range(1, 16).Select(i => (float)i)];
            fixed (float* p = ramp) Assert.Equal(T.Count * (T.Count + 1) / 2, T.Sum(T.Load(p)));
            Assert.Equal(0, First(T.Zero));
        }

        private static void Same(float expected, float actual)
        {
            if (float.IsNaN(expected)) Assert.True(float.IsNaN(actual));
            else Assert.Equal(BitConverter.SingleToInt32Bits(expected), BitConverter.SingleToInt32Bits(actual));
        }
    }

    [Fact]
    public void Every_width_computes_as_the_scalar_functions_do() => Lanes.ForEach(new AsScalar());
}
