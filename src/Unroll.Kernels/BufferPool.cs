using System.Numerics;

namespace Unroll.Kernels;

/// <summary>Recycles aligned buffers, so that the steady state of training allocates nothing. Sizes are rounded up to 2ⁿ or 1.5·2ⁿ;
/// every thread shares the same free lists.</summary>
internal static class BufferPool
{
    private static readonly FreeLists<float> Floats = new();
    private static readonly FreeLists<int> Ints = new();

    /// <summary>When set, rented floats are filled with NaN: tests use it to find a read before the first write.</summary>
    public static bool Poison { get; set; }

    /// <summary>Rents floats whose values are undefined.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative.</exception>
    public static Buffer<float> Rent(int length)
    {
        var buffer = Floats.Rent(length);
        if (Poison) buffer.Span.Fill(float.NaN);
        return buffer;
    }

    /// <summary>The floats of a buffer that a thread keeps, exchanged for a longer one where it is too short; their values are undefined.</summary>
    public static unsafe float* AtLeast(ref Buffer<float>? buffer, long floats)
    {
        if (buffer is null || buffer.Length < floats)
        {
            if (buffer is not null) Return(buffer);
            buffer = null;
            buffer = Rent(checked((int)floats));
        }
        else if (Poison) buffer.Span.Fill(float.NaN);
        return buffer.Pointer;
    }

    /// <summary>Rents floats that are all zero.</summary>
    public static Buffer<float> RentZeroed(int length)
    {
        var buffer = Floats.Rent(length);
        buffer.Clear();
        return buffer;
    }

    /// <summary>Rents integers whose values are undefined.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative.</exception>
    public static Buffer<int> RentInts(int length) => Ints.Rent(length);

    /// <summary>Gives a buffer back; it must not be touched afterwards.</summary>
    /// <exception cref="InvalidOperationException">The buffer was returned before.</exception>
    public static void Return(Buffer<float> buffer) => Floats.Return(buffer);

    /// <inheritdoc cref="Return(Buffer{float})"/>
    public static void Return(Buffer<int> buffer) => Ints.Return(buffer);

    /// <summary>Lets go of every free buffer, so that the garbage collector can take them.</summary>
    public static void Trim()
    {
        Floats.Trim();
        Ints.Trim();
    }

    /// <summary>The size class of a length: class 2j holds 64·2ʲ elements, class 2j + 1 holds 96·2ʲ.</summary>
    internal static int SizeClassOf(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (length <= 64) return 0;
        int exponent = BitOperations.Log2((uint)(length - 1)) - 5;      // 64·2^(exponent−1) < length ≤ 64·2^exponent
        return length <= CapacityOf(2 * exponent - 1) ? 2 * exponent - 1 : 2 * exponent;
    }

    /// <summary>The number of elements a buffer of the class holds.</summary>
    internal static long CapacityOf(int sizeClass) => (sizeClass % 2 == 0 ? 64L : 96L) << (sizeClass / 2);

    private sealed class FreeLists<T> where T : unmanaged
    {
        private const int Classes = 52;
        private readonly Buffer<T>?[][] free = new Buffer<T>?[Classes][];
        private readonly int[] counts = new int[Classes];
        private readonly Lock gate = new();

        public FreeLists() => System.Array.Fill(free, []);

        public Buffer<T> Rent(int length)
        {
            int sizeClass = SizeClassOf(length);
            Buffer<T>? buffer = null;
            lock (gate)
            {
                int count = counts[sizeClass];
                if (count > 0)
                {
                    buffer = free[sizeClass][--count];
                    free[sizeClass][count] = null;
                    counts[sizeClass] = count;
                }
            }
            // The largest arrays cannot be rounded up: they get what the runtime can give.
            buffer ??= new((int)Math.Min(CapacityOf(sizeClass), Math.Max(length, System.Array.MaxLength - 64)), sizeClass);
            buffer.Rented = true;
            buffer.Resize(length);
            return buffer;
        }

        public void Return(Buffer<T> buffer)
        {
            lock (gate)
            {
                if (!buffer.Rented) throw new InvalidOperationException("the buffer was returned to the pool before; return each rented buffer once.");
                buffer.Rented = false;
                int sizeClass = buffer.SizeClass, count = counts[sizeClass];
                if (count == free[sizeClass].Length) System.Array.Resize(ref free[sizeClass], Math.Max(4, 2 * count));
                free[sizeClass][count] = buffer;
                counts[sizeClass] = count + 1;
            }
        }

        public void Trim()
        {
            lock (gate)
            {
                System.Array.Fill(free, []);
                System.Array.Clear(counts);
            }
        }
    }
}
