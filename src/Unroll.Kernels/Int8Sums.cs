using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Unroll.Kernels;

/// <summary>Sixteen 32-bit sums of products of 8-bit numbers, one for each column of a block. Whole numbers add up exactly, so that all of these give the same sums,
/// as long as a sum has at most <see cref="Int8Panels.MostTerms"/> terms.</summary>
internal unsafe interface IInt8Sums<S> where S : struct, IInt8Sums<S>
{
    /// <summary>What is added to the numbers of a row, −127 to 127, before they are stored as bytes.</summary>
    static abstract int ZeroPoint { get; }
    /// <summary>The sums before the first product, so that at the end nothing is left of the zero point.</summary>
    /// <param name="columns">The sum of each column's weights.</param>
    static abstract S Start(int* columns);
    /// <summary>Four numbers of a row, for every column.</summary>
    static abstract S Splat(byte* row);
    /// <summary>Adds the products of four numbers of a row and the four weights of each column, [16, 4].</summary>
    static abstract S Add(S sums, S row, sbyte* weights);
    static abstract void Store(int* destination, S sums);
}

/// <summary>By the instruction for it (VNNI), which multiplies unsigned by signed bytes.</summary>
internal readonly unsafe struct Int8SumsVnni(Vector256<int> lower, Vector256<int> upper) : IInt8Sums<Int8SumsVnni>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;
    private readonly Vector256<int> lower = lower, upper = upper;

    public static int ZeroPoint { [MethodImpl(Inline)] get => 128; }
    [MethodImpl(Inline)] public static Int8SumsVnni Start(int* columns) => new(-(Vector256.Load(columns) << 7), -(Vector256.Load(columns + 8) << 7));
    [MethodImpl(Inline)] public static Int8SumsVnni Splat(byte* row) => new(Vector256.Create(*(int*)row), default);
    [MethodImpl(Inline)]
    public static Int8SumsVnni Add(Int8SumsVnni sums, Int8SumsVnni row, sbyte* weights) => new(
        AvxVnni.MultiplyWideningAndAdd(sums.lower, row.lower.AsByte(), Vector256.Load(weights)),
        AvxVnni.MultiplyWideningAndAdd(sums.upper, row.lower.AsByte(), Vector256.Load(weights + 32)));
    [MethodImpl(Inline)] public static void Store(int* destination, Int8SumsVnni sums) => Vector512.Create(sums.lower, sums.upper).Store(destination);
}

/// <summary>By AVX2: magnitudes of the row times weights with its signs. Two products, at most 2·127², fit the 16 bits that they are added in.</summary>
internal readonly unsafe struct Int8SumsAvx2(Vector256<int> lower, Vector256<int> upper) : IInt8Sums<Int8SumsAvx2>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;
    private readonly Vector256<int> lower = lower, upper = upper;

    public static int ZeroPoint { [MethodImpl(Inline)] get => 0; }
    [MethodImpl(Inline)] public static Int8SumsAvx2 Start(int* columns) => default;
    [MethodImpl(Inline)]
    public static Int8SumsAvx2 Splat(byte* row)
    {
        var numbers = Vector256.Create(*(int*)row);
        return new(numbers, Vector256.Abs(numbers.AsSByte()).AsInt32());
    }
    [MethodImpl(Inline)]
    public static Int8SumsAvx2 Add(Int8SumsAvx2 sums, Int8SumsAvx2 row, sbyte* weights) => new(sums.lower + Products(row, weights), sums.upper + Products(row, weights + 32));
    [MethodImpl(Inline)] public static void Store(int* destination, Int8SumsAvx2 sums) => Vector512.Create(sums.lower, sums.upper).Store(destination);

    [MethodImpl(Inline)]
    private static Vector256<int> Products(Int8SumsAvx2 row, sbyte* weights) =>
        Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(row.upper.AsByte(), Avx2.Sign(Vector256.Load(weights), row.lower.AsSByte())), Vector256<short>.One);
}

/// <summary>On any processor: the even and the odd numbers of a row times those weights, whose sum, at most 2·127², fits 16 bits.</summary>
internal readonly unsafe struct Int8SumsPortable(Vector128<int> a, Vector128<int> b, Vector128<int> c, Vector128<int> d) : IInt8Sums<Int8SumsPortable>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;
    private readonly Vector128<int> a = a, b = b, c = c, d = d;

    public static int ZeroPoint { [MethodImpl(Inline)] get => 0; }
    [MethodImpl(Inline)] public static Int8SumsPortable Start(int* columns) => default;
    [MethodImpl(Inline)]
    public static Int8SumsPortable Splat(byte* row)
    {
        var numbers = Vector128.Create(*(int*)row).AsInt16();
        return new(Even(numbers).AsInt32(), Odd(numbers).AsInt32(), default, default);
    }
    [MethodImpl(Inline)]
    public static Int8SumsPortable Add(Int8SumsPortable sums, Int8SumsPortable row, sbyte* weights) => new(
        sums.a + Products(row, weights), sums.b + Products(row, weights + 16), sums.c + Products(row, weights + 32), sums.d + Products(row, weights + 48));
    [MethodImpl(Inline)]
    public static void Store(int* destination, Int8SumsPortable sums)
    {
        sums.a.Store(destination);
        sums.b.Store(destination + 4);
        sums.c.Store(destination + 8);
        sums.d.Store(destination + 12);
    }

    [MethodImpl(Inline)]
    private static Vector128<int> Products(Int8SumsPortable row, sbyte* weights)
    {
        var four = Vector128.Load((short*)weights);
        var pairs = (Even(four) * row.a.AsInt16() + Odd(four) * row.b.AsInt16()).AsInt32();
        return (pairs << 16 >> 16) + (pairs >> 16);
    }

    [MethodImpl(Inline)] private static Vector128<short> Even(Vector128<short> bytes) => bytes << 8 >> 8;
    [MethodImpl(Inline)] private static Vector128<short> Odd(Vector128<short> bytes) => bytes >> 8;
}
