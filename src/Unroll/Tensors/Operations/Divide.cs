using System.Numerics.Tensors;

namespace Unroll.Tensors.Operations;

/// <summary>y = a / b; ∂y/∂a = 1/b, ∂y/∂b = −a/b².</summary>
internal sealed class Divide : Binary<Divide.Rule>
{
    public static readonly Divide Instance = new();

    internal readonly struct Rule : IBinaryRule
    {
        public static string Name => "Divide";
        public static void Value(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> y) => TensorPrimitives.Divide(a, b, y);
        public static void Value(ReadOnlySpan<float> a, float b, Span<float> y) => TensorPrimitives.Divide(a, b, y);
        public static void Value(float a, ReadOnlySpan<float> b, Span<float> y) => TensorPrimitives.Divide(a, b, y);

        public static ReadOnlySpan<float> LeftDerivative(ReadOnlySpan<float> g, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> d)
        {
            TensorPrimitives.Divide(g, b, d);
            return d;
        }

        public static ReadOnlySpan<float> RightDerivative(ReadOnlySpan<float> g, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> d)
        {
            TensorPrimitives.Divide(a, b, d);
            TensorPrimitives.Multiply(d, g, d);
            TensorPrimitives.Divide(d, b, d);
            TensorPrimitives.Negate(d, d);
            return d;
        }
    }
}
