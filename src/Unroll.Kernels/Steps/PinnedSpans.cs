using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Unroll.Kernels;

/// <summary>A few spans of pinned memory, held beyond a stack frame. Whoever sets them keeps their buffers alive.</summary>
internal sealed unsafe class PinnedSpans(int count)
{
    private readonly float*[] pointers = new float*[count];
    private readonly int[] lengths = new int[count];

    /// <summary>The first float of a span, or null if it is not set.</summary>
    public float* this[int index] => pointers[index];

    /// <summary>A span again.</summary>
    public Span<float> Span(int index) => new(pointers[index], pointers[index] == null ? 0 : lengths[index]);

    /// <summary>Holds a span of pinned memory.</summary>
    public void Set(int index, ReadOnlySpan<float> span)
    {
        pointers[index] = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(span));
        lengths[index] = span.Length;
    }

    /// <summary>Forgets a span.</summary>
    public void Clear(int index) => pointers[index] = null;

    /// <summary>Whether a span is set.</summary>
    public bool Has(int index) => pointers[index] != null;
}
