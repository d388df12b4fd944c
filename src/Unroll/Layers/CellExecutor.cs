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
    private readonly (CellPlan Plan, CellWeights Weights)?[] plans = new (CellPlan, CellWeights)?[2];
    private readonly Cell cell;

    /// <param name="cell">The cell.</param>
    /// <param name="inputSize">Features of the input.</param>
    /// <param name="hiddenSize">The hidden size.</param>
    /// <param name="parameters">One for each stored parameter of the cell's equations.</param>
    /// <param name="lanes">Numbers in a vector; the processor's if 0.</param>
    public CellExecutor(Cell cell, int inputSize, int hiddenSize, Parameter[] parameters, int lanes = 0)
    {
        (this.cell, InputSize, HiddenSize, Parameters, Lanes) = (cell, inputSize, hiddenSize, parameters, lanes == 0 ? Simd.Lanes : lanes);
        Equations = cell.Build(inputSize, hiddenSize);
    }

    public CellEquations Equations { get; }
    public Parameter[] Parameters { get; }
    public int InputSize { get; }
    public int HiddenSize { get; }
    public int Lanes { get; }
    /// <summary>Floats of the sums that are worked on together.</summary>
    internal int WindowFloats { get; init; } = CellSchedule.CachedFloats;

    /// <summary>How inference stores the weights.</summary>
    internal PanelFormat Format { get; set; }

    /// <summary>The plan for training, or for inference, which keeps less.</summary>
    public CellPlan Plan(bool training) => Planned(training).Plan;

    /// <summary>Bytes that a pass over a batch takes, beside input, output and weights.</summary>
    public long WorkingBytes(int batch, int time, bool training, bool recompute)
    {
        var plan = Plan(training);
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

    /// <summary>The plan with its weights packed as they are now.</summary>
    internal (CellPlan Plan, CellWeights Weights) Planned(bool training)
    {
        lock (plans)
        {
            ref var slot = ref plans[training ? 1 : 0];
            if (slot is null)
            {
                var plan = new CellPlan(cell.Build(InputSize, HiddenSize), training);
                slot = (plan, new CellWeights(plan, Parameters, Lanes));
            }
            if (!training) slot.Value.Weights.Store(Format);
            slot.Value.Weights.Refresh();
            return slot.Value;
        }
    }
}
