using Unroll.Kernels;

namespace Unroll.Tensors.Operations;

/// <summary>y = a + b; ∂y/∂a = ∂y/∂b = 1.</summary>
internal sealed class Add : Binary<Add.Rule>
{
    public static readonly Add Instance = new();

    internal readonly struct Rule : IBinaryRule
    {
        public static string Name => "Add";
        public static void Value(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> y) => VectorMath.Binary<AddOperator>(a, b, y);
        public static void Value(ReadOnlySpan<float> a, float b, Span<float> y) => VectorMath.Binary<AddOperator>(a, b, y);
        public static void Value(float a, ReadOnlySpan<float> b, Span<float> y) => VectorMath.Binary<AddOperator>(b, a, y);

        public static ReadOnlySpan<float> LeftDerivative(ReadOnlySpan<float> g, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> d) => g;

        public static ReadOnlySpan<float> RightDerivative(ReadOnlySpan<float> g, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> d) => g;
    }
}
