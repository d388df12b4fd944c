using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Unroll.Kernels;

/// <summary>A stretch of pinned memory that starts on a cache line (64 bytes), rented from <see cref="BufferPool"/>. The garbage collector
/// owns it: a buffer that is never returned is collected like any other object.</summary>
/// <typeparam name="T">The element: float or int.</typeparam>
internal sealed class Buffer<T> where T : unmanaged
{
    private const int Alignment = 64;
    private readonly int capacity;

    /// <summary>The pool's size class this buffer returns to.</summary>
    internal readonly int SizeClass;

    /// <summary>Whether someone holds the buffer; guards against returning it twice.</summary>
    internal bool Rented;

    internal Buffer(int capacity, int sizeClass)
    {
        this.capacity = capacity;
        SizeClass = sizeClass;
        Array = GC.AllocateUninitializedArray<T>(checked(capacity + Alignment / Unsafe.SizeOf<T>()), pinned: true);
        unsafe
        {
            nint address = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(Array));
            Offset = (int)(((address + Alignment - 1) & ~(Alignment - 1)) - address) / Unsafe.SizeOf<T>();
        }
    }

    /// <summary>The array beneath, on the pinned heap; longer than the buffer.</summary>
    public T[] Array { get; }

    /// <summary>Index in <see cref="Array"/> of the first element, which is aligned to 64 bytes.</summary>
    public int Offset { get; }

    /// <summary>How many elements were rented.</summary>
    public int Length { get; private set; }

    /// <summary>The elements. Their values are undefined until written.</summary>
    public Span<T> Span => new(Array, Offset, Length);

    /// <summary>The elements, for storing beyond a stack frame.</summary>
    public Memory<T> Memory => new(Array, Offset, Length);

    /// <summary>The address of the first element; valid as long as the buffer is reachable.</summary>
    public unsafe T* Pointer => (T*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(Array)) + Offset;

    /// <summary>Sets every element to zero.</summary>
    public void Clear() => Span.Clear();

    internal void Resize(int length)
    {
        if ((uint)length > (uint)capacity) throw new ArgumentOutOfRangeException(nameof(length), length, $"the buffer holds {capacity} elements.");
        Length = length;
    }
}
