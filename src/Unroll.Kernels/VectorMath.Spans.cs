namespace Unroll.Kernels;

/// <summary>The same functions over spans of equal length, on as many threads as the length is worth. The destination may be a source; it may not overlap one otherwise.</summary>
internal static partial class VectorMath
{
    /// <summary>y[i] = eˣ.</summary>
    public static void Exp(ReadOnlySpan<float> x, Span<float> y) => UnaryWork<ExpOperator>.Run(x, y);

    /// <summary>y[i] = log x[i].</summary>
    public static void Log(ReadOnlySpan<float> x, Span<float> y) => UnaryWork<LogOperator>.Run(x, y);

    /// <summary>y[i] = tanh x[i].</summary>
    public static void Tanh(ReadOnlySpan<float> x, Span<float> y) => UnaryWork<TanhOperator>.Run(x, y);

    /// <summary>y[i] = 1 / (1 + e^−x[i]).</summary>
    public static void Sigmoid(ReadOnlySpan<float> x, Span<float> y) => UnaryWork<SigmoidOperator>.Run(x, y);

    /// <summary>y[i] = log(1 + e^x[i]).</summary>
    public static void Softplus(ReadOnlySpan<float> x, Span<float> y) => UnaryWork<SoftplusOperator>.Run(x, y);

    /// <summary>y[i] = max(x[i], 0).</summary>
    public static void Relu(ReadOnlySpan<float> x, Span<float> y) => UnaryWork<ReluOperator>.Run(x, y);

    /// <summary>y[i] = f(x[i]) for any operator.</summary>
    public static void Unary<TOperator>(ReadOnlySpan<float> x, Span<float> y) where TOperator : struct, IUnaryOperator => UnaryWork<TOperator>.Run(x, y);

    /// <summary>z[i] = f(x[i], y[i]) for any operator.</summary>
    public static void Binary<TOperator>(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> z) where TOperator : struct, IBinaryOperator =>
        BinaryWork<TOperator>.Run(x, y, z);

    /// <summary>z[i] = f(x[i], y) with one y for all, for any operator.</summary>
    public static void Binary<TOperator>(ReadOnlySpan<float> x, float y, Span<float> z) where TOperator : struct, IBinaryOperator =>
        BinaryScalarWork<TOperator>.Run(x, y, z);

    /// <summary>w[i] = f(x[i], y[i], z[i]) for any operator.</summary>
    public static void Ternary<TOperator>(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> z, Span<float> w) where TOperator : struct, ITernaryOperator =>
        TernaryWork<TOperator>.Run(x, y, z, w);

    /// <summary>w[i] = f(x[i], y, z[i]) with one y for all, for any operator.</summary>
    public static void Ternary<TOperator>(ReadOnlySpan<float> x, float y, ReadOnlySpan<float> z, Span<float> w) where TOperator : struct, ITernaryOperator =>
        TernaryScalarWork<TOperator>.Run(x, y, z, w);

    /// <summary>y[i] += x[i].</summary>
    public static void AddTo(ReadOnlySpan<float> x, Span<float> y) => BinaryWork<AddOperator>.Run(y, x, y);

    /// <summary>y[i] += scale·x[i].</summary>
    public static void AddScaledTo(ReadOnlySpan<float> x, float scale, Span<float> y) => TernaryScalarWork<MultiplyAddOperator>.Run(x, scale, y, y);

    /// <summary>x[i] *= scale.</summary>
    public static void Scale(Span<float> x, float scale) => BinaryScalarWork<MultiplyOperator>.Run(x, scale, x);
}
