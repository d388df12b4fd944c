using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>How the weights of an inference product are stored.</summary>
internal enum PanelFormat { Float32, BFloat16, Int8 }

/// <summary>Rounds packed panels to bfloat16, the upper half of a float's bits. The panel of floats receives the rounded weights too, so that products of many rows, which
/// read floats, and those of a few, which read half the bytes, give the same bits.</summary>
internal static unsafe class BFloat16Panels
{
    /// <summary>Rounds.</summary>
    /// <param name="panel">[k, width]; receives the rounded weights.</param>
    /// <param name="width">Columns of the panel, two vectors.</param>
    /// <param name="to">Receives them in two bytes each: a number of the first vector beside its fellow of the second, so that a shift and a mask take them apart.</param>
    /// <param name="first">How many weights stand before them.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Round(Span<float> panel, int width, Buffer<float> to, int first)
    {
        ushort* stored = (ushort*)to.Pointer + first;
        for (int row = 0; row < panel.Length; row += width)
            for (int column = 0; column < width; column++)
            {
                ushort upper = Round(panel[row + column]);
                stored[row + 2 * column % width + 2 * column / width] = upper;
                panel[row + column] = BitConverter.UInt32BitsToSingle((uint)upper << 16);
            }
    }

    /// <summary>The nearest bfloat16, ties to even; infinities stay, and what is not a number stays none.</summary>
    public static ushort Round(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value)) return (ushort)(bits >> 16 | 0x40);
        return (ushort)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
    }
}
