namespace Unroll.Kernels.Tests;

[Collection(OneAfterAnother.Name)]
public sealed class BufferPoolTests
{
    [Fact]
    public unsafe void Buffers_are_aligned_and_as_long_as_asked()
    {
        foreach (int length in (int[])[0, 1, 63, 64, 65, 96, 97, 128, 1000, 100_000])
        {
            var buffer = BufferPool.Rent(length);
            Assert.Equal(length, buffer.Length);
            Assert.Equal(length, buffer.Span.Length);
            Assert.Equal(length, buffer.Memory.Length);
            Assert.Equal(0, (nint)buffer.Pointer % 64);
            buffer.Span.Fill(3);
            if (length > 0) Assert.Equal(3, buffer.Array[buffer.Offset + length - 1]);
            BufferPool.Return(buffer);
        }
    }

    [Fact]
    public void Size_classes_waste_at_most_half()
    {
        for (int length = 1; length < 100_000; length++)
        {
            long capacity = BufferPool.CapacityOf(BufferPool.SizeClassOf(length));
            Assert.True(capacity >= length);
            Assert.True(capacity == 64 || 2 * capacity < 3 * length + 3, $"{length} gets {capacity}");
        }
        Assert.True(BufferPool.CapacityOf(BufferPool.SizeClassOf(int.MaxValue)) >= int.MaxValue);
    }

    [Fact]
    public void A_returned_buffer_is_used_again_without_allocation()
    {
        var first = BufferPool.Rent(12_345);
        BufferPool.Return(first);
        var second = BufferPool.Rent(12_300);
        var ints = BufferPool.RentInts(0);
        BufferPool.Return(ints);
        BufferPool.Return(BufferPool.RentInts(10));
        Assert.Same(first, second);
        BufferPool.Return(second);
        Assert.Equal(0, Allocation.Of(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                var a = BufferPool.Rent(12_300);
                BufferPool.Return(BufferPool.RentInts(10));
                BufferPool.Return(a);
            }
        }));
    }

    [Fact]
    public void Zeroed_buffers_are_zero_after_use()
    {
        var buffer = BufferPool.Rent(500);
        buffer.Span.Fill(7);
        BufferPool.Return(buffer);
        var zeroed = BufferPool.RentZeroed(480);
        Assert.DoesNotContain(zeroed.Span.ToArray(), value => value != 0);
        BufferPool.Return(zeroed);
    }

    [Fact]
    public void A_poisoned_pool_hands_out_NaN()
    {
        BufferPool.Poison = true;
        var buffer = BufferPool.Rent(33);
        BufferPool.Poison = false;
        Assert.DoesNotContain(buffer.Span.ToArray(), value => !float.IsNaN(value));
        BufferPool.Return(buffer);
    }

    [Fact]
    public void Returning_twice_and_negative_lengths_are_refused()
    {
        var buffer = BufferPool.Rent(10);
        BufferPool.Return(buffer);
        Assert.Contains("returned to the pool before", Assert.Throws<InvalidOperationException>(() => BufferPool.Return(buffer)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => BufferPool.Rent(-1));
        BufferPool.Trim();
        BufferPool.Return(BufferPool.Rent(10));
    }

    [Fact]
    public void Many_threads_never_share_a_buffer()
    {
        int clashes = 0;
        var threads = new Thread[4];
        for (int t = 0; t < threads.Length; t++)
        {
            int mark = t;
            threads[t] = new Thread(() =>
            {
                for (int i = 0; i < 2000; i++)
                {
                    var buffer = BufferPool.Rent(50 + i % 70);
                    buffer.Span.Fill(mark);
                    if (buffer.Span.IndexOfAnyExcept((float)mark) >= 0) Interlocked.Increment(ref clashes);
                    BufferPool.Return(buffer);
                }
            });
            threads[t].Start();
        }
        foreach (var thread in threads) thread.Join();
        Assert.Equal(0, clashes);
    }
}
