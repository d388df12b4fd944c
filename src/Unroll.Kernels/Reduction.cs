using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>Sums in a fixed order that depends on the length alone: element i adds to partial sum i mod 64, and the 64 partial sums are added by halves. So
/// the bits are the same for every vector width and any number of threads.</summary>
internal static unsafe class Reduction
{
    private const int Partials = 64;

    /// <summary>The sum of f(x[i], y[i]).</summary>
    /// <param name="x">The elements.</param>
    /// <param name="y">The second operands; x again where the operator does not use them.</param>
    /// <param name="count">How many elements.</param>
    public static float Sum<T, TOperator>(float* x, float* y, nint count) where T : struct, ILane<T> where TOperator : struct, IReductionOperator =>
        Run<T, TOperator>(x, y, Partials, count);

    /// <summary>The sum of f(x[i], y) with one y for all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float SumScalar<T, TOperator>(float* x, float y, nint count) where T : struct, ILane<T> where TOperator : struct, IReductionOperator
    {
        float* all = stackalloc float[Partials];
        for (int i = 0; i < Partials; i++) all[i] = y;
        return Run<T, TOperator>(x, all, 0, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Run<T, TOperator>(float* x, float* y, nint yStep, nint count) where T : struct, ILane<T> where TOperator : struct, IReductionOperator
    {
        float* partial = stackalloc float[3 * Partials];
        float* lastX = partial + Partials;
        float* lastY = lastX + Partials;
        nint whole = count / Partials, rest = count % Partials;
        for (int i = 0; rest > 0 && i < Partials; i++)
        {
            bool present = i < rest;
            lastX[i] = present ? x[whole * Partials + i] : TOperator.Padding;
            lastY[i] = present ? y[whole * yStep + i] : 0;
        }
        // Narrow vectors take the 64 columns in strips of four vectors.
        for (int strip = 0; strip < Partials; strip += 4 * T.Count)
        {
            T a = T.Zero, b = T.Zero, c = T.Zero, d = T.Zero;
            float* px = x + strip;
            float* py = y + strip;
            for (nint block = 0; block < whole; block++, px += Partials, py += yStep)
            {
                a = TOperator.Add(a, T.Load(px), T.Load(py));
                b = TOperator.Add(b, T.Load(px + T.Count), T.Load(py + T.Count));
                c = TOperator.Add(c, T.Load(px + 2 * T.Count), T.Load(py + 2 * T.Count));
                d = TOperator.Add(d, T.Load(px + 3 * T.Count), T.Load(py + 3 * T.Count));
            }
            if (rest > 0)
            {
                px = lastX + strip;
                py = lastY + strip;
                a = TOperator.Add(a, T.Load(px), T.Load(py));
                b = TOperator.Add(b, T.Load(px + T.Count), T.Load(py + T.Count));
                c = TOperator.Add(c, T.Load(px + 2 * T.Count), T.Load(py + 2 * T.Count));
                d = TOperator.Add(d, T.Load(px + 3 * T.Count), T.Load(py + 3 * T.Count));
            }
            T.Store(partial + strip, a);
            T.Store(partial + strip + T.Count, b);
            T.Store(partial + strip + 2 * T.Count, c);
            T.Store(partial + strip + 3 * T.Count, d);
        }
        for (int half = Partials / 2; half > 0; half /= 2)
            if (half >= T.Count)
                for (int i = 0; i < half; i += T.Count) T.Store(partial + i, T.Load(partial + i) + T.Load(partial + half + i));
            else
                for (int i = 0; i < half; i++) partial[i] += partial[half + i];
        return partial[0];
    }

    /// <summary>The largest element, NaN aside; −∞ for none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Max<T>(float* x, nint count) where T : struct, ILane<T>
    {
        T a = T.Splat(float.NegativeInfinity), b = a;
        nint i = 0;
        for (; i <= count - 2 * T.Count; i += 2 * T.Count)
        {
            T u = T.Load(x + i), v = T.Load(x + i + T.Count);
            a = T.SelectLess(a, u, u, a);
            b = T.SelectLess(b, v, v, b);
        }
        float* lanes = stackalloc float[16];
        T.Store(lanes, T.SelectLess(a, b, b, a));
        float max = float.NegativeInfinity;
        for (int lane = 0; lane < T.Count; lane++) max = max < lanes[lane] ? lanes[lane] : max;
        for (; i < count; i++) max = max < x[i] ? x[i] : max;
        return max;
    }
}
