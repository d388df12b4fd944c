using Unroll.Equations;
using Unroll.Kernels;

namespace Unroll.Layers;

/// <summary>One pass of a cell over a batch of sequences: the memory of every step, and the work of the thread team on it. Rows are sorted by
/// length, longest first, so that the sequences still running at a step are its first rows and no step needs a mask.</summary>
internal sealed class CellWorkspace
{
    private readonly CellExecutor executor;
    private readonly Work work;
    private readonly TeamBarrier everyone = new(1);
    private TeamBarrier[] barriers = [];
    private readonly SequenceOrder sequences = new();
    private CellPlan plan = null!;
    private StepFrame frame = null!;
    private Buffer<float>[] buffers = [];
    private readonly Dictionary<CellPlan, StepFrame> frames = [];
    private readonly StepMatrix[] checkpoints;
    private readonly Buffer<float>?[] checkpointBuffers;
    private Buffer<float>? sums;
    private int[] rowBounds = [];
    private CellSchedule schedule;
    private bool training, isBound, wantsInputGradient, addInputGradient;
    private ulong maskKey;
    private Phase phase;
    private int round;

    // What the team's parts read and write, row-major.
    private readonly PinnedSpans spans;
    private int outputStride, outputOffset;
    private PinnedSpans gradients = new(0);

    private enum Phase { Forward, Backward, Gradients }

    public CellWorkspace(CellExecutor executor)
    {
        this.executor = executor;
        work = new Work(this);
        int states = executor.Equations.States.Count;
        spans = new PinnedSpans(4 + 4 * states);
        checkpoints = [.. Enumerable.Range(0, states).Select(_ => new StepMatrix())];
        checkpointBuffers = new Buffer<float>?[states];
    }

    private const int X = 0, Y = 1, GradientY = 2, GradientX = 3;
    private static int Initial(int state) => 4 + 4 * state;
    private static int Final(int state) => 5 + 4 * state;
    private static int GradientFinal(int state) => 6 + 4 * state;
    private static int GradientInitial(int state) => 7 + 4 * state;

    /// <summary>Prepares for a batch.</summary>
    /// <param name="forTraining">Whether a backward pass follows.</param>
    /// <param name="batch">Sequences.</param>
    /// <param name="time">Positions of each in x, used or not.</param>
    /// <param name="lengths">Steps of each sequence; empty if all have <paramref name="time"/>.</param>
    /// <param name="reversed">Whether time runs from each sequence's last position to its first.</param>
    /// <param name="recompute">Whether the backward pass computes the steps again instead of reading all of them from memory.</param>
    /// <param name="noise">The key of the random masks, where the noise within the steps acts.</param>
    public void Begin(bool forTraining, int batch, int time, ReadOnlySpan<int> lengths, bool reversed, bool recompute = false, ulong? noise = null)
    {
        (training, maskKey) = (forTraining, noise ?? 0);
        sequences.Sort(batch, time, lengths, reversed);
        (plan, var weights) = executor.Planned(training, noisy: noise is not null);
        if (!frames.TryGetValue(plan, out frame!))
            frames[plan] = frame = new StepFrame
            {
                Matrices = [.. plan.Matrices.Select(_ => new StepMatrix())],
                RowVectors = weights.RowVectors,
                Panels = weights.Panels,
            };
        schedule = CellSchedule.Choose(plan, sequences, training, recompute, ThreadTeam.Available, executor.WindowFloats);
        frame.Sequences = sequences;
        if (rowBounds.Length != schedule.RowParts + 1)
        {
            rowBounds = new int[schedule.RowParts + 1];
            barriers = [.. Enumerable.Range(0, schedule.RowParts).Select(_ => new TeamBarrier(1))];
        }
        sequences.Split(rowBounds);
        frame.Extent = schedule.Extent(batch, rowBounds);
        if (buffers.Length != plan.Matrices.Count) buffers = new Buffer<float>[plan.Matrices.Count];
        isBound = true;
        for (int i = 0; i < buffers.Length; i++)
        {
            var spec = plan.Matrices[i];
            buffers[i] = BufferPool.Rent(StepMatrix.Length(spec.Storage, spec.Blocks, frame.Extent));
            frame.Matrices[i].Bind(buffers[i], spec.Storage, spec.Blocks, frame.Extent);
        }
        for (int s = 0; training && schedule.Segments > 1 && s < checkpoints.Length; s++)
        {
            int blocks = plan.Matrices[plan.StateMatrices[s]].Blocks;
            var extent = schedule.Checkpoints(batch, rowBounds);
            var buffer = checkpointBuffers[s] = BufferPool.Rent(StepMatrix.Length(StepStorage.Time, blocks, extent));
            checkpoints[s].Bind(buffer, StepStorage.Time, blocks, extent);
        }
    }

    public void SetInput(ReadOnlySpan<float> x) => spans.Set(X, x);

    /// <summary>Where the output goes: [batch, time, stride], from an offset on.</summary>
    public void SetOutput(ReadOnlySpan<float> y, int stride, int offset)
    {
        spans.Set(Y, y);
        (outputStride, outputOffset) = (stride, offset);
    }

    public void SetInitial(int state, ReadOnlySpan<float> values) => spans.Set(Initial(state), values);
    public void SetFinal(int state, ReadOnlySpan<float> values) => spans.Set(Final(state), values);
    public void SetOutputGradient(ReadOnlySpan<float> values) => spans.Set(GradientY, values);
    public void SetFinalGradient(int state, ReadOnlySpan<float> values) => spans.Set(GradientFinal(state), values);
    public void SetInitialGradient(int state, Span<float> values) => spans.Set(GradientInitial(state), values);

    /// <summary>Runs all steps.</summary>
    public void Forward() => Run(Phase.Forward);

    /// <summary>Runs all steps backwards and adds to the gradients.</summary>
    /// <param name="parameterGradients">One span for each stored parameter; those not set are not wanted.</param>
    /// <param name="inputGradient">Where ∂L/∂x goes; empty if not wanted.</param>
    /// <param name="add">Whether ∂L/∂x is added to what is there, or written over it.</param>
    public void Backward(PinnedSpans parameterGradients, Span<float> inputGradient, bool add = true)
    {
        gradients = parameterGradients;
        wantsInputGradient = !inputGradient.IsEmpty && plan.InputAdjointMatrix >= 0;
        addInputGradient = add;
        if (wantsInputGradient) spans.Set(GradientX, inputGradient);
        else if (!add) inputGradient.Clear();
        sums = BufferPool.Rent(plan.GradientSumFloats);
        Run(Phase.Backward);
        for (round = 0; round < plan.Gradients.Length && schedule.Segments == 1 && sequences.Steps > 0; round++) Run(Phase.Gradients);
        BufferPool.Return(sums);
        sums = null;
    }

    /// <summary>Bytes held since <see cref="Begin"/>.</summary>
    public long Bytes => sizeof(float) * (buffers.Sum(buffer => (long)buffer.Length) + checkpointBuffers.Sum(buffer => (long)(buffer?.Length ?? 0)));

    /// <summary>Gives back the memory, and itself to the executor.</summary>
    public void Release()
    {
        if (!isBound) return;
        isBound = false;
        foreach (var buffer in buffers) BufferPool.Return(buffer);
        Array.Clear(buffers);
        foreach (var buffer in checkpointBuffers)
            if (buffer is not null) BufferPool.Return(buffer);
        Array.Clear(checkpointBuffers);
        for (int i = 0; i < 4 + 4 * executor.Equations.States.Count; i++) spans.Clear(i);
        executor.Return(this);
    }

    private void Run(Phase next)
    {
        phase = next;
        everyone.Reset(schedule.Parts);
        foreach (var barrier in barriers) barrier.Reset(schedule.GroupParts);
        ThreadTeam.Run(work, schedule.Parts);
    }

    private void RunPart<T>(int part, int count) where T : struct, ILane<T>
    {
        switch (phase)
        {
            case Phase.Forward: ForwardPart<T>(part); break;
            case Phase.Backward: BackwardPart<T>(part, count); break;
            case Phase.Gradients: WeightGradients<T>(plan.Gradients[round], 0, sequences.Steps, part, count); break;
        }
    }

    private void WeightGradients<T>(GradientPass[] passes, int origin, int length, int part, int count) where T : struct, ILane<T>
    {
        int stripes = WeightGradient.Stripes(passes);
        WeightGradient.Run<T>(passes, frame, sums!, gradients, origin, length, stripes * part / count, stripes * (part + 1) / count);
    }

    /// <summary>A part's range of rows and its share of their feature groups.</summary>
    private StepRunner.Part PartOf(int origin, int part) =>
        new(origin, rowBounds[part / schedule.GroupParts], rowBounds[part / schedule.GroupParts + 1], part % schedule.GroupParts, schedule.GroupParts);

    /// <summary>The rows that a part moves in and out: those of its range, shared with the parts that share its groups.</summary>
    private (int First, int End) RowsOf(int part)
    {
        var whole = PartOf(0, part);
        int rows = whole.EndRow - whole.FirstRow;
        return (whole.FirstRow + rows * whole.Number / whole.Count, whole.FirstRow + rows * (whole.Number + 1) / whole.Count);
    }

    /// <summary>Where the parts that share a range of rows meet.</summary>
    private TeamBarrier BarrierOf(int part) => barriers[part / schedule.GroupParts];

    private void ForwardPart<T>(int part) where T : struct, ILane<T>
    {
        var (firstRow, endRow) = RowsOf(part);
        for (int s = 0; s < plan.StateMatrices.Length; s++)
            StepTransfer.LoadRows<T>(State(s), 0, spans.Span(Initial(s)), StateSize(s), sequences, firstRow, endRow);
        for (int segment = 0; segment < schedule.Segments; segment++)
        {
            int origin = segment * schedule.Segment, length = Math.Min(schedule.Segment, sequences.Steps - origin);
            for (int s = 0; s < plan.StateMatrices.Length; s++)
            {
                if (segment > 0) StepTransfer.CopyRows(State(s), schedule.Segment, State(s), 0, firstRow, Math.Min(endRow, sequences.Active[origin]));
                if (training && schedule.Segments > 1) StepTransfer.CopyRows(State(s), 0, checkpoints[s], segment, firstRow, endRow);
            }
            Steps<T>(origin, length, part, store: true);
            for (int s = 0; s < plan.StateMatrices.Length; s++)
                for (int row = firstRow; row < endRow; row++)
                {
                    int last = sequences.Lengths[row] - origin;
                    if (last <= length && (last > 0 || segment == 0))
                        StepTransfer.StoreRow<T>(State(s), last, row, spans.Span(Final(s)), StateSize(s), sequences, false);
                }
        }
        StepTransfer.ClearBeyond(spans.Span(Y)[outputOffset..], OutputSize, outputStride, sequences, firstRow, endRow);
    }

    /// <summary>Computes the steps of a segment, window by window.</summary>
    private void Steps<T>(int origin, int length, int part, bool store) where T : struct, ILane<T>
    {
        var mine = PartOf(origin, part);
        var (firstRow, endRow) = RowsOf(part);
        var meet = BarrierOf(part);
        for (int first = 0; first < length; first += schedule.Window)
        {
            var range = new StepRange(origin, first, Math.Min(first + schedule.Window, length), firstRow, endRow);
            StepTransfer.Load<T>(frame.Matrices[plan.InputMatrix], spans.Span(X), executor.InputSize, executor.InputSize, sequences, range);
            StateMasks.Fill(plan, frame, maskKey, range);
            meet.Wait();
            StepRunner.AllSteps<T>(plan.Prelude, frame, first, range.End, mine, meet);
            StepRunner.Loop<T>(plan.Loop, frame, first, range.End, StepOrder.Forward, mine, meet);
            meet.Wait();
            After<T>(plan.Epilogue, first, range.End, mine, meet);
            if (store) StepTransfer.Store<T>(frame.Matrices[plan.Output.Matrix], plan.Output, spans.Span(Y)[outputOffset..], OutputSize, outputStride, sequences, range, false);
        }
    }

    private void BackwardPart<T>(int part, int count) where T : struct, ILane<T>
    {
        var (firstRow, endRow) = RowsOf(part);
        for (int segment = schedule.Segments - 1; segment >= 0; segment--)
        {
            int origin = segment * schedule.Segment, length = Math.Min(schedule.Segment, sequences.Steps - origin);
            if (segment < schedule.Segments - 1)
            {
                // The last segment is in memory still; those before it are computed again.
                for (int s = 0; s < plan.StateMatrices.Length; s++)
                {
                    StepTransfer.CopyRows(checkpoints[s], segment, State(s), 0, firstRow, endRow);
                    if (IsWhole(s)) StepTransfer.CopyRows(StateAdjoint(s), 0, StateAdjoint(s), length, firstRow, Math.Min(endRow, sequences.Active[origin + length]));
                }
                Steps<T>(origin, length, part, store: false);
            }
            foreach (int matrix in plan.GatheredMatrices)
                if (length > 0) StepTransfer.Clear<T>(frame.Matrices[matrix], sequences, new StepRange(origin, 0, 1, firstRow, endRow));
            int windows = (length + schedule.Window - 1) / schedule.Window;
            for (int window = windows - 1; window >= 0; window--)
                BackwardWindow<T>(new StepRange(origin, window * schedule.Window, Math.Min((window + 1) * schedule.Window, length), firstRow, endRow), part);
            if (schedule.Segments == 1) continue;
            everyone.Wait();
            foreach (var passes in plan.Gradients)
            {
                WeightGradients<T>(passes, origin, length, part, count);
                everyone.Wait();
            }
        }
        if (wantsInputGradient && !addInputGradient) StepTransfer.ClearBeyond(spans.Span(GradientX), executor.InputSize, executor.InputSize, sequences, firstRow, endRow);
        for (int s = 0; s < plan.StateMatrices.Length; s++)
            for (int row = firstRow; row < endRow && spans.Has(GradientInitial(s)); row++)
            {
                if (sequences.Lengths[row] > 0) StepTransfer.StoreRow<T>(StateAdjoint(s), 0, row, spans.Span(GradientInitial(s)), StateSize(s), sequences, true);
                else if (spans.Has(GradientFinal(s)))
                {
                    var from = spans.Span(GradientFinal(s)).Slice(sequences.Order[row] * StateSize(s), StateSize(s));
                    var to = spans.Span(GradientInitial(s)).Slice(sequences.Order[row] * StateSize(s), StateSize(s));
                    for (int i = 0; i < to.Length; i++) to[i] += from[i];
                }
            }
    }

    private void BackwardWindow<T>(StepRange range, int part) where T : struct, ILane<T>
    {
        var mine = PartOf(range.Origin, part);
        var meet = BarrierOf(part);
        var outputAdjoint = frame.Matrices[plan.OutputAdjointMatrix];
        if (spans.Has(GradientY)) StepTransfer.Load<T>(outputAdjoint, spans.Span(GradientY)[outputOffset..], OutputSize, outputStride, sequences, range);
        else StepTransfer.Clear<T>(outputAdjoint, sequences, range);
        StateMasks.Fill(plan, frame, maskKey, range);
        if (plan.IsScan)
        {
            for (int s = 0; s < plan.StateMatrices.Length; s++)
                if (IsWhole(s)) LoadFinalGradients<T>(s, range);
            meet.Wait();
            After<T>(plan.BackwardPrelude, range.First, range.End, mine, meet);
        }
        int[] active = sequences.Active;
        for (int end = range.End, first; end > range.First; end = first)
        {
            // Rows whose sequence ends here join with the gradient of their final state.
            int last = range.Origin + end, rows = active[last - 1], joined = last == sequences.Steps ? 0 : active[last];
            for (first = end; first > range.First && active[range.Origin + first - 1] == rows;) first--;
            for (int s = 0; s < plan.StateMatrices.Length && joined < rows; s++)
                if (!IsWhole(s))
                    StepTransfer.LoadRows<T>(StateAdjoint(s), end, spans.Span(GradientFinal(s)), StateSize(s), sequences, Math.Max(joined, range.FirstRow), Math.Min(rows, range.EndRow));
            meet.Wait();
            StepRunner.Loop<T>(plan.BackwardLoop, frame, first, end, StepOrder.Backward, mine, meet);
            meet.Wait();
        }
        After<T>(plan.BackwardEpilogue, range.First, range.End, mine, meet);
        if (!wantsInputGradient) return;
        StepRunner.AllSteps<T>(plan.Postlude, frame, range.First, range.End, mine, meet);
        meet.Wait();
        StepTransfer.Store<T>(frame.Matrices[plan.InputAdjointMatrix], default, spans.Span(GradientX), executor.InputSize, executor.InputSize, sequences, range, addInputGradient);
    }

    /// <summary>The final gradients of the rows that end in a range, each at its own step.</summary>
    private void LoadFinalGradients<T>(int state, StepRange range) where T : struct, ILane<T>
    {
        for (int row = range.FirstRow; row < range.EndRow; row++)
        {
            int end = sequences.Lengths[row] - range.Origin;
            if (end > range.First && end <= range.End)
                StepTransfer.LoadRows<T>(StateAdjoint(state), end, spans.Span(GradientFinal(state)), StateSize(state), sequences, row, row + 1);
        }
    }

    /// <summary>Runs a scan's program over all steps of a window; the others have none.</summary>
    private void After<T>(StepProgram program, int first, int end, StepRunner.Part mine, TeamBarrier meet) where T : struct, ILane<T>
    {
        if (program.Stages.Length == 0) return;
        StepRunner.AllSteps<T>(program, frame, first, end, mine, meet);
        meet.Wait();
    }

    /// <summary>Whether the adjoints of a state have a place for every step.</summary>
    private bool IsWhole(int state) => plan.Matrices[plan.StateAdjointMatrices[state]].Storage == StepStorage.State;

    private int OutputSize => executor.Equations.OutputValue!.Size;
    private StepMatrix State(int state) => frame.Matrices[plan.StateMatrices[state]];
    private StepMatrix StateAdjoint(int state) => frame.Matrices[plan.StateAdjointMatrices[state]];
    private int StateSize(int state) => executor.Equations.States[state].Previous.Size;

    private sealed class Work(CellWorkspace workspace) : TeamWork
    {
        public override void Run(int part, int parts)
        {
            switch (workspace.executor.Lanes)
            {
                case 16: workspace.RunPart<Lane512>(part, parts); break;
                case 8: workspace.RunPart<Lane256>(part, parts); break;
                case 4: workspace.RunPart<Lane128>(part, parts); break;
                default: workspace.RunPart<Lane1>(part, parts); break;
            }
        }
    }
}
