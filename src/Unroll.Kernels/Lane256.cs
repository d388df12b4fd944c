using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Unroll.Kernels;

/// <summary>Eight numbers in a 256-bit register (AVX2 with FMA).</summary>
internal readonly unsafe struct Lane256(Vector256<float> value) : ILane<Lane256>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;
    private readonly Vector256<float> value = value;

    public static int Count { [MethodImpl(Inline)] get => 8; }
    public static int TileRows { [MethodImpl(Inline)] get => 6; }
    public static Lane256 Zero { [MethodImpl(Inline)] get => new(Vector256<float>.Zero); }
    [MethodImpl(Inline)] public static Lane256 Load(float* source) => new(Vector256.Load(source));
    [MethodImpl(Inline)] public static Lane256 LoadLowerHalves(uint* source) => new((Vector256.Load(source) << 16).AsSingle());
    [MethodImpl(Inline)] public static Lane256 LoadUpperHalves(uint* source) => new((Vector256.Load(source) & Vector256.Create(0xFFFF0000)).AsSingle());
    [MethodImpl(Inline)] public static Lane256 LoadWhole(int* source) => new(Vector256.ConvertToSingle(Vector256.Load(source)));
    [MethodImpl(Inline)] public static Lane256 Splat(float value) => new(Vector256.Create(value));
    [MethodImpl(Inline)] public static void Store(float* destination, Lane256 value) => value.value.Store(destination);
    [MethodImpl(Inline)]
    public static void StoreBytes(byte* destination, Lane256 value)
    {
        var whole = Vector256.ConvertToInt32Native(value.value);
        var shorts = Vector256.Narrow(whole, whole);
        var bytes = Vector256.Narrow(shorts, shorts);
        *(ulong*)destination = bytes.AsUInt64().ToScalar();
    }
    [MethodImpl(Inline)] public static Lane256 operator +(Lane256 a, Lane256 b) => new(a.value + b.value);
    [MethodImpl(Inline)] public static Lane256 operator -(Lane256 a, Lane256 b) => new(a.value - b.value);
    [MethodImpl(Inline)] public static Lane256 operator *(Lane256 a, Lane256 b) => new(a.value * b.value);
    [MethodImpl(Inline)] public static Lane256 operator /(Lane256 a, Lane256 b) => new(a.value / b.value);
    [MethodImpl(Inline)] public static Lane256 operator -(Lane256 a) => new(-a.value);
    [MethodImpl(Inline)] public static Lane256 MultiplyAdd(Lane256 a, Lane256 b, Lane256 c) => new(Vector256.FusedMultiplyAdd(a.value, b.value, c.value));
    [MethodImpl(Inline)] public static Lane256 Min(Lane256 a, Lane256 b) => new(Vector256.Min(a.value, b.value));
    [MethodImpl(Inline)] public static Lane256 Max(Lane256 a, Lane256 b) => new(Vector256.Max(a.value, b.value));
    [MethodImpl(Inline)] public static Lane256 Abs(Lane256 a) => new(Vector256.Abs(a.value));
    [MethodImpl(Inline)] public static Lane256 Sqrt(Lane256 a) => new(Vector256.Sqrt(a.value));
    [MethodImpl(Inline)] public static Lane256 Round(Lane256 a) => new(Vector256.Round(a.value));
    [MethodImpl(Inline)]
    public static Lane256 SelectLess(Lane256 a, Lane256 b, Lane256 yes, Lane256 no) =>
        new(Vector256.ConditionalSelect(Vector256.LessThan(a.value, b.value), yes.value, no.value));
    [MethodImpl(Inline)] public static Lane256 CopySign(Lane256 magnitude, Lane256 sign) => new(Vector256.CopySign(magnitude.value, sign.value));
    [MethodImpl(Inline)]
    public static Lane256 Scale(Lane256 a, Lane256 n)
    {
        // Two factors, so that neither leaves the range of normal numbers.
        var whole = Vector256.ConvertToInt32Native(n.value);
        var half = whole >> 1;
        var bias = Vector256.Create(127);
        return new(a.value * ((half + bias) << 23).AsSingle() * ((whole - half + bias) << 23).AsSingle());
    }
    [MethodImpl(Inline)]
    public static Lane256 Mantissa(Lane256 a, out Lane256 exponent)
    {
        var bits = a.value.AsInt32();
        exponent = new(Vector256.ConvertToSingle((bits >>> 23) - Vector256.Create(127)));
        return new(((bits & Vector256.Create(0x007FFFFF)) | Vector256.Create(0x3F800000)).AsSingle());
    }
    [MethodImpl(Inline)] public static float Sum(Lane256 a) => Vector256.Sum(a.value);
}
