using System.Numerics.Tensors;
using Unroll.Kernels;

namespace Unroll.Tensors.Operations;

/// <summary>y = eˣ; y′ = y.</summary>
internal sealed class Exp : Unary<Exp.Rule>
{
    public static readonly Exp Instance = new();

    internal readonly struct Rule : IUnaryRule
    {
        public static string Name => "Exp";

        public static void Value(ReadOnlySpan<float> x, Span<float> y) => VectorMath.Exp(x, y);

        public static void Derivative(ReadOnlySpan<float> g, ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> d) => TensorPrimitives.Multiply(g, y, d);
    }
}
