using System.Numerics.Tensors;
using Unroll.Cells;
using Unroll.Equations;
using Unroll.Kernels;
using Unroll.Tensors;

namespace Unroll.Layers;

/// <summary>Runs a cell at given sizes over whole sequences, forward and backward, on the kernels. Holds the plans, the packed weights and
/// workspaces to use again.</summary>
internal sealed class CellExecutor
{
    private readonly Stack<CellWorkspace> idle = [];
    private readonly (CellPlan Plan, CellWeights Weights)?[] plans = new (CellPlan, CellWeights)?[4];
    private readonly Cell cell;
    // What the noisy plans read: the parameters, but for recurrent matrices with weights dropped, which have copies of their own.
    private readonly Parameter[] noisyParameters;

    /// <param name="cell">The cell.</param>
    /// <param name="inputSize">Features of the input.</param>
    /// <param name="hiddenSize">The hidden size.</param>
    /// <param name="parameters">One for each stored parameter of the cell's equations.</param>
    /// <param name="lanes">Numbers in a vector; the processor's if 0.</param>
    /// <param name="noise">The noise around the cell while it trains.</param>
    public CellExecutor(Cell cell, int inputSize, int hiddenSize, Parameter[] parameters, int lanes = 0, RecurrentRegularization? noise = null)
    {
        Noise = noise ?? new RecurrentRegularization();
        (this.cell, InputSize, HiddenSize, Parameters, Lanes) = (cell, inputSize, hiddenSize, parameters, lanes == 0 ? Simd.Lanes : lanes);
        Equations = cell.Build(inputSize, hiddenSize, Noise.ToStates(isDrawn: false));
        IsRecurrent = [.. parameters.Select((_, i) => Equations.Nodes.Any(e => e.Terms.Any(term => term.Matrix.Store.Index == i && term.Vector.IsRecurrent)))];
        noisyParameters = Noise.WeightDrop == 0 ? parameters
            : [.. parameters.Select((own, i) => IsRecurrent[i] ? new Parameter(own.Name, own.Shape, own.Kind, own.Initializer) : own)];
    }

    public CellEquations Equations { get; }
    public Parameter[] Parameters { get; }
    public int InputSize { get; }
    public int HiddenSize { get; }
    public int Lanes { get; }
    /// <summary>Floats of the sums that are worked on together.</summary>
    internal int WindowFloats { get; init; } = CellSchedule.CachedFloats;

    /// <summary>Whether all of a step is computed before the next begins.</summary>
    internal bool StepByStep { get; init; }

    /// <summary>How inference stores the weights.</summary>
    internal PanelFormat Format { get; set; }

    /// <summary>The noise around the cell while it trains.</summary>
    internal RecurrentRegularization Noise { get; }

    /// <summary>The plan for training, or for inference, which keeps less.</summary>
    public CellPlan Plan(bool training, bool noisy = false) => Planned(training, noisy).Plan;

    /// <summary>Bytes that a pass over a batch takes, beside input, output and weights.</summary>
    public long WorkingBytes(int batch, int time, bool training, bool recompute)
    {
        var plan = Plan(training, noisy: training && Noise.IsWithinSteps);
        var sequences = new SequenceOrder();
        sequences.Sort(batch, time, [], false);
        return CellSchedule.Choose(plan, sequences, training, recompute, ThreadTeam.Available, WindowFloats).Bytes(plan, sequences);
    }

    /// <summary>A workspace for one pass over a batch; its <see cref="CellWorkspace.Release"/> gives it back.</summary>
    public CellWorkspace Rent()
    {
        lock (idle)
            if (idle.TryPop(out var workspace)) return workspace;
        return new CellWorkspace(this);
    }

    internal void Return(CellWorkspace workspace)
    {
        lock (idle) idle.Push(workspace);
    }

    /// <summary>For each parameter whether it holds recurrent matrices: those that multiply something made of a state.</summary>
    internal bool[] IsRecurrent { get; }

    /// <summary>The layer and direction it runs, as in the names of the parameters: <c>rnn_l0</c>.</summary>
    internal string LayerName
    {
        get
        {
            string parameter = Parameters[0].Name, layer = parameter[parameter.LastIndexOf("_l", StringComparison.Ordinal)..];
            int path = parameter.LastIndexOf('.');
            return path < 0 ? layer[1..] : parameter[..path] + layer;
        }
    }

    /// <summary>The reference of what it computes now in evaluation: the equations in double precision, with the parameters' values.</summary>
    internal CellEvaluator NewEvaluator()
    {
        var evaluator = new CellEvaluator(cell.Build(InputSize, HiddenSize, Noise.ToStates(isDrawn: false)));
        for (int p = 0; p < Parameters.Length; p++) TensorPrimitives.ConvertTruncating<float, double>(Parameters[p].Values, evaluator.Parameters[p]);
        return evaluator;
    }

    /// <summary>Which call's recurrent matrices, with weights dropped, lie packed; <see cref="Drop"/> lays another's there.</summary>
    internal object? DroppedFor { get; set; }

    /// <summary>Takes the values of a recurrent matrix with weights dropped, for the next <see cref="Planned"/> with noise to pack.</summary>
    internal void Drop(int parameter, ReadOnlySpan<float> values)
    {
        values.CopyTo(noisyParameters[parameter].Values);
        noisyParameters[parameter].Changed();
    }

    /// <summary>The plan with its weights packed as they are now.</summary>
    /// <param name="training">Whether a backward pass follows.</param>
    /// <param name="noisy">Whether the noise within the steps acts: dropout on states, zoneout and weight drop.</param>
    internal (CellPlan Plan, CellWeights Weights) Planned(bool training, bool noisy = false)
    {
        lock (plans)
        {
            ref var slot = ref plans[IndexOf(training, noisy)];
            if (slot is null)
            {
                var plan = new CellPlan(cell.Build(InputSize, HiddenSize, Noise.ToStates(noisy)), training, StepByStep);
                slot = (plan, new CellWeights(plan, noisy ? noisyParameters : Parameters, Lanes));
            }
            if (!training) slot.Value.Weights.Store(Format);
            slot.Value.Weights.Refresh();
            return slot.Value;
        }
    }

    /// <summary>The number of one of the four plans.</summary>
    private static int IndexOf(bool training, bool noisy) => (training ? 1 : 0) + (noisy ? 2 : 0);
}
