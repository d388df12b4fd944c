using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Unroll.Kernels;

/// <summary>Four numbers in a 128-bit register (SSE4 or Arm Neon).</summary>
internal readonly unsafe struct Lane128(Vector128<float> value) : ILane<Lane128>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;
    private readonly Vector128<float> value = value;

    public static int Count { [MethodImpl(Inline)] get => 4; }
    public static int TileRows { [MethodImpl(Inline)] get => 6; }
    public static Lane128 Zero { [MethodImpl(Inline)] get => new(Vector128<float>.Zero); }
    [MethodImpl(Inline)] public static Lane128 Load(float* source) => new(Vector128.Load(source));
    [MethodImpl(Inline)] public static Lane128 LoadLowerHalves(uint* source) => new((Vector128.Load(source) << 16).AsSingle());
    [MethodImpl(Inline)] public static Lane128 LoadUpperHalves(uint* source) => new((Vector128.Load(source) & Vector128.Create(0xFFFF0000)).AsSingle());
    [MethodImpl(Inline)] public static Lane128 LoadWhole(int* source) => new(Vector128.ConvertToSingle(Vector128.Load(source)));
    [MethodImpl(Inline)] public static Lane128 Splat(float value) => new(Vector128.Create(value));
    [MethodImpl(Inline)] public static void Store(float* destination, Lane128 value) => value.value.Store(destination);
    [MethodImpl(Inline)]
    public static void StoreBytes(byte* destination, Lane128 value)
    {
        var whole = Vector128.ConvertToInt32Native(value.value);
        var shorts = Vector128.Narrow(whole, whole);
        var bytes = Vector128.Narrow(shorts, shorts);
        *(uint*)destination = bytes.AsUInt32().ToScalar();
    }
    [MethodImpl(Inline)] public static Lane128 operator +(Lane128 a, Lane128 b) => new(a.value + b.value);
    [MethodImpl(Inline)] public static Lane128 operator -(Lane128 a, Lane128 b) => new(a.value - b.value);
    [MethodImpl(Inline)] public static Lane128 operator *(Lane128 a, Lane128 b) => new(a.value * b.value);
    [MethodImpl(Inline)] public static Lane128 operator /(Lane128 a, Lane128 b) => new(a.value / b.value);
    [MethodImpl(Inline)] public static Lane128 operator -(Lane128 a) => new(-a.value);
    [MethodImpl(Inline)] public static Lane128 MultiplyAdd(Lane128 a, Lane128 b, Lane128 c) => new(Vector128.FusedMultiplyAdd(a.value, b.value, c.value));
    [MethodImpl(Inline)] public static Lane128 Min(Lane128 a, Lane128 b) => new(Vector128.Min(a.value, b.value));
    [MethodImpl(Inline)] public static Lane128 Max(Lane128 a, Lane128 b) => new(Vector128.Max(a.value, b.value));
    [MethodImpl(Inline)] public static Lane128 Abs(Lane128 a) => new(Vector128.Abs(a.value));
    [MethodImpl(Inline)] public static Lane128 Sqrt(Lane128 a) => new(Vector128.Sqrt(a.value));
    [MethodImpl(Inline)] public static Lane128 Round(Lane128 a) => new(Vector128.Round(a.value));
    [MethodImpl(Inline)]
    public static Lane128 SelectLess(Lane128 a, Lane128 b, Lane128 yes, Lane128 no) =>
        new(Vector128.ConditionalSelect(Vector128.LessThan(a.value, b.value), yes.value, no.value));
    [MethodImpl(Inline)] public static Lane128 CopySign(Lane128 magnitude, Lane128 sign) => new(Vector128.CopySign(magnitude.value, sign.value));
    [MethodImpl(Inline)]
    public static Lane128 Scale(Lane128 a, Lane128 n)
    {
        // Two factors, so that neither leaves the range of normal numbers.
        var whole = Vector128.ConvertToInt32Native(n.value);
        var half = whole >> 1;
        var bias = Vector128.Create(127);
        return new(a.value * ((half + bias) << 23).AsSingle() * ((whole - half + bias) << 23).AsSingle());
    }
    [MethodImpl(Inline)]
    public static Lane128 Mantissa(Lane128 a, out Lane128 exponent)
    {
        var bits = a.value.AsInt32();
        exponent = new(Vector128.ConvertToSingle((bits >>> 23) - Vector128.Create(127)));
        return new(((bits & Vector128.Create(0x007FFFFF)) | Vector128.Create(0x3F800000)).AsSingle());
    }
    [MethodImpl(Inline)] public static float Sum(Lane128 a) => Vector128.Sum(a.value);
}
