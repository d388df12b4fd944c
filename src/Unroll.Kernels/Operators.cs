using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

#pragma warning disable IDE0055 // one operator per line reads as a table

// Functions of one number.
internal readonly struct ExpOperator : IUnaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T x) where T : struct, ILane<T> => VectorMath.Exp(x); }
internal readonly struct LogOperator : IUnaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T x) where T : struct, ILane<T> => VectorMath.Log(x); }
internal readonly struct SinOperator : IUnaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T x) where T : struct, ILane<T> => VectorMath.Sin(x); }
internal readonly struct CosOperator : IUnaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T x) where T : struct, ILane<T> => VectorMath.Cos(x); }
internal readonly struct TanhOperator : IUnaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T x) where T : struct, ILane<T> => VectorMath.Tanh(x); }
internal readonly struct SigmoidOperator : IUnaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T x) where T : struct, ILane<T> => VectorMath.Sigmoid(x); }
internal readonly struct SoftplusOperator : IUnaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T x) where T : struct, ILane<T> => VectorMath.Softplus(x); }
/// <summary>max(x, 0); NaN stays NaN.</summary>
internal readonly struct ReluOperator : IUnaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T x) where T : struct, ILane<T> => T.SelectLess(x, T.Zero, T.Zero, x); }
internal readonly struct NegateOperator : IUnaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T x) where T : struct, ILane<T> => -x; }
internal readonly struct AbsOperator : IUnaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T x) where T : struct, ILane<T> => T.Abs(x); }
internal readonly struct SqrtOperator : IUnaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T x) where T : struct, ILane<T> => T.Sqrt(x); }
internal readonly struct SquareOperator : IUnaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T x) where T : struct, ILane<T> => x * x; }
internal readonly struct ReciprocalOperator : IUnaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T x) where T : struct, ILane<T> => T.Splat(1) / x; }
/// <summary>1 − x.</summary>
internal readonly struct ComplementOperator : IUnaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T x) where T : struct, ILane<T> => T.Splat(1) - x; }

// Functions of two numbers.
internal readonly struct AddOperator : IBinaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T x, T y) where T : struct, ILane<T> => x + y; }
internal readonly struct SubtractOperator : IBinaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T x, T y) where T : struct, ILane<T> => x - y; }
internal readonly struct MultiplyOperator : IBinaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T x, T y) where T : struct, ILane<T> => x * y; }
internal readonly struct DivideOperator : IBinaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T x, T y) where T : struct, ILane<T> => x / y; }
internal readonly struct MinimumOperator : IBinaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T x, T y) where T : struct, ILane<T> => T.Min(x, y); }
internal readonly struct MaximumOperator : IBinaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T x, T y) where T : struct, ILane<T> => T.Max(x, y); }
/// <summary>e^(x − y).</summary>
internal readonly struct ExpDifferenceOperator : IBinaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T x, T y) where T : struct, ILane<T> => VectorMath.Exp(x - y); }

// Derivatives that need the output y alone: gradient·f′.
/// <summary>g·(1 − y²), the derivative of y = tanh x.</summary>
internal readonly struct TanhGradientOperator : IBinaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T g, T y) where T : struct, ILane<T> => g * T.MultiplyAdd(-y, y, T.Splat(1)); }
/// <summary>g·y·(1 − y), the derivative of y = sigmoid x.</summary>
internal readonly struct SigmoidGradientOperator : IBinaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T g, T y) where T : struct, ILane<T> => g * (y * (T.Splat(1) - y)); }
/// <summary>g where y &gt; 0, else 0, the derivative of y = relu x.</summary>
internal readonly struct ReluGradientOperator : IBinaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T g, T y) where T : struct, ILane<T> => T.SelectLess(T.Zero, y, g, T.Zero); }

// Functions of three numbers.
/// <summary>x·y + z with one rounding.</summary>
internal readonly struct MultiplyAddOperator : ITernaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T x, T y, T z) where T : struct, ILane<T> => T.MultiplyAdd(x, y, z); }
/// <summary>x·y + (1 − x)·z, as z + x·(y − z).</summary>
internal readonly struct InterpolateOperator : ITernaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T x, T y, T z) where T : struct, ILane<T> => T.MultiplyAdd(x, y - z, z); }
/// <summary>z + g·(1 − y²): adds the gradient of tanh.</summary>
internal readonly struct AddTanhGradientOperator : ITernaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T g, T y, T z) where T : struct, ILane<T> => T.MultiplyAdd(g, T.MultiplyAdd(-y, y, T.Splat(1)), z); }
/// <summary>z + g·y·(1 − y): adds the gradient of sigmoid.</summary>
internal readonly struct AddSigmoidGradientOperator : ITernaryOperator { [MethodImpl(Operators.Inline)] public static T Invoke<T>(T g, T y, T z) where T : struct, ILane<T> => T.MultiplyAdd(g, y * (T.Splat(1) - y), z); }

// Terms of sums.
internal readonly struct SumReduction : IReductionOperator
{
    public static float Padding { [MethodImpl(Operators.Inline)] get => 0; }
    [MethodImpl(Operators.Inline)] public static T Add<T>(T sum, T x, T y) where T : struct, ILane<T> => sum + x;
}
internal readonly struct DotReduction : IReductionOperator
{
    public static float Padding { [MethodImpl(Operators.Inline)] get => 0; }
    [MethodImpl(Operators.Inline)] public static T Add<T>(T sum, T x, T y) where T : struct, ILane<T> => T.MultiplyAdd(x, y, sum);
}
internal readonly struct AbsReduction : IReductionOperator
{
    public static float Padding { [MethodImpl(Operators.Inline)] get => 0; }
    [MethodImpl(Operators.Inline)] public static T Add<T>(T sum, T x, T y) where T : struct, ILane<T> => sum + T.Abs(x);
}
/// <summary>Σ (x − y)².</summary>
internal readonly struct SquaredDifferenceReduction : IReductionOperator
{
    public static float Padding { [MethodImpl(Operators.Inline)] get => 0; }
    [MethodImpl(Operators.Inline)] public static T Add<T>(T sum, T x, T y) where T : struct, ILane<T> => T.MultiplyAdd(x - y, x - y, sum);
}
/// <summary>Σ e^(x − y).</summary>
internal readonly struct ExpDifferenceReduction : IReductionOperator
{
    public static float Padding { [MethodImpl(Operators.Inline)] get => float.NegativeInfinity; }
    [MethodImpl(Operators.Inline)] public static T Add<T>(T sum, T x, T y) where T : struct, ILane<T> => sum + VectorMath.Exp(x - y);
}

internal static class Operators
{
    public const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;
}
