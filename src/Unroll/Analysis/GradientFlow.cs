using System.Numerics.Tensors;
using Unroll.Equations;
using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Analysis;

/// <summary>How much of a change survives the way through time: the Jacobians of a recurrent layer's last state, their spectral norms, at every distance back from the last
/// step. Exact: the cell's equations and their derivative in double precision. Bengio, Simard &amp; Frasconi 1994; Pascanu, Mikolov &amp; Bengio 2013.</summary>
/// <param name="Length">T, the steps.</param>
/// <param name="Hidden">The name of the state h that the layer gives out and the loss reads.</param>
/// <param name="States">Each state of the cell on its own.</param>
/// <param name="Whole">All states together.</param>
/// <param name="Input">‖∂h_T/∂x_t‖₂ at the distances T − t = 0 … T − 1.</param>
/// <param name="Gates">The cell's named gates; none where it has none.</param>
/// <param name="ParameterNorm">The norm of the gradient of all parameters together, which clipping by global norm looks at.</param>
public sealed record GradientFlow(
    int Length, string Hidden, IReadOnlyList<StateFlow> States, StateFlow Whole, IReadOnlyList<double> Input, IReadOnlyList<GateOpening> Gates, double ParameterNorm)
{
    /// <summary>Measures a layer on one sequence, from a state of zeros. The loss is L = rᵀ h_T with a random r of length 1, so that ‖∂L/∂h_T‖ = 1.</summary>
    /// <param name="layer">The layer, with its weights as they are; of several layers and directions the first.</param>
    /// <param name="input">x, [time, input size of the layer].</param>
    /// <param name="seed">The seed of r.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="ShapeException">The input is empty or does not fill whole steps.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static GradientFlow Measure(Recurrent layer, ReadOnlySpan<float> input, ulong seed = 1, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(layer);
        int features = layer.InputSize;
        if (input.IsEmpty || input.Length % features != 0)
            throw new ShapeException($"GradientFlow: {input.Length} numbers of input; give [time, {features}], at least one step of {features}.");
        var x = new double[input.Length / features][];
        for (int t = 0; t < x.Length; t++) x[t] = [.. input.Slice(t * features, features).ToArray().Select(value => (double)value)];
        var evaluator = layer.Executor(0).NewEvaluator();
        var cell = evaluator.Cell;

        double[][] Zeros(int rows) => [.. cell.States.Select(state => new double[rows * state.Previous.Size])];
        evaluator.Forward(x, 1, Zeros(1), [x.Length]);
        var gates = cell.Named.Where(equation => equation.Value.Operation == ElementwiseOperation.Sigmoid)
            .Select(equation => new GateOpening(equation.Name, [.. Enumerable.Range(0, x.Length).Select(t => evaluator.ValueOf(equation.Value, t).Average())])).ToArray();

        // Only h is read, so of the states that are handed on it alone has a gradient of its own.
        int hidden = Math.Max(0, cell.States.ToList().FindIndex(state => state.Next == cell.OutputValue));
        var random = new RandomState(seed).Fork("read-out");
        double[] readOut = [.. Enumerable.Range(0, cell.States[hidden].Previous.Size).Select(_ => random.NextGaussian())];
        TensorPrimitives.Divide(readOut, TensorPrimitives.Norm<double>(readOut), readOut);
        var last = Zeros(1);
        last[hidden] = readOut;
        var (_, _, gradients) = evaluator.Backward([.. x.Select(_ => new double[cell.OutputValue!.Size])], last);

        var product = new JacobianProduct(cell, hidden, readOut, x.Length);
        for (int t = x.Length - 1; t >= 0; t--)
        {
            cancellation.ThrowIfCancellationRequested();
            product.StepBack(evaluator, t);
        }
        return new GradientFlow(x.Length, cell.States[hidden].Name, product.States, product.Whole, product.Input, gates, Math.Sqrt(gradients.Sum(g => TensorPrimitives.SumOfSquares<double>(g))));
    }
}

/// <summary>One state on its way back through time, at the distances T − t = 0 … T.</summary>
/// <param name="Name">The state's letter in the equations.</param>
/// <param name="Jacobian">‖∂s_T/∂s_t‖₂, the most that a change of the state can grow, or the least that it can shrink, from step t to the last. Other states at step t are held.</param>
/// <param name="Loss">‖∂L/∂s_t‖, what reaches it of the gradient of a loss on the last step.</param>
public sealed record StateFlow(string Name, IReadOnlyList<double> Jacobian, IReadOnlyList<double> Loss);

/// <summary>How open a gate is.</summary>
/// <param name="Name">Its letter in the equations.</param>
/// <param name="Mean">The mean over its units at each step, the first step first: 0 is shut, 1 is open.</param>
public sealed record GateOpening(string Name, IReadOnlyList<double> Mean);
