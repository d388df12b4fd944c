using Unroll.Equations;
using Unroll.Kernels;

namespace Unroll.Layers;

/// <summary>One pass of a cell over a batch of sequences: the memory of every step, and the work of the thread team on it. Rows are sorted by
/// length, longest first, so that the sequences still running at a step are its first rows and no step needs a mask.</summary>
internal sealed class CellWorkspace
{
    /// <summary>Below this many multiply-adds one thread is faster than two that have to meet.</summary>
    private const long WorthSharing = 400_000;
    /// <summary>Rows below which sharing the batch out makes tiles too thin.</summary>
    private const int ThinRows = 8;
    /// <summary>Rows that a chunk of steps should make together.</summary>
    private const int ChunkRows = 56;
    /// <summary>Floats of gates that stay in the second-level cache between the hoisted product and the loop.</summary>
    private const int CachedGates = 192 * 1024;

    private readonly CellExecutor executor;
    private readonly Work work;
    private readonly TeamBarrier barrier = new(1);
    private CellPlan plan = null!;
    private StepFrame frame = null!;
    private Buffer<float>[] buffers = [];
    private readonly StepFrame?[] frames = new StepFrame?[2];
    private int[] order = [], lengths = [], active = [], rowBounds = [];
    private long[] keys = [];
    private int batch, time, steps, preludeSteps, parts;
    private bool training, reversed, byRows, isBound;
    private Phase phase;

    // What the team's parts read and write, row-major.
    private readonly PinnedSpans spans;
    private int outputStride, outputOffset;
    private PinnedSpans gradients = new(0);
    private bool addInputGradient;

    private enum Phase { Forward, Backward, Gradients, InputGradient }

    public CellWorkspace(CellExecutor executor)
    {
        this.executor = executor;
        work = new Work(this);
        spans = new PinnedSpans(4 + 4 * executor.Equations.States.Count);
    }

    private const int X = 0, Y = 1, GradientY = 2, GradientX = 3;
    private static int Initial(int state) => 4 + 4 * state;
    private static int Final(int state) => 5 + 4 * state;
    private static int GradientFinal(int state) => 6 + 4 * state;
    private static int GradientInitial(int state) => 7 + 4 * state;

    /// <summary>Bytes kept for the backward pass by the last forward pass.</summary>
    public long Bytes => buffers.Sum(b => (long)b.Length * sizeof(float));

    /// <summary>Prepares for a batch.</summary>
    /// <param name="forTraining">Whether a backward pass follows.</param>
    /// <param name="sequences">Sequences.</param>
    /// <param name="positions">Positions of each in x, used or not.</param>
    /// <param name="sequenceLengths">Steps of each sequence; empty if all have <paramref name="positions"/>.</param>
    /// <param name="backwards">Whether time runs from each sequence's last position to its first.</param>
    public void Begin(bool forTraining, int sequences, int positions, ReadOnlySpan<int> sequenceLengths, bool backwards)
    {
        (training, batch, time, reversed) = (forTraining, sequences, positions, backwards);
        Sort(sequenceLengths);
        (plan, var weights) = executor.Planned(training);
        frame = frames[training ? 1 : 0] ??= new StepFrame
        {
            Matrices = [.. plan.Matrices.Select(_ => new StepMatrix())],
            RowVectors = weights.RowVectors,
            Panels = weights.Panels,
        };
        bool isRagged = steps > 0 && lengths[batch - 1] < steps;
        frame.Batch = batch;
        frame.ActiveRows = active;
        frame.Chunk = isRagged || batch >= ChunkRows / 2 || batch == 0 ? 1 : Math.Clamp(ChunkRows / batch, 1, Math.Max(steps, 1));
        if (buffers.Length != plan.Matrices.Count) buffers = new Buffer<float>[plan.Matrices.Count];
        isBound = true;
        for (int i = 0; i < buffers.Length; i++)
        {
            var spec = plan.Matrices[i];
            buffers[i] = BufferPool.Rent(StepMatrix.Length(spec.Storage, spec.Blocks, steps, batch, frame.Chunk));
            frame.Matrices[i].Bind(buffers[i], spec.Storage, spec.Blocks, steps, batch, frame.Chunk);
        }
        Share();
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
    public void Forward()
    {
        Run(Phase.Forward);
    }

    /// <summary>Runs all steps backwards and adds to the gradients.</summary>
    /// <param name="parameterGradients">One span for each stored parameter; those not set are not wanted.</param>
    /// <param name="inputGradient">∂L/∂x to add to; empty if not wanted.</param>
    public void Backward(PinnedSpans parameterGradients, Span<float> inputGradient)
    {
        gradients = parameterGradients;
        addInputGradient = !inputGradient.IsEmpty;
        if (addInputGradient) spans.Set(GradientX, inputGradient);
        Run(Phase.Backward);
        if (steps == 0) return;
        Run(Phase.Gradients);
        if (addInputGradient && plan.InputAdjointMatrix >= 0) Run(Phase.InputGradient);
    }

    /// <summary>Gives back the memory, and itself to the executor.</summary>
    public void Release()
    {
        if (!isBound) return;
        isBound = false;
        foreach (var buffer in buffers) BufferPool.Return(buffer);
        Array.Clear(buffers);
        for (int i = 0; i < 4 + 4 * executor.Equations.States.Count; i++) spans.Clear(i);
        executor.Return(this);
    }

    private void Sort(ReadOnlySpan<int> sequenceLengths)
    {
        if (order.Length != batch) (order, lengths, keys) = (new int[batch], new int[batch], new long[batch]);
        for (int i = 0; i < batch; i++)
        {
            int length = sequenceLengths.IsEmpty ? time : sequenceLengths[i];
            keys[i] = (long)(time - length) << 32 | (uint)i;
        }
        if (!sequenceLengths.IsEmpty) Array.Sort(keys);
        for (int row = 0; row < batch; row++) (order[row], lengths[row]) = ((int)(keys[row] & uint.MaxValue), time - (int)(keys[row] >> 32));
        steps = batch == 0 ? 0 : lengths[0];
        if (active.Length < steps) active = new int[steps];
        for (int step = 0, rows = batch; step < steps; step++)
        {
            while (lengths[rows - 1] <= step) rows--;
            active[step] = rows;
        }
    }

    /// <summary>Chooses how the team shares the work: by rows, each thread on its own from start to end, or by feature groups, meeting before
    /// every product.</summary>
    private void Share()
    {
        long rows = 0;
        for (int row = 0; row < batch; row++) rows += lengths[row];
        long weights = 0;
        foreach (var matrix in plan.Cell.Matrices) weights += (long)matrix.Rows * matrix.Columns;
        int threads = rows * weights < WorthSharing ? 1 : ThreadTeam.Available;
        byRows = threads == 1 || batch >= threads * ThinRows;
        int groups = CellPlan.BlocksOf(executor.HiddenSize);
        parts = byRows ? threads : Math.Clamp(groups / 2, 1, threads);
        if (parts == 1) byRows = true;
        // Rows are shared out so that each part has about as many steps in all.
        if (rowBounds.Length != parts + 1) rowBounds = new int[parts + 1];
        long seen = 0;
        for (int row = 0, part = 1; row < batch; row++)
        {
            seen += lengths[row];
            while (part < parts && seen * parts >= rows * part) rowBounds[part++] = row + 1;
        }
        rowBounds[0] = 0;
        rowBounds[parts] = batch;

        int gates = 0;
        foreach (var stage in plan.Prelude.Stages)
            foreach (var product in stage.Products) gates += product.Destinations.Length * CellPlan.BlocksOf(product.Size) * ProductTile.Block;
        int cached = gates == 0 ? steps : CachedGates / Math.Max(1, gates * (byRows ? (batch + parts - 1) / parts : batch));
        preludeSteps = Math.Max(1, cached / frame.Chunk) * frame.Chunk;
    }

    private void Run(Phase next)
    {
        phase = next;
        barrier.Reset(byRows ? 1 : parts);
        ThreadTeam.Run(work, parts);
    }

    private void RunPart<T>(int part, int count) where T : struct, ILane<T>
    {
        switch (phase)
        {
            case Phase.Forward: ForwardPart<T>(part, count); break;
            case Phase.Backward: BackwardPart<T>(part, count); break;
            case Phase.Gradients:
                if (addInputGradient && plan.Postlude.Stages.Length > 0)
                    StepRunner.AllSteps<T>(plan.Postlude, frame, StepBound(part, count), StepBound(part + 1, count), new StepRunner.Part(0, batch, 0, 1), null);
                int stripes = WeightGradient.Stripes(plan.Gradients);
                WeightGradient.Run<T>(plan.Gradients, frame, gradients, steps, stripes * part / count, stripes * (part + 1) / count);
                break;
            case Phase.InputGradient:
                StepTransfer.Store(frame.Matrices[plan.InputAdjointMatrix], default, spans.Span(GradientX), time, executor.InputSize, executor.InputSize,
                    order, lengths, reversed, true, rowBounds[part], rowBounds[part + 1]);
                break;
        }
    }

    private int StepBound(int part, int count) => part == count ? steps : steps * part / count / frame.Chunk * frame.Chunk;

    private StepRunner.Part PartOf(int part, int count) => byRows
        ? new StepRunner.Part(rowBounds[part], rowBounds[part + 1], 0, 1)
        : new StepRunner.Part(0, batch, part, count);

    private void ForwardPart<T>(int part, int count) where T : struct, ILane<T>
    {
        var (firstRow, endRow) = (rowBounds[part], rowBounds[part + 1]);
        var meet = byRows ? null : barrier;
        StepTransfer.Load(frame.Matrices[plan.InputMatrix], 0, spans.Span(X), time, executor.InputSize, executor.InputSize, order, lengths, reversed, firstRow, endRow);
        for (int s = 0; s < plan.StateMatrices.Length; s++)
            StepTransfer.LoadRows(frame.Matrices[plan.StateMatrices[s]], 0, spans.Span(Initial(s)), StateSize(s), order, firstRow, endRow);
        meet?.Wait();
        var mine = PartOf(part, count);
        for (int first = 0; first < steps; first += preludeSteps)
        {
            int end = Math.Min(first + preludeSteps, steps);
            StepRunner.AllSteps<T>(plan.Prelude, frame, first, end, mine, meet);
            StepRunner.Loop<T>(plan.Loop, frame, first, end, StepOrder.Forward, mine, meet);
        }
        meet?.Wait();
        int size = executor.Equations.OutputValue!.Size;
        StepTransfer.Store(frame.Matrices[plan.Output.Matrix], plan.Output, spans.Span(Y)[outputOffset..], time, size, outputStride, order, lengths, reversed, false, firstRow, endRow);
        for (int s = 0; s < plan.StateMatrices.Length; s++)
            for (int row = firstRow; row < endRow; row++)
                StepTransfer.StoreRow(frame.Matrices[plan.StateMatrices[s]], lengths[row], row, spans.Span(Final(s)).Slice(order[row] * StateSize(s), StateSize(s)), false);
    }

    private void BackwardPart<T>(int part, int count) where T : struct, ILane<T>
    {
        var (firstRow, endRow) = (rowBounds[part], rowBounds[part + 1]);
        var meet = byRows ? null : barrier;
        int size = executor.Equations.OutputValue!.Size;
        var outputAdjoint = frame.Matrices[plan.OutputAdjointMatrix];
        if (spans.Has(GradientY))
            StepTransfer.Load(outputAdjoint, 0, spans.Span(GradientY)[outputOffset..], time, size, outputStride, order, lengths, reversed, firstRow, endRow);
        else StepTransfer.Clear(outputAdjoint, lengths, firstRow, endRow);
        var mine = PartOf(part, count);
        for (int end = steps; end > 0;)
        {
            // Rows whose sequence ends here join with the gradient of their final state.
            int rows = active[end - 1], joined = end == steps ? 0 : active[end], first = end;
            while (first > 0 && active[first - 1] == rows) first--;
            for (int s = 0; s < plan.StateMatrices.Length; s++)
                StepTransfer.LoadRows(frame.Matrices[plan.StateAdjointMatrices[s]], end, spans.Span(GradientFinal(s)), StateSize(s), order, Math.Max(joined, firstRow), Math.Min(rows, endRow));
            meet?.Wait();
            StepRunner.Loop<T>(plan.BackwardLoop, frame, first, end, StepOrder.Backward, mine, meet);
            meet?.Wait();
            end = first;
        }
        for (int s = 0; s < plan.StateMatrices.Length; s++)
        {
            if (!spans.Has(GradientInitial(s))) continue;
            int stateSize = StateSize(s);
            for (int row = firstRow; row < endRow; row++)
            {
                var to = spans.Span(GradientInitial(s)).Slice(order[row] * stateSize, stateSize);
                if (lengths[row] > 0) StepTransfer.StoreRow(frame.Matrices[plan.StateAdjointMatrices[s]], 0, row, to, true);
                else if (spans.Has(GradientFinal(s)))
                {
                    var from = spans.Span(GradientFinal(s)).Slice(order[row] * stateSize, stateSize);
                    for (int i = 0; i < to.Length; i++) to[i] += from[i];
                }
            }
        }
    }

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
