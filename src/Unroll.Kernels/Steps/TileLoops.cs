using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>The loops beneath tile programs: one for each number of operands. Rows of 16 numbers; an operand's step leads from a row to the
/// next, and is 0 for a row vector that serves all rows. No tails: a row is a whole number of vectors.</summary>
internal static unsafe class TileLoops
{
    /// <summary>Does one instruction on some rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<T>(TileOperation operation, int rows, float* y, nint yStep, float* a, nint aStep, float* b, nint bStep, float* c, nint cStep)
        where T : struct, ILane<T>
    {
        switch (operation)
        {
            case TileOperation.Copy: Unary<T, CopyOperator>(rows, y, yStep, a, aStep); break;
            case TileOperation.Sigmoid: Unary<T, SigmoidOperator>(rows, y, yStep, a, aStep); break;
            case TileOperation.Tanh: Unary<T, TanhOperator>(rows, y, yStep, a, aStep); break;
            case TileOperation.Relu: Unary<T, ReluOperator>(rows, y, yStep, a, aStep); break;
            case TileOperation.Exp: Unary<T, ExpOperator>(rows, y, yStep, a, aStep); break;
            case TileOperation.Log: Unary<T, LogOperator>(rows, y, yStep, a, aStep); break;
            case TileOperation.Softplus: Unary<T, SoftplusOperator>(rows, y, yStep, a, aStep); break;
            case TileOperation.SquareRoot: Unary<T, SqrtOperator>(rows, y, yStep, a, aStep); break;
            case TileOperation.Sine: Unary<T, SinOperator>(rows, y, yStep, a, aStep); break;
            case TileOperation.Cosine: Unary<T, CosOperator>(rows, y, yStep, a, aStep); break;
            case TileOperation.Absolute: Unary<T, AbsOperator>(rows, y, yStep, a, aStep); break;
            case TileOperation.Positive: Unary<T, PositiveOperator>(rows, y, yStep, a, aStep); break;
            case TileOperation.Sign: Unary<T, SignOperator>(rows, y, yStep, a, aStep); break;
            case TileOperation.Add: Binary<T, AddOperator>(rows, y, yStep, a, aStep, b, bStep); break;
            case TileOperation.Subtract: Binary<T, SubtractOperator>(rows, y, yStep, a, aStep, b, bStep); break;
            case TileOperation.Multiply: Binary<T, MultiplyOperator>(rows, y, yStep, a, aStep, b, bStep); break;
            case TileOperation.Divide: Binary<T, DivideOperator>(rows, y, yStep, a, aStep, b, bStep); break;
            case TileOperation.Maximum: Binary<T, MaximumOperator>(rows, y, yStep, a, aStep, b, bStep); break;
            case TileOperation.SigmoidSlope: Binary<T, SigmoidGradientOperator>(rows, y, yStep, a, aStep, b, bStep); break;
            case TileOperation.TanhSlope: Binary<T, TanhGradientOperator>(rows, y, yStep, a, aStep, b, bStep); break;
            case TileOperation.MultiplyAdd: Ternary<T, MultiplyAddOperator>(rows, y, yStep, a, aStep, b, bStep, c, cStep); break;
            case TileOperation.Interpolate: Ternary<T, InterpolateOperator>(rows, y, yStep, a, aStep, b, bStep, c, cStep); break;
            default: throw new ArgumentOutOfRangeException(nameof(operation), operation, "the tile loops lack this operation.");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Unary<T, TOperator>(int rows, float* y, nint yStep, float* a, nint aStep)
        where T : struct, ILane<T>
        where TOperator : struct, IUnaryOperator
    {
        for (int row = 0; row < rows; row++, y += yStep, a += aStep)
            for (int i = 0; i < ProductTile.Block; i += T.Count) T.Store(y + i, TOperator.Invoke(T.Load(a + i)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Binary<T, TOperator>(int rows, float* y, nint yStep, float* a, nint aStep, float* b, nint bStep)
        where T : struct, ILane<T>
        where TOperator : struct, IBinaryOperator
    {
        for (int row = 0; row < rows; row++, y += yStep, a += aStep, b += bStep)
            for (int i = 0; i < ProductTile.Block; i += T.Count) T.Store(y + i, TOperator.Invoke(T.Load(a + i), T.Load(b + i)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Ternary<T, TOperator>(int rows, float* y, nint yStep, float* a, nint aStep, float* b, nint bStep, float* c, nint cStep)
        where T : struct, ILane<T>
        where TOperator : struct, ITernaryOperator
    {
        for (int row = 0; row < rows; row++, y += yStep, a += aStep, b += bStep, c += cStep)
            for (int i = 0; i < ProductTile.Block; i += T.Count) T.Store(y + i, TOperator.Invoke(T.Load(a + i), T.Load(b + i), T.Load(c + i)));
    }

    private readonly struct CopyOperator : IUnaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Invoke<T>(T x) where T : struct, ILane<T> => x;
    }

    private readonly struct PositiveOperator : IUnaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Invoke<T>(T x) where T : struct, ILane<T> => T.SelectLess(T.Zero, x, T.Splat(1), T.Zero);
    }

    private readonly struct SignOperator : IUnaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Invoke<T>(T x) where T : struct, ILane<T> => T.SelectLess(T.Zero, x, T.Splat(1), T.SelectLess(x, T.Zero, T.Splat(-1), T.Zero));
    }
}
