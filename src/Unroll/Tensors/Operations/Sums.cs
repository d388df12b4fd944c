namespace Unroll.Tensors.Operations;

/// <summary>Sums in an order that depends on the length alone.</summary>
internal static class Sums
{
    public static float Sum(ReadOnlySpan<float> values)
    {
        float sum = 0;
        foreach (float value in values) sum += value;
        return sum;
    }
}
