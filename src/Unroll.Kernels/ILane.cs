namespace Unroll.Kernels;

/// <summary>One vector register of single-precision numbers. Every kernel is written once over this interface; one struct per
/// instruction set implements it (<see cref="Lane1"/>, <see cref="Lane128"/>, <see cref="Lane256"/>, <see cref="Lane512"/>), and the JIT
/// compiles each pair to straight vector code.</summary>
internal unsafe interface ILane<T> where T : struct, ILane<T>
{
    /// <summary>How many numbers the register holds: 1, 4, 8 or 16.</summary>
    static abstract int Count { get; }
    /// <summary>Rows of the largest product tile that fits the register file (rows × 2 accumulators, 2 panel vectors, 1 broadcast).</summary>
    static abstract int TileRows { get; }
    static abstract T Zero { get; }
    static abstract T Load(float* source);
    /// <summary>Loads the numbers whose upper halves (bfloat16) are the lower halves of what is stored.</summary>
    static abstract T LoadLowerHalves(uint* source);
    /// <summary>Loads the numbers whose upper halves (bfloat16) are the upper halves of what is stored.</summary>
    static abstract T LoadUpperHalves(uint* source);
    /// <summary>Loads 32-bit whole numbers, each as the nearest float.</summary>
    static abstract T LoadWhole(int* source);
    static abstract T Splat(float value);
    static abstract void Store(float* destination, T value);
    /// <summary>Stores whole numbers as bytes, with or without a sign.</summary>
    static abstract void StoreBytes(byte* destination, T value);
    static abstract T operator +(T a, T b);
    static abstract T operator -(T a, T b);
    static abstract T operator *(T a, T b);
    static abstract T operator /(T a, T b);
    static abstract T operator -(T a);
    /// <summary>a·b + c with one rounding.</summary>
    static abstract T MultiplyAdd(T a, T b, T c);
    static abstract T Min(T a, T b);
    static abstract T Max(T a, T b);
    static abstract T Abs(T a);
    static abstract T Sqrt(T a);
    /// <summary>Nearest integer, ties to even, as a float.</summary>
    static abstract T Round(T a);
    /// <summary><paramref name="yes"/> where a &lt; b, else <paramref name="no"/> (also where either is NaN).</summary>
    static abstract T SelectLess(T a, T b, T yes, T no);
    /// <summary>The magnitude of one number with the sign of another.</summary>
    static abstract T CopySign(T magnitude, T sign);
    /// <summary>a·2ⁿ with one rounding, for a of about 1 and integral n in [−252, 254] held as floats.</summary>
    static abstract T Scale(T a, T n);
    /// <summary>Splits a positive normal number into mantissa in [1, 2) and exponent.</summary>
    static abstract T Mantissa(T a, out T exponent);
    /// <summary>The sum of the lanes in a fixed order.</summary>
    static abstract float Sum(T a);
}
