using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>What happens to one row; <see cref="RowWork{TOperation}"/> drives it over all rows.</summary>
internal unsafe interface IRowOperation
{
    /// <summary>Computes row z from rows x and y of <paramref name="columns"/> numbers; operations say which of the three are single numbers.</summary>
    static abstract void Invoke<T>(float* x, float* y, float* z, nint columns) where T : struct, ILane<T>;
}

/// <summary>z = e^x / Σ e^x.</summary>
internal readonly unsafe struct SoftmaxRow : IRowOperation
{
    public static void Invoke<T>(float* x, float* y, float* z, nint columns) where T : struct, ILane<T>
    {
        Elementwise.BinaryScalar<T, ExpDifferenceOperator>(x, Reduction.Max<T>(x, columns), z, columns);
        Elementwise.BinaryScalar<T, MultiplyOperator>(z, 1 / Reduction.Sum<T, SumReduction>(z, z, columns), z, columns);
    }
}

/// <summary>z = x − max − log Σ e^(x − max).</summary>
internal readonly unsafe struct LogSoftmaxRow : IRowOperation
{
    public static void Invoke<T>(float* x, float* y, float* z, nint columns) where T : struct, ILane<T>
    {
        // In two subtractions: the sum of maximum and logarithm would lose digits of the smaller one.
        Elementwise.BinaryScalar<T, SubtractOperator>(x, Reduction.Max<T>(x, columns), z, columns);
        float sum = Reduction.SumScalar<T, ExpDifferenceReduction>(z, 0, columns);
        Elementwise.BinaryScalar<T, SubtractOperator>(z, VectorMath.Log(sum), z, columns);
    }
}

/// <summary>The number z = log Σ e^x; −∞ where every x is −∞.</summary>
internal readonly unsafe struct LogSumExpRow : IRowOperation
{
    public static void Invoke<T>(float* x, float* y, float* z, nint columns) where T : struct, ILane<T>
    {
        float max = Reduction.Max<T>(x, columns);
        *z = float.IsInfinity(max)
            ? max + (max < 0 ? Reduction.SumScalar<T, ExpDifferenceReduction>(x, 0, columns) : 0)
            : max + VectorMath.Log(Reduction.SumScalar<T, ExpDifferenceReduction>(x, max, columns));
    }
}

/// <summary>z += y·(x − Σ x·y): the gradient through y = softmax, where x is the gradient of y.</summary>
internal readonly unsafe struct AddSoftmaxGradientRow : IRowOperation
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Invoke<T>(float* x, float* y, float* z, nint columns) where T : struct, ILane<T>
    {
        float dot = Reduction.Sum<T, DotReduction>(x, y, columns);
        float* row = stackalloc float[64];
        for (nint i = 0; i < columns; i += 64)
        {
            nint count = Math.Min(64, columns - i);
            Elementwise.BinaryScalar<T, SubtractOperator>(x + i, dot, row, count);
            Elementwise.Ternary<T, MultiplyAddOperator>(row, y + i, z + i, z + i, count);
        }
    }
}

/// <summary>z += x − e^y·Σ x: the gradient through y = log-softmax, where x is the gradient of y.</summary>
internal readonly unsafe struct AddLogSoftmaxGradientRow : IRowOperation
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Invoke<T>(float* x, float* y, float* z, nint columns) where T : struct, ILane<T>
    {
        float sum = Reduction.Sum<T, SumReduction>(x, x, columns);
        float* row = stackalloc float[64];
        for (nint i = 0; i < columns; i += 64)
        {
            nint count = Math.Min(64, columns - i);
            Elementwise.Unary<T, ExpOperator>(y + i, row, count);
            Elementwise.TernaryScalar<T, MultiplyAddOperator>(row, -sum, x + i, row, count);
            Elementwise.Binary<T, AddOperator>(z + i, row, z + i, count);
        }
    }
}

/// <summary>The number z = Σ x.</summary>
internal readonly unsafe struct SumRow : IRowOperation
{
    public static void Invoke<T>(float* x, float* y, float* z, nint columns) where T : struct, ILane<T> => *z = Reduction.Sum<T, SumReduction>(x, x, columns);
}

/// <summary>The number z = max x, NaN aside.</summary>
internal readonly unsafe struct MaxRow : IRowOperation
{
    public static void Invoke<T>(float* x, float* y, float* z, nint columns) where T : struct, ILane<T> => *z = Reduction.Max<T>(x, columns);
}

/// <summary>The number z = Σ x·y.</summary>
internal readonly unsafe struct DotRow : IRowOperation
{
    public static void Invoke<T>(float* x, float* y, float* z, nint columns) where T : struct, ILane<T> => *z = Reduction.Sum<T, DotReduction>(x, y, columns);
}

/// <summary>z[i] = f(x[i], y[i]), where y may be one row for all.</summary>
internal readonly unsafe struct BinaryRow<TOperator> : IRowOperation where TOperator : struct, IBinaryOperator
{
    public static void Invoke<T>(float* x, float* y, float* z, nint columns) where T : struct, ILane<T> => Elementwise.Binary<T, TOperator>(x, y, z, columns);
}

/// <summary>z[i] = f(x[i], y) with one number y per row.</summary>
internal readonly unsafe struct BinaryScalarRow<TOperator> : IRowOperation where TOperator : struct, IBinaryOperator
{
    public static void Invoke<T>(float* x, float* y, float* z, nint columns) where T : struct, ILane<T> => Elementwise.BinaryScalar<T, TOperator>(x, *y, z, columns);
}
