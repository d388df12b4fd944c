using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>How the weights of an inference product are stored.</summary>
internal enum PanelFormat { Float32, BFloat16, Int8 }

/// <summary>Rounds packed panels to a compact format. The panel of floats receives the rounded weights too, so that products of many rows, which
/// read floats, and those of a few, which read the compact weights, give the same bits.</summary>
internal static unsafe class CompactPanels
{
    /// <summary>Bytes of a weight.</summary>
    public static int BytesOf(PanelFormat format) => format switch { PanelFormat.BFloat16 => 2, PanelFormat.Int8 => 1, _ => 0 };

    /// <summary>Rounds.</summary>
    /// <param name="format">To what.</param>
    /// <param name="panel">[k, width]; receives the rounded weights.</param>
    /// <param name="width">Columns of the panel.</param>
    /// <param name="to">Receives k·width compact weights.</param>
    /// <param name="first">How many weights stand before them.</param>
    /// <param name="scales">Receives the scale of each column, for <see cref="PanelFormat.Int8"/>: its largest magnitude is 127 of them.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Round(PanelFormat format, Span<float> panel, int width, Buffer<float> to, int first, Span<float> scales)
    {
        byte* compact = (byte*)to.Pointer + (nint)first * BytesOf(format);
        if (format == PanelFormat.BFloat16)
        {
            for (int i = 0; i < panel.Length; i++)
            {
                ushort upper = ToBFloat16(panel[i]);
                ((ushort*)compact)[i] = upper;
                panel[i] = BitConverter.UInt32BitsToSingle((uint)upper << 16);
            }
            return;
        }
        for (int column = 0; column < width; column++)
        {
            float largest = 0;
            for (int i = column; i < panel.Length; i += width) largest = MathF.Max(largest, MathF.Abs(panel[i]));
            // A weight that is not finite makes its column not a number, here as in the tile.
            float scale = largest / 127;
            scales[column] = scale;
            for (int i = column; i < panel.Length; i += width)
            {
                float q = scale > 0 ? Math.Clamp(MathF.Round(panel[i] / scale), -127, 127) : 0;
                ((sbyte*)compact)[i] = (sbyte)q;
                panel[i] = (sbyte)q * scale;
            }
        }
    }

    /// <summary>The nearest bfloat16, ties to even; infinities stay, and what is not a number stays none.</summary>
    public static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value)) return (ushort)(bits >> 16 | 0x40);
        return (ushort)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
    }
}
