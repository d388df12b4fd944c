using System.Numerics.Tensors;
using Unroll.Equations;

namespace Unroll.Analysis;

/// <summary>∂s_T/∂s_t on its way from t = T to t = 0, and its norms at every distance. A row for each unit of the last states, which the backward pass carries from step to
/// step; columns by state.</summary>
internal sealed class JacobianProduct
{
    private readonly CellEquations cell;
    private readonly int hidden, units;
    private readonly int[] first;
    private readonly double[] readOut, ofInput, together;
    private readonly double[][] rows;
    private readonly double[][] jacobian, loss;
    private readonly double[] input;
    private int distance;

    /// <param name="cell">The equations.</param>
    /// <param name="hidden">Which state the loss reads.</param>
    /// <param name="readOut">With what weights.</param>
    /// <param name="steps">T.</param>
    public JacobianProduct(CellEquations cell, int hidden, double[] readOut, int steps)
    {
        (this.cell, this.hidden, this.readOut) = (cell, hidden, readOut);
        first = new int[cell.States.Count];
        for (int s = 0; s < first.Length; s++)
        {
            first[s] = units;
            units += SizeOf(s);
        }
        rows = [.. cell.States.Select(state => new double[units * state.Previous.Size])];
        for (int s = 0; s < first.Length; s++)
            for (int i = 0; i < SizeOf(s); i++) rows[s][(first[s] + i) * SizeOf(s) + i] = 1;
        (ofInput, together) = (new double[units * cell.InputSize], new double[units * units]);
        jacobian = [.. Enumerable.Range(0, first.Length + 1).Select(_ => new double[steps + 1])];
        loss = [.. Enumerable.Range(0, first.Length + 1).Select(_ => new double[steps + 1])];
        input = new double[steps];
        Measure();
    }

    public IReadOnlyList<StateFlow> States => [.. cell.States.Select((state, s) => new StateFlow(state.Name, jacobian[s], loss[s]))];
    public StateFlow Whole => new("s", jacobian[^1], loss[^1]);
    public IReadOnlyList<double> Input => input;

    /// <summary>From the states after a step to those before it.</summary>
    public void StepBack(CellEvaluator evaluator, int t)
    {
        evaluator.StepBack(t, units, rows, ofInput);
        input[distance++] = SpectralNorm.Of(ofInput.AsSpan(first[hidden] * cell.InputSize, SizeOf(hidden) * cell.InputSize), SizeOf(hidden), cell.InputSize);
        Measure();
    }

    private int SizeOf(int state) => cell.States[state].Previous.Size;

    private void Measure()
    {
        double sum = 0;
        for (int s = 0; s < first.Length; s++)
        {
            int size = SizeOf(s);
            jacobian[s][distance] = SpectralNorm.Of(rows[s].AsSpan(first[s] * size, size * size), size, size);
            var gradient = new double[size];
            for (int i = 0; i < readOut.Length; i++) TensorPrimitives.MultiplyAdd(rows[s].AsSpan((first[hidden] + i) * size, size), readOut[i], gradient, gradient);
            loss[s][distance] = TensorPrimitives.Norm<double>(gradient);
            sum = double.Hypot(sum, loss[s][distance]);
            for (int i = 0; i < units; i++) rows[s].AsSpan(i * size, size).CopyTo(together.AsSpan(i * units + first[s]));
        }
        loss[^1][distance] = sum;
        jacobian[^1][distance] = first.Length == 1 ? jacobian[0][distance] : SpectralNorm.Of(together, units, units);
    }
}
