namespace Unroll.Kernels.Tests;

/// <summary>Random test data that is the same in every run.</summary>
internal static class Numbers
{
    public static float[] Random(int count, int seed = 1, float scale = 1)
    {
        var random = new Random(seed);
        var values = new float[count];
        for (int i = 0; i < count; i++) values[i] = scale * (float)(2 * random.NextDouble() - 1);
        return values;
    }

    /// <summary>Distance between two numbers in units in the last place of <paramref name="exact"/> rounded to single precision.</summary>
    public static double Ulps(float value, double exact)
    {
        if (double.IsNaN(exact)) return float.IsNaN(value) ? 0 : double.PositiveInfinity;
        float nearest = (float)exact;
        if (float.IsInfinity(nearest) || float.IsInfinity(value)) return nearest.Equals(value) ? 0 : double.PositiveInfinity;
        if (float.IsNaN(value)) return double.PositiveInfinity;
        double unit = Math.Max(MathF.BitIncrement(MathF.Abs(nearest)) - (double)MathF.Abs(nearest), float.Epsilon);
        return Math.Abs(value - exact) / unit;
    }

    public static void SameBits(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            if (BitConverter.SingleToInt32Bits(expected[i]) != BitConverter.SingleToInt32Bits(actual[i]))
                Assert.Fail($"element {i}: {expected[i]:R} and {actual[i]:R} differ");
    }
}
