using System.Numerics.Tensors;
using Unroll.Kernels;

namespace Unroll.Tensors.Operations;

/// <summary>y = ln x; y′ = 1/x.</summary>
internal sealed class Log : Unary<Log.Rule>
{
    public static readonly Log Instance = new();

    internal readonly struct Rule : IUnaryRule
    {
        public static string Name => "Log";

        public static void Value(ReadOnlySpan<float> x, Span<float> y) => VectorMath.Log(x, y);

        public static void Derivative(ReadOnlySpan<float> g, ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> d) => TensorPrimitives.Divide(g, x, d);
    }
}
