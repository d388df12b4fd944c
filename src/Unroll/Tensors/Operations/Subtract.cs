using System.Numerics.Tensors;

namespace Unroll.Tensors.Operations;

/// <summary>y = a − b; ∂y/∂a = 1, ∂y/∂b = −1.</summary>
internal sealed class Subtract : Binary<Subtract.Rule>
{
    public static readonly Subtract Instance = new();

    internal readonly struct Rule : IBinaryRule
    {
        public static string Name => "Subtract";
        public static void Value(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> y) => TensorPrimitives.Subtract(a, b, y);
        public static void Value(ReadOnlySpan<float> a, float b, Span<float> y) => TensorPrimitives.Subtract(a, b, y);
        public static void Value(float a, ReadOnlySpan<float> b, Span<float> y) => TensorPrimitives.Subtract(a, b, y);

        public static ReadOnlySpan<float> LeftDerivative(ReadOnlySpan<float> g, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> d) => g;

        public static ReadOnlySpan<float> RightDerivative(ReadOnlySpan<float> g, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> d)
        {
            TensorPrimitives.Negate(g, d);
            return d;
        }
    }
}
