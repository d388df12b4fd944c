using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>Functions of the rows of contiguous row-major matrices, and sums. Every sum has a fixed order, whatever the vector width and the number of threads.</summary>
internal static partial class VectorMath
{
    /// <summary>The natural logarithm of one number, with the bits of the vector function.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Log(float x) => Lane1.Sum(Log(Lane1.Splat(x)));

    /// <summary>The exponential of one number, with the bits of the vector function.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Exp(float x) => Lane1.Sum(Exp(Lane1.Splat(x)));

    /// <summary>y[r, c] = e^x[r, c] / Σ e^x[r, ·].</summary>
    /// <param name="x">[rows, columns].</param>
    /// <param name="y">[rows, columns]; may be x.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Numbers in a row.</param>
    public static void Softmax(ReadOnlySpan<float> x, Span<float> y, int rows, int columns) => RowWork<SoftmaxRow>.Run(rows, columns, x, columns, [], 0, y, columns);

    /// <summary>y[r, c] = x[r, c] − log Σ e^x[r, ·].</summary>
    /// <inheritdoc cref="Softmax"/>
    public static void LogSoftmax(ReadOnlySpan<float> x, Span<float> y, int rows, int columns) => RowWork<LogSoftmaxRow>.Run(rows, columns, x, columns, [], 0, y, columns);

    /// <summary>y[r] = log Σ e^x[r, ·].</summary>
    /// <param name="x">[rows, columns].</param>
    /// <param name="y">[rows].</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Numbers in a row.</param>
    public static void LogSumExp(ReadOnlySpan<float> x, Span<float> y, int rows, int columns) => RowWork<LogSumExpRow>.Run(rows, columns, x, columns, [], 0, y, 1);

    /// <summary>dx += y·(dy − Σ dy·y) by row, where y = softmax(x).</summary>
    public static void AddSoftmaxGradient(ReadOnlySpan<float> dy, ReadOnlySpan<float> y, Span<float> dx, int rows, int columns) =>
        RowWork<AddSoftmaxGradientRow>.Run(rows, columns, dy, columns, y, columns, dx, columns);

    /// <summary>dx += dy − e^y·Σ dy by row, where y = log-softmax(x).</summary>
    public static void AddLogSoftmaxGradient(ReadOnlySpan<float> dy, ReadOnlySpan<float> y, Span<float> dx, int rows, int columns) =>
        RowWork<AddLogSoftmaxGradientRow>.Run(rows, columns, dy, columns, y, columns, dx, columns);

    /// <summary>y[r] = Σ x[r, ·].</summary>
    public static void RowSums(ReadOnlySpan<float> x, Span<float> y, int rows, int columns) => RowWork<SumRow>.Run(rows, columns, x, columns, [], 0, y, 1);

    /// <summary>y[r] = max x[r, ·], NaN aside.</summary>
    public static void RowMaxima(ReadOnlySpan<float> x, Span<float> y, int rows, int columns) => RowWork<MaxRow>.Run(rows, columns, x, columns, [], 0, y, 1);

    /// <summary>z[r] = Σ x[r, ·]·y[r, ·].</summary>
    public static void RowDots(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> z, int rows, int columns) =>
        RowWork<DotRow>.Run(rows, columns, x, columns, y, columns, z, 1);

    /// <summary>z[r, c] = f(x[r, c], y[c]): one row y for all rows.</summary>
    public static void BinaryWithRow<TOperator>(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> z, int rows, int columns) where TOperator : struct, IBinaryOperator =>
        RowWork<BinaryRow<TOperator>>.Run(rows, columns, x, columns, y, 0, z, columns);

    /// <summary>z[r, c] = f(x[r, c], y[r]): one number y for each row.</summary>
    public static void BinaryWithColumn<TOperator>(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> z, int rows, int columns) where TOperator : struct, IBinaryOperator =>
        RowWork<BinaryScalarRow<TOperator>>.Run(rows, columns, x, columns, y, 1, z, columns);

    /// <summary>sums[c] = Σᵣ x[r, c], or sums[c] += Σᵣ x[r, c]; in the order of the rows.</summary>
    public static void ColumnSums(ReadOnlySpan<float> x, Span<float> sums, int rows, int columns, bool accumulate = false) =>
        ColumnSumWork.Run(rows, columns, x, columns, sums, accumulate);

    /// <summary>Σ x.</summary>
    public static double Sum(ReadOnlySpan<float> x) => SumWork<SumReduction>.Run(x, x);

    /// <summary>Σ |x|.</summary>
    public static double SumOfMagnitudes(ReadOnlySpan<float> x) => SumWork<AbsReduction>.Run(x, x);

    /// <summary>Σ x².</summary>
    public static double SumOfSquares(ReadOnlySpan<float> x) => SumWork<DotReduction>.Run(x, x);

    /// <summary>Σ x·y.</summary>
    public static double Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y) => SumWork<DotReduction>.Run(x, y);

    /// <summary>Σ (x − y)².</summary>
    public static double SumOfSquaredDifferences(ReadOnlySpan<float> x, ReadOnlySpan<float> y) => SumWork<SquaredDifferenceReduction>.Run(x, y);
}
