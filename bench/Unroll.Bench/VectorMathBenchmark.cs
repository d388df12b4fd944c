using System.Numerics.Tensors;
using BenchmarkDotNet.Attributes;
using Unroll.Kernels;

namespace Unroll.Bench;

/// <summary>Vector functions on 4096 numbers in the first-level cache, per number, beside System.Numerics.Tensors.</summary>
public class VectorMathBenchmark
{
    private const int Count = 4096;
    private readonly float[] _x = new float[Count], _y = new float[Count];

    /// <summary>Fills the operand with numbers an activation sees.</summary>
    [GlobalSetup]
    public void Setup()
    {
        ThreadTeam.Threads = 1;
        var random = new Random(1);
        for (var i = 0; i < Count; i++) _x[i] = 0.01f + 4 * random.NextSingle();
    }

    [Benchmark(OperationsPerInvoke = Count)] public void Exp() => VectorMath.Exp(_x, _y);
    [Benchmark(OperationsPerInvoke = Count)] public void Log() => VectorMath.Log(_x, _y);
    [Benchmark(OperationsPerInvoke = Count)] public void Tanh() => VectorMath.Tanh(_x, _y);
    [Benchmark(OperationsPerInvoke = Count)] public void Sigmoid() => VectorMath.Sigmoid(_x, _y);
    [Benchmark(OperationsPerInvoke = Count)] public void Softplus() => VectorMath.Softplus(_x, _y);
    [Benchmark(OperationsPerInvoke = Count)] public void Softmax() => VectorMath.Softmax(_x, _y, Count / 64, 64);
    [Benchmark(OperationsPerInvoke = Count)] public double SumOfSquares() => VectorMath.SumOfSquares(_x);
    [Benchmark(OperationsPerInvoke = Count)] public void TensorPrimitivesExp() => TensorPrimitives.Exp(_x, _y);
    [Benchmark(OperationsPerInvoke = Count)] public void TensorPrimitivesTanh() => TensorPrimitives.Tanh(_x, _y);
    [Benchmark(OperationsPerInvoke = Count)] public void TensorPrimitivesSigmoid() => TensorPrimitives.Sigmoid(_x, _y);
}
