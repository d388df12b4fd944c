using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Unroll.Kernels;

/// <summary>Sixteen numbers in a 512-bit register (AVX-512).</summary>
internal readonly unsafe struct Lane512(Vector512<float> value) : ILane<Lane512>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;
    private readonly Vector512<float> value = value;

    public static int Count { [MethodImpl(Inline)] get => 16; }
    public static int TileRows { [MethodImpl(Inline)] get => 14; }
    public static Lane512 Zero { [MethodImpl(Inline)] get => new(Vector512<float>.Zero); }
    [MethodImpl(Inline)] public static Lane512 Load(float* source) => new(Vector512.Load(source));
    [MethodImpl(Inline)] public static Lane512 LoadLowerHalves(uint* source) => new((Vector512.Load(source) << 16).AsSingle());
    [MethodImpl(Inline)] public static Lane512 LoadUpperHalves(uint* source) => new((Vector512.Load(source) & Vector512.Create(0xFFFF0000)).AsSingle());
    [MethodImpl(Inline)] public static Lane512 LoadWhole(int* source) => new(Vector512.ConvertToSingle(Vector512.Load(source)));
    [MethodImpl(Inline)] public static Lane512 Splat(float value) => new(Vector512.Create(value));
    [MethodImpl(Inline)] public static void Store(float* destination, Lane512 value) => value.value.Store(destination);
    [MethodImpl(Inline)]
    public static void StoreBytes(byte* destination, Lane512 value)
    {
        var whole = Vector512.ConvertToInt32Native(value.value);
        var shorts = Vector512.Narrow(whole, whole);
        var bytes = Vector512.Narrow(shorts, shorts);
        bytes.GetLower().GetLower().AsByte().Store(destination);
    }
    [MethodImpl(Inline)] public static Lane512 operator +(Lane512 a, Lane512 b) => new(a.value + b.value);
    [MethodImpl(Inline)] public static Lane512 operator -(Lane512 a, Lane512 b) => new(a.value - b.value);
    [MethodImpl(Inline)] public static Lane512 operator *(Lane512 a, Lane512 b) => new(a.value * b.value);
    [MethodImpl(Inline)] public static Lane512 operator /(Lane512 a, Lane512 b) => new(a.value / b.value);
    [MethodImpl(Inline)] public static Lane512 operator -(Lane512 a) => new(-a.value);
    [MethodImpl(Inline)] public static Lane512 MultiplyAdd(Lane512 a, Lane512 b, Lane512 c) => new(Vector512.FusedMultiplyAdd(a.value, b.value, c.value));
    [MethodImpl(Inline)] public static Lane512 Min(Lane512 a, Lane512 b) => new(Vector512.Min(a.value, b.value));
    [MethodImpl(Inline)] public static Lane512 Max(Lane512 a, Lane512 b) => new(Vector512.Max(a.value, b.value));
    [MethodImpl(Inline)] public static Lane512 Abs(Lane512 a) => new(Vector512.Abs(a.value));
    [MethodImpl(Inline)] public static Lane512 Sqrt(Lane512 a) => new(Vector512.Sqrt(a.value));
    [MethodImpl(Inline)] public static Lane512 Round(Lane512 a) => new(Vector512.Round(a.value));
    [MethodImpl(Inline)]
    public static Lane512 SelectLess(Lane512 a, Lane512 b, Lane512 yes, Lane512 no) =>
        new(Vector512.ConditionalSelect(Vector512.LessThan(a.value, b.value), yes.value, no.value));
    [MethodImpl(Inline)] public static Lane512 CopySign(Lane512 magnitude, Lane512 sign) => new(Vector512.CopySign(magnitude.value, sign.value));
    [MethodImpl(Inline)]
    public static Lane512 Scale(Lane512 a, Lane512 n)
    {
        if (Avx512F.IsSupported) return new(Avx512F.Scale(a.value, n.value));
        // Two factors, so that neither leaves the range of normal numbers.
        var whole = Vector512.ConvertToInt32Native(n.value);
        var half = whole >> 1;
        var bias = Vector512.Create(127);
        return new(a.value * ((half + bias) << 23).AsSingle() * ((whole - half + bias) << 23).AsSingle());
    }
    [MethodImpl(Inline)]
    public static Lane512 Mantissa(Lane512 a, out Lane512 exponent)
    {
        var bits = a.value.AsInt32();
        exponent = new(Vector512.ConvertToSingle((bits >>> 23) - Vector512.Create(127)));
        return new(((bits & Vector512.Create(0x007FFFFF)) | Vector512.Create(0x3F800000)).AsSingle());
    }
    [MethodImpl(Inline)] public static float Sum(Lane512 a) => Vector512.Sum(a.value);
}
