namespace Unroll.Files;

/// <summary>How often numbers of each size occur: eight buckets between a power of two and the next, for each sign. Numbers that are not finite are left out.</summary>
internal sealed class Histogram
{
    // A bucket is the sign, the exponent and the first three bits of the mantissa of its numbers.
    private const int Shift = 20, Sizes = 1 << 31 - Shift;
    private readonly long[] _negative = new long[Sizes], _positive = new long[Sizes];

    /// <summary>How many numbers there are.</summary>
    public long Count { get; private set; }

    /// <summary>The least number.</summary>
    public double Minimum { get; private set; }

    /// <summary>The greatest number.</summary>
    public double Maximum { get; private set; }

    /// <summary>The sum of the numbers.</summary>
    public double Sum { get; private set; }

    /// <summary>The sum of their squares.</summary>
    public double Squares { get; private set; }

    /// <summary>Counts numbers afresh.</summary>
    public void Fill(ReadOnlySpan<float> values)
    {
        Array.Clear(_negative);
        Array.Clear(_positive);
        (Count, Sum, Squares, Minimum, Maximum) = (0, 0, 0, double.PositiveInfinity, double.NegativeInfinity);
        foreach (float value in values)
        {
            if (!float.IsFinite(value)) continue;
            int bits = BitConverter.SingleToInt32Bits(value);
            (bits < 0 ? _negative : _positive)[(bits & int.MaxValue) >> Shift]++;
            Count++;
            Sum += value;
            Squares += (double)value * value;
            Minimum = Math.Min(Minimum, value);
            Maximum = Math.Max(Maximum, value);
        }
    }

    /// <summary>The buckets from the lowest that has numbers to the highest, each with its upper limit; empty ones side by side are one.</summary>
    public IEnumerable<(double Limit, long Count)> Buckets()
    {
        long left = Count;
        bool begun = false;
        (double Limit, long Count)? empty = null;
        for (int i = -Sizes; i < Sizes && left > 0; i++)
        {
            long count = i < 0 ? _negative[-1 - i] : _positive[i];
            if (count == 0 && !begun) continue;
            begun = true;
            // Below zero a bucket ends where the sizes of its numbers begin.
            double limit = i < 0 ? -(double)BitConverter.Int32BitsToSingle(-1 - i << Shift) : Math.Min(float.MaxValue, (double)BitConverter.Int32BitsToSingle(i + 1 << Shift));
            if (count == 0)
            {
                empty = (limit, 0);
                continue;
            }
            if (empty is { } gap) yield return gap;
            empty = null;
            left -= count;
            yield return (limit, count);
        }
    }
}
