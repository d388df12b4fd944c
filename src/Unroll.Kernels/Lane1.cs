using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>One number: the path for processors without vectors, and the one that reads as the definition.</summary>
internal readonly unsafe struct Lane1(float value) : ILane<Lane1>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;
    private readonly float value = value;

    public static int Count { [MethodImpl(Inline)] get => 1; }
    public static int TileRows { [MethodImpl(Inline)] get => 6; }
    public static Lane1 Zero { [MethodImpl(Inline)] get => new(0); }
    [MethodImpl(Inline)] public static Lane1 Load(float* source) => new(*source);
    [MethodImpl(Inline)] public static Lane1 LoadLowerHalves(uint* source) => new(BitConverter.UInt32BitsToSingle(*source << 16));
    [MethodImpl(Inline)] public static Lane1 LoadUpperHalves(uint* source) => new(BitConverter.UInt32BitsToSingle(*source & 0xFFFF0000));
    [MethodImpl(Inline)] public static Lane1 LoadWhole(int* source) => new(*source);
    [MethodImpl(Inline)] public static Lane1 Splat(float value) => new(value);
    [MethodImpl(Inline)] public static void Store(float* destination, Lane1 value) => *destination = value.value;
    [MethodImpl(Inline)] public static void StoreBytes(byte* destination, Lane1 value) => *destination = (byte)(int)value.value;
    [MethodImpl(Inline)] public static Lane1 operator +(Lane1 a, Lane1 b) => new(a.value + b.value);
    [MethodImpl(Inline)] public static Lane1 operator -(Lane1 a, Lane1 b) => new(a.value - b.value);
    [MethodImpl(Inline)] public static Lane1 operator *(Lane1 a, Lane1 b) => new(a.value * b.value);
    [MethodImpl(Inline)] public static Lane1 operator /(Lane1 a, Lane1 b) => new(a.value / b.value);
    [MethodImpl(Inline)] public static Lane1 operator -(Lane1 a) => new(-a.value);
    [MethodImpl(Inline)] public static Lane1 MultiplyAdd(Lane1 a, Lane1 b, Lane1 c) => new(MathF.FusedMultiplyAdd(a.value, b.value, c.value));
    [MethodImpl(Inline)] public static Lane1 Min(Lane1 a, Lane1 b) => new(MathF.Min(a.value, b.value));
    [MethodImpl(Inline)] public static Lane1 Max(Lane1 a, Lane1 b) => new(MathF.Max(a.value, b.value));
    [MethodImpl(Inline)] public static Lane1 Abs(Lane1 a) => new(MathF.Abs(a.value));
    [MethodImpl(Inline)] public static Lane1 Sqrt(Lane1 a) => new(MathF.Sqrt(a.value));
    [MethodImpl(Inline)] public static Lane1 Round(Lane1 a) => new(MathF.Round(a.value));
    [MethodImpl(Inline)] public static Lane1 SelectLess(Lane1 a, Lane1 b, Lane1 yes, Lane1 no) => a.value < b.value ? yes : no;
    [MethodImpl(Inline)] public static Lane1 CopySign(Lane1 magnitude, Lane1 sign) => new(MathF.CopySign(magnitude.value, sign.value));
    [MethodImpl(Inline)]
    public static Lane1 Scale(Lane1 a, Lane1 n)
    {
        // Two factors, so that neither leaves the range of normal numbers.
        int whole = (int)n.value, half = whole >> 1;
        return new(a.value * BitConverter.Int32BitsToSingle((half + 127) << 23) * BitConverter.Int32BitsToSingle((whole - half + 127) << 23));
    }
    [MethodImpl(Inline)]
    public static Lane1 Mantissa(Lane1 a, out Lane1 exponent)
    {
        int bits = BitConverter.SingleToInt32Bits(a.value);
        exponent = new((bits >>> 23) - 127);
        return new(BitConverter.Int32BitsToSingle((bits & 0x007FFFFF) | 0x3F800000));
    }
    [MethodImpl(Inline)] public static float Sum(Lane1 a) => a.value;
}
