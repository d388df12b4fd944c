using System.Numerics.Tensors;

namespace Unroll.Equations;

/// <summary>The reference: runs a cell's equations and their derivative in double precision, one number at a time, in the order they are
/// written. Slow and obvious on purpose; every fast path is tested against it.</summary>
internal sealed class CellEvaluator
{
    private readonly CellEquations cell;
    private readonly CellDerivative derivative;
    private readonly int forwardNodes;
    private int batch, steps;
    private int[] lengths = [];
    private double[][]? input;
    private double[][][] values = [];
    private double[][] lastStates = [];

    public CellEvaluator(CellEquations cell)
    {
        this.cell = cell;
        forwardNodes = cell.Nodes.Count;
        derivative = new CellDerivative(cell);
        Parameters = [.. cell.Stores.Select(store => new double[store.Count])];
    }

    /// <summary>One array for each stored parameter, row-major.</summary>
    public double[][] Parameters { get; }

    /// <summary>The equations.</summary>
    public CellEquations Cell => cell;

    /// <summary>What a mask is for a sequence at a step; needed where the equations have masks.</summary>
    public Func<StepMask, int, int, double[]>? Mask { get; set; }

    /// <summary>Runs all steps.</summary>
    /// <param name="x">One array for each step: [batch, input].</param>
    /// <param name="batch">Sequences.</param>
    /// <param name="initial">One array for each state: [batch, size].</param>
    /// <param name="lengths">Steps of each sequence; the rest of x is not read.</param>
    /// <returns>Outputs, one array for each step ([batch, size], zero beyond a sequence's length), and the final states.</returns>
    public (double[][] Output, double[][] Final) Forward(double[][] x, int batch, double[][] initial, int[] lengths)
    {
        (this.batch, this.lengths, input, steps) = (batch, lengths, x, x.Length);
        int outputSize = cell.OutputValue!.Size;
        var output = new double[steps][];
        lastStates = [.. initial.Select(state => (double[])state.Clone())];
        values = new double[steps][][];
        for (int t = 0; t < steps; t++)
        {
            output[t] = new double[batch * outputSize];
            values[t] = new double[batch * forwardNodes][];
            for (int row = 0; row < batch; row++)
            {
                if (t >= lengths[row]) continue;
                var memo = values[t].AsSpan(row * forwardNodes, forwardNodes);
                for (int id = 0; id < forwardNodes; id++) memo[id] = Value(cell.Nodes[id], memo, t, row, lastStates, [], []);
                memo[cell.OutputValue.Id].CopyTo(output[t], row * outputSize);
                for (int s = 0; s < cell.States.Count; s++)
                {
                    var next = memo[cell.States[s].Next!.Id];
                    next.CopyTo(lastStates[s], row * next.Length);
                }
            }
        }
        return (output, lastStates);
    }

    /// <summary>Runs the derivative from the last step to the first, after <see cref="Forward"/>.</summary>
    /// <param name="outputGradient">∂L/∂output, shaped as the output.</param>
    /// <param name="finalGradient">∂L/∂(final states), shaped as they are.</param>
    /// <returns>∂L/∂x, ∂L/∂(initial states), ∂L/∂parameters.</returns>
    public (double[][] Input, double[][] Initial, double[][] Parameters) Backward(double[][] outputGradient, double[][] finalGradient)
    {
        var inputGradient = input!.Select(step => new double[step.Length]).ToArray();
        var adjoints = finalGradient.Select(state => (double[])state.Clone()).ToArray();
        var gradients = Parameters.Select(p => new double[p.Length]).ToArray();
        for (int t = steps - 1; t >= 0; t--)
        {
            for (int row = 0; row < batch; row++)
            {
                if (t >= lengths[row]) continue;
                var memo = Derived(t, row, row, adjoints, outputGradient[t]);
                foreach (var (affine, adjoint) in derivative.Affines)
                {
                    foreach (var term in affine.Terms)
                    {
                        var (rows, columns) = term.Transposed ? (term.Vector, adjoint) : (adjoint, term.Vector);
                        AddOuter(gradients[term.Matrix.Store.Index], term.Matrix, memo[rows.Id], memo[columns.Id]);
                    }
                    if (affine.Vector is not null) AddVector(gradients, affine.Vector, memo[adjoint.Id]);
                }
                foreach (var (vector, adjoint) in derivative.Vectors) AddVector(gradients, vector, memo[adjoint.Id]);
                CarryBack(memo, row, adjoints, inputGradient[t]);
            }
        }
        return (inputGradient, adjoints, gradients);
    }

    /// <summary>What an expression of the equations was at a step of a sequence, after <see cref="Forward"/>.</summary>
    public double[] ValueOf(Expression expression, int t, int row = 0) => values[t][row * forwardNodes + expression.Id];

    /// <summary>Carries any number of adjoints one step back at the values of one sequence, after <see cref="Forward"/> of a batch of 1: rows of the step's Jacobians.</summary>
    /// <param name="t">The step.</param>
    /// <param name="rows">How many.</param>
    /// <param name="adjoints">∂/∂(states after the step), one array for each state: [rows, size]. Becomes ∂/∂(states before it).</param>
    /// <param name="input">Receives ∂/∂x of the step: [rows, input].</param>
    public void StepBack(int t, int rows, double[][] adjoints, double[] input)
    {
        var none = new double[rows * cell.OutputValue!.Size];
        for (int row = 0; row < rows; row++) CarryBack(Derived(t, 0, row, adjoints, none), row, adjoints, input);
    }

    /// <summary>The values of all nodes, the derivative's too, at a step: the equations' of one row, the adjoints of another.</summary>
    private double[][] Derived(int t, int row, int adjointRow, double[][] adjoints, double[] outputGradient)
    {
        var memo = new double[cell.Nodes.Count][];
        values[t].AsSpan(row * forwardNodes, forwardNodes).CopyTo(memo);
        for (int id = forwardNodes; id < memo.Length; id++) memo[id] = Value(cell.Nodes[id], memo, t, adjointRow, [], adjoints, outputGradient);
        return memo;
    }

    private void CarryBack(double[][] memo, int row, double[][] adjoints, double[] inputGradient)
    {
        if (derivative.Input is not null) memo[derivative.Input.Id].CopyTo(inputGradient, row * cell.InputSize);
        for (int s = 0; s < adjoints.Length; s++)
        {
            var previous = derivative.PreviousStates[s];
            int size = cell.States[s].Previous.Size;
            if (previous is null) Array.Clear(adjoints[s], row * size, size);
            else memo[previous.Id].CopyTo(adjoints[s], row * size);
        }
    }

    private double[] Value(Expression e, ReadOnlySpan<double[]> memo, int t, int row, double[][] states, double[][] adjoints, double[] outputGradient)
    {
        switch (e.Kind)
        {
            case ExpressionKind.Constant: return [e.Value];
            case ExpressionKind.Input: return Row(input![t], row, e.Size);
            case ExpressionKind.State: return Row(states[e.StateIndex], row, e.Size);
            case ExpressionKind.Mask: return Mask!(cell.Masks.Find(mask => mask.Value == e)!, row, t);
            case ExpressionKind.Vector: return Parameters[e.Vector!.Store.Index][e.Vector.First..(e.Vector.First + e.Vector.Size)];
            case ExpressionKind.StateAdjoint: return Row(adjoints[e.StateIndex], row, e.Size);
            case ExpressionKind.OutputAdjoint: return Row(outputGradient, row, e.Size);
            case ExpressionKind.Elementwise:
                var (a, b) = (memo[e.A!.Id], e.B is null ? null : memo[e.B.Id]);
                var y = new double[Math.Max(e.Size, 1)];
                for (int i = 0; i < y.Length; i++) y[i] = e.Operation!.Value(a[a.Length == 1 ? 0 : i], b is null ? 0 : b[b.Length == 1 ? 0 : i]);
                return y;
            case ExpressionKind.Mean:
                var mean = new double[e.Size];
                Array.Fill(mean, memo[e.A!.Id].Average());
                return mean;
            case ExpressionKind.Affine: return Affine(e, memo);
            default: throw new InvalidOperationException($"{e.Kind} has no value.");
        }
    }

    private double[] Affine(Expression e, ReadOnlySpan<double[]> memo)
    {
        var sum = new double[e.Size];
        for (int i = 0; i < sum.Length; i++)
        {
            if (e.Vector is not null) sum[i] = Parameters[e.Vector.Store.Index][e.Vector.First + i];
            if (e.A is not null) sum[i] += memo[e.A.Id][i];
        }
        foreach (var term in e.Terms)
        {
            var v = memo[term.Vector.Id];
            for (int r = 0; r < term.Matrix.Rows; r++)
            {
                var weights = Parameters[term.Matrix.Store.Index].AsSpan((term.Matrix.FirstRow + r) * term.Matrix.Columns, term.Matrix.Columns);
                if (term.Transposed) TensorPrimitives.MultiplyAdd(weights, v[r], sum, sum);
                else for (int j = 0; j < v.Length; j++) sum[r] += weights[j] * v[j];
            }
        }
        return sum;
    }

    private static void AddOuter(double[] gradient, MatrixParameter matrix, double[] left, double[] right)
    {
        for (int r = 0; r < matrix.Rows; r++)
            for (int c = 0; c < matrix.Columns; c++) gradient[(matrix.FirstRow + r) * matrix.Columns + c] += left[r] * right[c];
    }

    private static void AddVector(double[][] gradients, VectorParameter vector, double[] adjoint)
    {
        for (int i = 0; i < vector.Size; i++) gradients[vector.Store.Index][vector.First + i] += adjoint[i];
    }

    private static double[] Row(double[] matrix, int row, int size) => matrix[(row * size)..((row + 1) * size)];
}
