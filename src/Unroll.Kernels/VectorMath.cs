using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>Functions of a vector register, the same operations for every width and so the same bits. Correct at ±0, denormal numbers,
/// ±∞ and NaN. The polynomials are minimax fits (Remez) to relative error.</summary>
internal static partial class VectorMath
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;
    private const float TwoOverPi = 0.636619747f;
    private const float Log2E = 1.442695f;
    private const float Ln2High = 0.693145751953125f;       // few bits, so that n·Ln2High is exact
    private const float Ln2Low = 1.42860677e-6f;

    /// <summary>eˣ, within 1 ulp.</summary>
    [MethodImpl(Inline)]
    public static T Exp<T>(T x) where T : struct, ILane<T>
    {
        // Beyond these bounds the result is 0 or ∞ anyway; NaN passes through.
        x = T.SelectLess(T.Splat(89), x, T.Splat(89), x);
        x = T.SelectLess(x, T.Splat(-104.5f), T.Splat(-104.5f), x);
        T p = ReducedExpMinusOne(x, out T n);
        return T.Scale(T.Splat(1) + p, n);
    }

    /// <summary>1 / (1 + e⁻ˣ), within 2.5 ulp, for very negative x as well.</summary>
    [MethodImpl(Inline)]
    public static T Sigmoid<T>(T x) where T : struct, ILane<T>
    {
        T e = ExpOfNegative(T.Abs(x));
        return T.SelectLess(x, T.Zero, e, T.Splat(1)) / (T.Splat(1) + e);
    }

    /// <summary>The hyperbolic tangent, within 2.5 ulp: −m / (2 + m) with m = e^(−2|x|) − 1, which does not cancel near 0.</summary>
    [MethodImpl(Inline)]
    public static T Tanh<T>(T x) where T : struct, ILane<T>
    {
        T a = T.Abs(x);
        a = T.SelectLess(T.Splat(10), a, T.Splat(10), a);      // tanh(10) rounds to 1
        T p = ReducedExpMinusOne(a * T.Splat(-2), out T n);
        T power = T.Scale(T.Splat(1), n);
        T m = T.MultiplyAdd(power, p, power - T.Splat(1));
        return T.CopySign(m / (T.Splat(2) + m), x);
    }

    /// <summary>The natural logarithm, within 1 ulp: −∞ at 0, NaN below.</summary>
    [MethodImpl(Inline)]
    public static T Log<T>(T x) where T : struct, ILane<T>
    {
        // Denormal numbers are first brought into the normal range.
        T tiny = T.Splat(1.17549435e-38f);
        T normal = T.SelectLess(x, tiny, x * T.Splat(16777216), x);
        T shift = T.SelectLess(x, tiny, T.Splat(-24), T.Zero);
        T mantissa = T.Mantissa(normal, out T exponent);
        // Mantissa in [√½, √2), so that log(mantissa) is small when the exponent is 0.
        T half = T.Splat(1.41421354f);
        exponent = exponent + shift + T.SelectLess(half, mantissa, T.Splat(1), T.Zero);
        mantissa = T.SelectLess(half, mantissa, mantissa * T.Splat(0.5f), mantissa);
        T result = LogOfReduced(mantissa - T.Splat(1), exponent);
        result = T.SelectLess(x, T.Splat(float.PositiveInfinity), result, x);
        T outside = T.SelectLess(x, T.Zero, T.Splat(float.NaN), x - T.Splat(float.PositiveInfinity));
        return T.SelectLess(T.Zero, x, result, outside);
    }

    /// <summary>log(1 + eˣ), within 3 ulp: max(x, 0) + log(1 + e^−|x|).</summary>
    [MethodImpl(Inline)]
    public static T Softplus<T>(T x) where T : struct, ILane<T>
    {
        T e = ExpOfNegative(T.Abs(x));
        // 1 + e lies in [1, 2]; above √2 it is halved: (1 + e)/2 − 1 = (e − 1)/2.
        T bound = T.Splat(0.41421354f);
        T f = T.SelectLess(bound, e, (e - T.Splat(1)) * T.Splat(0.5f), e);
        T exponent = T.SelectLess(bound, e, T.Splat(1), T.Zero);
        T positive = T.SelectLess(x, T.Zero, T.Zero, x);
        return positive + LogOfReduced(f, exponent);
    }

    /// <summary>The sine, within 2 ulp for |x| up to 10,000, beyond which the remainder of x by π/2 loses digits.</summary>
    [MethodImpl(Inline)]
    public static T Sin<T>(T x) where T : struct, ILane<T> => Sine(x, T.Round(x * T.Splat(TwoOverPi)), T.Zero);

    /// <summary>The cosine, within 2 ulp for |x| up to 10,000: the sine a quarter turn further.</summary>
    [MethodImpl(Inline)]
    public static T Cos<T>(T x) where T : struct, ILane<T> => Sine(x, T.Round(x * T.Splat(TwoOverPi)), T.Splat(1));

    /// <summary>sin(x + quarters·π/2), x = n·π/2 + r with |r| ≤ π/4. The polynomials are those of Cephes' sinf and cosf (Moshier 1984–1992).</summary>
    [MethodImpl(Inline)]
    private static T Sine<T>(T x, T n, T quarters) where T : struct, ILane<T>
    {
        // π/2 in three parts, each taken off with one rounding.
        T r = T.MultiplyAdd(n, T.Splat(-1.57079637f), x);
        r = T.MultiplyAdd(n, T.Splat(4.37113883e-8f), r);
        r = T.MultiplyAdd(n, T.Splat(1.71512451e-15f), r);
        T square = r * r;
        T sine = T.MultiplyAdd(T.Splat(-1.95152959e-4f), square, T.Splat(8.33216087e-3f));
        sine = T.MultiplyAdd(sine, square, T.Splat(-1.66666546e-1f));
        sine = T.MultiplyAdd(sine * square, r, r);
        T cosine = T.MultiplyAdd(T.Splat(2.44331571e-5f), square, T.Splat(-1.38873162e-3f));
        cosine = T.MultiplyAdd(cosine, square, T.Splat(4.16666457e-2f));
        cosine = T.MultiplyAdd(cosine, square, T.Splat(-0.5f));
        cosine = T.MultiplyAdd(cosine, square, T.Splat(1));
        // The quadrant: n + quarters less a multiple of 4, from −2 to 2.
        n += quarters;
        T quadrant = n - T.Splat(4) * T.Round(n * T.Splat(0.25f));
        T value = T.SelectLess(T.Abs(T.Abs(quadrant) - T.Splat(1)), T.Splat(0.5f), cosine, sine);
        T isNegative = T.SelectLess(quadrant, T.Splat(-0.5f), T.Splat(-1), T.SelectLess(T.Splat(1.5f), quadrant, T.Splat(-1), T.Splat(1)));
        return value * isNegative;
    }

    /// <summary>e⁻ᵃ for a ≥ 0.</summary>
    [MethodImpl(Inline)]
    private static T ExpOfNegative<T>(T a) where T : struct, ILane<T>
    {
        a = T.SelectLess(T.Splat(104.5f), a, T.Splat(104.5f), a);
        T p = ReducedExpMinusOne(-a, out T n);
        return T.Scale(T.Splat(1) + p, n);
    }

    /// <summary>eʳ − 1 with x = n·ln 2 + r and |r| ≤ ln 2 / 2, relative to its size: r + r²·q(r).</summary>
    [MethodImpl(Inline)]
    private static T ReducedExpMinusOne<T>(T x, out T n) where T : struct, ILane<T>
    {
        n = T.Round(x * T.Splat(Log2E));
        T r = T.MultiplyAdd(n, T.Splat(-Ln2High), x);
        r = T.MultiplyAdd(n, T.Splat(-Ln2Low), r);
        T q = T.Splat(0.00138825178f);
        q = T.MultiplyAdd(q, r, T.Splat(0.00836658012f));
        q = T.MultiplyAdd(q, r, T.Splat(0.0416672006f));
        q = T.MultiplyAdd(q, r, T.Splat(0.166665435f));
        q = T.MultiplyAdd(q, r, T.Splat(0.5f));
        return T.MultiplyAdd(r * r, q, r);
    }

    /// <summary>log(1 + f) + exponent·ln 2 for 1 + f in [√½, √2]: f − f²/2 + f³·p(f).</summary>
    [MethodImpl(Inline)]
    private static T LogOfReduced<T>(T f, T exponent) where T : struct, ILane<T>
    {
        T p = T.Splat(0.0674724206f);
        p = T.MultiplyAdd(p, f, T.Splat(-0.116759129f));
        p = T.MultiplyAdd(p, f, T.Splat(0.118880399f));
        p = T.MultiplyAdd(p, f, T.Splat(-0.124055386f));
        p = T.MultiplyAdd(p, f, T.Splat(0.142195612f));
        p = T.MultiplyAdd(p, f, T.Splat(-0.166679993f));
        p = T.MultiplyAdd(p, f, T.Splat(0.200021178f));
        p = T.MultiplyAdd(p, f, T.Splat(-0.250000089f));
        p = T.MultiplyAdd(p, f, T.Splat(0.333333135f));
        T square = f * f;
        T tail = T.MultiplyAdd(exponent, T.Splat(Ln2Low), square * f * p);
        tail = T.MultiplyAdd(square, T.Splat(-0.5f), tail);
        return T.MultiplyAdd(exponent, T.Splat(Ln2High), f + tail);
    }
}
