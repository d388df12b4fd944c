using System.Numerics.Tensors;

namespace Unroll.Tensors.Operations;

/// <summary>y = a·b, element by element; ∂y/∂a = b, ∂y/∂b = a.</summary>
internal sealed class Multiply : Binary<Multiply.Rule>
{
    public static readonly Multiply Instance = new();

    internal readonly struct Rule : IBinaryRule
    {
        public static string Name => "Multiply";
        public static void Value(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> y) => TensorPrimitives.Multiply(a, b, y);
        public static void Value(ReadOnlySpan<float> a, float b, Span<float> y) => TensorPrimitives.Multiply(a, b, y);
        public static void Value(float a, ReadOnlySpan<float> b, Span<float> y) => TensorPrimitives.Multiply(b, a, y);

        public static ReadOnlySpan<float> LeftDerivative(ReadOnlySpan<float> g, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> d)
        {
            TensorPrimitives.Multiply(g, b, d);
            return d;
        }

        public static ReadOnlySpan<float> RightDerivative(ReadOnlySpan<float> g, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> d)
        {
            TensorPrimitives.Multiply(g, a, d);
            return d;
        }
    }
}
