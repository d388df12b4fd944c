namespace Unroll.Tensors;

internal sealed class Buffer(int length)
{
    public float[] Array { get; } = GC.AllocateUninitializedArray<float>(length);
    public int Offset { get; }
    public int Length { get; set; } = length;
    public Span<float> Span => Array.AsSpan(0, Length);
}

internal sealed class IntBuffer(int length)
{
    public int[] Array { get; } = new int[length];
    public int Length { get; set; } = length;
    public Span<int> Span => Array.AsSpan(0, Length);
}

internal static class BufferPool
{
    private static readonly Stack<Buffer>[] s_free = [.. Enumerable.Range(0, 32).Select(_ => new Stack<Buffer>())];
    private static readonly Stack<IntBuffer>[] s_freeInts = [.. Enumerable.Range(0, 32).Select(_ => new Stack<IntBuffer>())];

    public static Buffer Rent(int length)
    {
        int size = Class(length);
        lock (s_free)
        {
            Buffer buffer = s_free[size].TryPop(out Buffer? found) ? found : new Buffer(1 << size);
            buffer.Length = length;
            return buffer;
        }
    }

    public static void Return(Buffer buffer)
    {
        lock (s_free) s_free[Class(buffer.Array.Length)].Push(buffer);
    }

    public static IntBuffer RentInts(int length)
    {
        int size = Class(length);
        lock (s_free)
        {
            IntBuffer buffer = s_freeInts[size].TryPop(out IntBuffer? found) ? found : new IntBuffer(1 << size);
            buffer.Length = length;
            return buffer;
        }
    }

    public static void Return(IntBuffer buffer)
    {
        lock (s_free) s_freeInts[Class(buffer.Array.Length)].Push(buffer);
    }

    private static int Class(int length) => System.Numerics.BitOperations.Log2((uint)Math.Max(length, 1) * 2 - 1);
}
