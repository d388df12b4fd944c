using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>The loops over elements, one per shape; <see cref="Operators"/> say what happens to an element. The numbers beyond the last whole vector go through
/// the same vector code on a padded copy, so an element's bits do not depend on where it lies. A destination may be one of the sources.</summary>
internal static unsafe class Elementwise
{
    private const int Widest = 16;

    /// <summary>y[i] = f(x[i]).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Unary<T, TOperator>(float* x, float* y, nint count) where T : struct, ILane<T> where TOperator : struct, IUnaryOperator
    {
        nint i = 0;
        for (; i <= count - T.Count; i += T.Count) T.Store(y + i, TOperator.Invoke(T.Load(x + i)));
        if (i == count) return;
        float* pad = stackalloc float[Widest];
        Copy(x + i, pad, count - i);
        T.Store(pad, TOperator.Invoke(T.Load(pad)));
        Copy(pad, y + i, count - i);
    }

    /// <summary>z[i] = f(x[i], y[i]).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Binary<T, TOperator>(float* x, float* y, float* z, nint count) where T : struct, ILane<T> where TOperator : struct, IBinaryOperator
    {
        nint i = 0;
        for (; i <= count - T.Count; i += T.Count) T.Store(z + i, TOperator.Invoke(T.Load(x + i), T.Load(y + i)));
        if (i == count) return;
        float* pad = stackalloc float[2 * Widest];
        Copy(x + i, pad, count - i);
        Copy(y + i, pad + Widest, count - i);
        T.Store(pad, TOperator.Invoke(T.Load(pad), T.Load(pad + Widest)));
        Copy(pad, z + i, count - i);
    }

    /// <summary>z[i] = f(x[i], y) with one y for all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void BinaryScalar<T, TOperator>(float* x, float y, float* z, nint count) where T : struct, ILane<T> where TOperator : struct, IBinaryOperator
    {
        nint i = 0;
        T all = T.Splat(y);
        for (; i <= count - T.Count; i += T.Count) T.Store(z + i, TOperator.Invoke(T.Load(x + i), all));
        if (i == count) return;
        float* pad = stackalloc float[Widest];
        Copy(x + i, pad, count - i);
        T.Store(pad, TOperator.Invoke(T.Load(pad), all));
        Copy(pad, z + i, count - i);
    }

    /// <summary>w[i] = f(x[i], y[i], z[i]).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Ternary<T, TOperator>(float* x, float* y, float* z, float* w, nint count) where T : struct, ILane<T> where TOperator : struct, ITernaryOperator
    {
        nint i = 0;
        for (; i <= count - T.Count; i += T.Count) T.Store(w + i, TOperator.Invoke(T.Load(x + i), T.Load(y + i), T.Load(z + i)));
        if (i == count) return;
        float* pad = stackalloc float[3 * Widest];
        Copy(x + i, pad, count - i);
        Copy(y + i, pad + Widest, count - i);
        Copy(z + i, pad + 2 * Widest, count - i);
        T.Store(pad, TOperator.Invoke(T.Load(pad), T.Load(pad + Widest), T.Load(pad + 2 * Widest)));
        Copy(pad, w + i, count - i);
    }

    /// <summary>w[i] = f(x[i], y, z[i]) with one y for all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void TernaryScalar<T, TOperator>(float* x, float y, float* z, float* w, nint count) where T : struct, ILane<T> where TOperator : struct, ITernaryOperator
    {
        nint i = 0;
        T all = T.Splat(y);
        for (; i <= count - T.Count; i += T.Count) T.Store(w + i, TOperator.Invoke(T.Load(x + i), all, T.Load(z + i)));
        if (i == count) return;
        float* pad = stackalloc float[2 * Widest];
        Copy(x + i, pad, count - i);
        Copy(z + i, pad + Widest, count - i);
        T.Store(pad, TOperator.Invoke(T.Load(pad), all, T.Load(pad + Widest)));
        Copy(pad, w + i, count - i);
    }

    /// <summary>Copies a few numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(float* from, float* to, nint count)
    {
        for (nint i = 0; i < count; i++) to[i] = from[i];
    }
}
