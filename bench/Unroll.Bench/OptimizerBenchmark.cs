using BenchmarkDotNet.Attributes;
using Unroll.Kernels;
using Unroll.Layers;
using Unroll.Optimizers;
using Unroll.Tensors;

namespace Unroll.Bench;

/// <summary>An Adam step with clipping by global norm over four million numbers, in one parameter or in many: the optimizer's two passes over all parameters
/// beside norm, update and clearing of one parameter after the other.</summary>
public class OptimizerBenchmark
{
    private const int Count = 1 << 22;

    private readonly Adam _adam = new(new AdamOptions());
    private readonly Clipping _clipping = Clipping.GlobalNorm(5);
    private Model _model = null!;
    private float[][] _first = [], _second = [];

    [Params(1, 16, 4096)]
    public int Parameters { get; set; }

    [Params(1, 2)]
    public int Threads { get; set; }

    [GlobalSetup]
    public void Prepare()
    {
        Parallelism.Threads = Threads;
        _model = new Model(Parameters);
        _model.Initialize(new RandomState(1));
        (_first, _second) = ([.. _model.Parameters.Select(p => new float[p.Shape.Count])], [.. _model.Parameters.Select(p => new float[p.Shape.Count])]);
    }

    [Benchmark(Baseline = true)]
    public void OneAfterTheOther()
    {
        double squares = 0;
        foreach (Parameter parameter in _model.Parameters) squares += VectorMath.SumOfSquares(parameter.Gradient);
        float scale = (float)Math.Min(1, 5 / (Math.Sqrt(squares) + 1e-6));
        for (int i = 0; i < Parameters; i++)
            OptimizerKernels.Adam(_model.Parameters[i].Values, _model.Parameters[i].Gradient, _first[i], _second[i], scale, 10);
        _model.ClearGradients();
    }

    [Benchmark]
    public double TwoPasses() => _adam.Step(_model.Parameters, 1e-3f, _clipping);

    private sealed class Model : Module
    {
        public Model(int parameters)
        {
            for (int i = 0; i < parameters; i++) Add($"p{i}", [Count / parameters], ParameterKind.Weight, Initializer.Normal(1));
        }
    }
}
