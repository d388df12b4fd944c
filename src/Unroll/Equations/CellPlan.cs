using Unroll.Kernels;

namespace Unroll.Equations;

/// <summary>A matrix that the executor provides.</summary>
internal sealed record MatrixSpec(StepStorage Storage, int Blocks);

/// <summary>Adjacent vectors that one product reads, and for each destination the matrix that multiplies each of them.</summary>
/// <param name="Offset">Column of the product's k at which the vector starts.</param>
/// <param name="Size">Features of the vector.</param>
/// <param name="Matrices">One for each destination.</param>
/// <param name="Transposed">Whether the matrices are used transposed.</param>
internal sealed record PanelPiece(int Offset, int Size, MatrixParameter[] Matrices, bool Transposed);

/// <summary>What a product's packed panels are made of.</summary>
/// <param name="Size">Features of each destination.</param>
/// <param name="Destinations">Number of destinations.</param>
/// <param name="Sources">For each source its k and its pieces.</param>
/// <param name="Biases">One for each destination, or none.</param>
internal sealed record PanelSpec(int Size, int Destinations, (int K, PanelPiece[] Pieces)[] Sources, VectorParameter?[] Biases)
{
    /// <summary>Whether the panels have columns beyond the last feature, or rows between the pieces: these stay zero.</summary>
    public bool IsPadded { get; } = Size * Destinations % (2 * ProductTile.Block) != 0 || Size % ProductTile.Block != 0 || Sources.Any(source => source.Pieces.Sum(piece => piece.Size) < source.K);
}


/// <summary>How a cell is executed, whatever the batch and the number of steps. Products that read the input alone are hoisted out of the
/// loop over time (<see cref="Prelude"/>); products that read the same vectors are joined; the rest of a step is ordered into stages of
/// products and elementwise work (<see cref="Loop"/>); the backward step is planned the same way from the symbolic derivative
/// (<see cref="BackwardLoop"/>), overwriting the gates by their gradients; the input gradient (<see cref="Postlude"/>) and the weight
/// gradients (<see cref="Gradients"/>) are sunk out of the loop into one product each.</summary>
internal sealed class CellPlan
{
    private readonly CellEquations cell;
    private readonly Dictionary<Expression, StepOperand> places = [];
    private readonly Dictionary<Expression, StepOperand> gates = [];
    private readonly Dictionary<Expression, StepOperand> kept = [];
    // Next states that a matrix multiplies: a second time at their own step, where they stand beside the adjoints that the weight gradient reads them with.
    // In the states' memory they lie a step further, and a chunk of steps there ends elsewhere.
    private readonly Dictionary<Expression, StepOperand> multipliedStates = [];

    // Null where matrices or means stand in the loop over time, or where it is to be run step by step all the same.
    private readonly ElementwiseRecurrence? recurrence;

    /// <param name="cell">The equations.</param>
    /// <param name="training">Whether a backward pass follows.</param>
    /// <param name="stepByStep">Whether the forward pass computes all of a step before the next begins, even what depends on the input alone.</param>
    public CellPlan(CellEquations cell, bool training, bool stepByStep = false)
    {
        this.cell = cell;
        recurrence = stepByStep ? null : ElementwiseRecurrence.Of(cell);
        int forwardNodes = cell.Nodes.Count;
        var derivative = training ? new CellDerivative(cell, recurrence) : null;
        var forward = cell.Nodes.Take(forwardNodes).ToArray();
        var usage = new ExpressionUsage(forward, cell, recurrence, stepByStep);

        InputMatrix = NewMatrix(StepStorage.Time, cell.InputSize);
        places[cell.Input] = new StepOperand(InputMatrix, 0, 0);
        MaskMatrices = [.. cell.Masks.Select(mask => NewMatrix(StepStorage.Window, mask.Value.Size))];
        foreach (var (mask, matrix) in cell.Masks.Zip(MaskMatrices)) places[mask.Value] = new StepOperand(matrix, 0, 0);
        StateMatrices = new int[cell.States.Count];
        foreach (var state in cell.States)
        {
            int matrix = StateMatrices[state.Previous.StateIndex] = NewMatrix(StepStorage.State, state.Previous.Size);
            places[state.Previous] = new StepOperand(matrix, 0, 0);
            kept[state.Next!] = new StepOperand(matrix, 0, 1);
        }
        PlaceGates(forward, usage);
        if (!kept.ContainsKey(cell.OutputValue!)) kept[cell.OutputValue!] = new StepOperand(NewMatrix(StepStorage.Time, cell.OutputValue!.Size), 0, 0);
        Output = kept[cell.OutputValue!];
        if (derivative is not null) PlaceKept(derivative, forwardNodes, usage);
        PlanForward(forward, usage);
        if (derivative is not null) PlanBackward(derivative);
    }

    public CellEquations Cell => cell;
    public List<MatrixSpec> Matrices { get; } = [];
    public List<PanelSpec> Panels { get; } = [];
    /// <summary>Constants, parameters and what is made of these alone.</summary>
    public List<Expression> RowVectors { get; } = [];
    public int InputMatrix { get; }
    public int[] StateMatrices { get; }
    /// <summary>The masks, filled for each window of steps, forward and backward.</summary>
    public int[] MaskMatrices { get; }
    /// <summary>Where the output of a step lies.</summary>
    public StepOperand Output { get; }
    /// <summary>Whether the loops over time have no products and no means: features do not wait for each other there.</summary>
    public bool IsScan => recurrence is not null;
    public StepProgram Prelude { get; private set; } = new([]);
    public StepProgram Loop { get; private set; } = new([]);
    /// <summary>The products of a scan's states and what is made of them, for all steps after the loop.</summary>
    public StepProgram Epilogue { get; private set; } = new([]);
    /// <summary>The products of the output's adjoint that the backward loop of a scan reads, for all steps before it.</summary>
    public StepProgram BackwardPrelude { get; private set; } = new([]);
    public StepProgram BackwardLoop { get; private set; } = new([]);
    /// <summary>The products of what the backward loop of a scan makes, and what is made of them, for all steps after it.</summary>
    public StepProgram BackwardEpilogue { get; private set; } = new([]);
    public StepProgram Postlude { get; private set; } = new([]);
    /// <summary>The weight gradients, in rounds: those of one round go to places of their own, so that threads may share them out.</summary>
    public GradientPass[][] Gradients { get; private set; } = [];
    /// <summary>Floats in which the sums of a round gather, the largest.</summary>
    public int GradientSumFloats { get; private set; }
    /// <summary>∂L/∂output, filled before the backward loop.</summary>
    public int OutputAdjointMatrix { get; private set; } = -1;
    /// <summary>∂L/∂state, two places in turn.</summary>
    public int[] StateAdjointMatrices { get; private set; } = [];
    /// <summary>Sums of the vector parameters' adjoints over the steps, zero before the backward loop.</summary>
    public List<int> GatheredMatrices { get; } = [];
    /// <summary>∂L/∂x.</summary>
    public int InputAdjointMatrix { get; private set; } = -1;

    internal int NewMatrix(StepStorage storage, int size, int vectors = 1)
    {
        Matrices.Add(new MatrixSpec(storage, vectors * BlocksOf(size)));
        return Matrices.Count - 1;
    }

    /// <summary>The number of the row vector that holds a fixed value.</summary>
    internal int RowVector(Expression value)
    {
        int known = RowVectors.IndexOf(value);
        if (known >= 0) return known;
        RowVectors.Add(value);
        return RowVectors.Count - 1;
    }

    /// <summary>Where a value lies: its features, or the one number that all of them are.</summary>
    internal StepOperand NewPlace(StepStorage storage, Expression e) => new(NewMatrix(storage, e.IsUniform ? 1 : e.Size), 0, 0);

    internal static int BlocksOf(int size) => (size + ProductTile.Block - 1) / ProductTile.Block;

    /// <summary>Affine nodes of one size share a matrix, those that read the input first and those that read states last, so that what one
    /// product reads or writes is adjacent.</summary>
    private void PlaceGates(Expression[] forward, ExpressionUsage usage)
    {
        foreach (var group in forward.Where(e => e.Kind == ExpressionKind.Affine).GroupBy(e => e.Size))
        {
            var ordered = group.OrderBy(e => !e.Terms.Any(t => usage.IsHoistable(t.Vector)) ? 2 : e.Terms.All(t => usage.IsHoistable(t.Vector)) ? 0 : 1).ToArray();
            int matrix = NewMatrix(StepStorage.Time, group.Key, ordered.Length);
            for (int i = 0; i < ordered.Length; i++) gates[ordered[i]] = new StepOperand(matrix, i * BlocksOf(group.Key), 0);
        }
    }

    /// <summary>Decides what the backward pass reads from memory and what it computes again, and where the kept values lie: on top of the sum
    /// they were made from, where nothing else needs that.</summary>
    private void PlaceKept(CellDerivative derivative, int forwardNodes, ExpressionUsage usage)
    {
        var wanted = new SortedSet<int>();
        var visited = new HashSet<Expression>();
        void Want(Expression e)
        {
            if (!visited.Add(e)) return;
            if (e.Id >= forwardNodes)
            {
                foreach (var operand in e.Operands) Want(operand);
                return;
            }
            if (places.ContainsKey(e) || kept.ContainsKey(e) || e.IsFixed) return;
            if (e.Kind is ExpressionKind.Affine or ExpressionKind.Mean || e.Operation!.IsCostly) wanted.Add(e.Id);
            else foreach (var operand in e.Operands) Want(operand);
        }

        foreach (var (_, adjoint) in derivative.Affines) Want(adjoint);
        foreach (var (_, adjoint) in derivative.Vectors) Want(adjoint);
        foreach (var state in derivative.PreviousStates) if (state is not null) Want(state);
        if (derivative.Input is not null) Want(derivative.Input);
        // What a matrix multiplies is read again by its gradient.
        foreach (var (affine, _) in derivative.Affines)
            foreach (var term in affine.Terms)
            {
                if (places.ContainsKey(term.Vector)) continue;
                if (!kept.TryGetValue(term.Vector, out var place)) wanted.Add(term.Vector.Id);
                else if (place.Shift != 0 && !multipliedStates.ContainsKey(term.Vector)) multipliedStates[term.Vector] = NewPlace(StepStorage.Time, term.Vector);
            }

        var taken = new HashSet<Expression>(wanted.Select(id => cell.Nodes[id]).Where(e => e.Kind == ExpressionKind.Affine));
        foreach (int id in wanted)
        {
            var e = cell.Nodes[id];
            if (e.Kind == ExpressionKind.Affine) kept[e] = gates[e];
            else if (!e.IsUniform && usage.SoleSum(e, taken) is { } sum)
            {
                taken.Add(sum);
                kept[e] = gates[sum];
            }
            else kept[e] = NewPlace(StepStorage.Time, e);
        }
    }

    private void PlanForward(Expression[] forward, ExpressionUsage usage)
    {
        var prelude = new StepProgramBuilder(this, cell, places, StepStorage.Time)
        {
            Shifted = cell.States.Where(state => recurrence?.Delays.Contains(state.Previous.StateIndex) == true).ToDictionary(state => state.Previous, state => state.Next!),
        };
        var before = new Dictionary<Expression, StepOperand>(places);
        void Before(Expression e, StepOperand place)
        {
            prelude.Store(e, place);
            before[e] = place;
        }

        foreach (var e in forward.Where(e => e.IsUniform && usage.IsHoistable(e))) Before(e, kept.TryGetValue(e, out var known) ? known : NewPlace(StepStorage.Time, e));
        foreach (var affine in forward.Where(e => e.Kind == ExpressionKind.Affine))
        {
            AffineTerm[] hoisted = [.. affine.Terms.Where(t => usage.IsHoistable(t.Vector))];
            if (hoisted.Length == 0) continue;
            // An elementwise function of the input that a matrix multiplies.
            foreach (var term in hoisted)
                if (!before.ContainsKey(term.Vector)) Before(term.Vector, kept.TryGetValue(term.Vector, out var known) ? known : NewPlace(StepStorage.Time, term.Vector));
            prelude.Product(affine, hoisted, gates[affine], affine.Vector, null);
            if (hoisted.Length == affine.Terms.Length) before[affine] = gates[affine];
        }
        var wanted = kept.Concat(multipliedStates).Where(pair => pair.Key.Kind != ExpressionKind.Affine).ToList();
        var loop = new StepProgramBuilder(this, cell, before, StepStorage.Step);
        var last = loop;
        var late = recurrence is null ? [] : ElementwiseRecurrence.Late(forward, usage.IsHoistable);
        if (recurrence is not null)
        {
            foreach (var (e, place) in wanted)
                if (recurrence.Delays.Any(delay => cell.States[delay].Next == e)) Before(e, place);
            // After the loop, what it has made is read in memory.
            var after = new Dictionary<Expression, StepOperand>(before);
            foreach (var (e, place) in kept)
                if (!late.Contains(e) && e.Kind != ExpressionKind.Affine) after[e] = place;
            // Products read a state where it lies at its own step: a chunk of steps is then whole.
            foreach (var vector in late.SelectMany(e => e.Kind == ExpressionKind.Affine ? e.Operands : []).Distinct())
                if (after.TryGetValue(vector, out var at) && at.Shift != 0)
                {
                    if (!multipliedStates.TryGetValue(vector, out var own)) wanted.Add(new(vector, own = NewPlace(StepStorage.Window, vector)));
                    after[vector] = own;
                }
            foreach (var e in ElementwiseRecurrence.Read(late.SelectMany(e => e.Operands), e => !late.Contains(e), after.ContainsKey))
            {
                after[e] = NewPlace(StepStorage.Window, e);
                loop.Store(e, after[e]);
            }
            last = new StepProgramBuilder(this, cell, after, StepStorage.Window);
        }
        Prelude = prelude.Build();
        foreach (var affine in forward.Where(e => e.Kind == ExpressionKind.Affine))
        {
            AffineTerm[] recurrent = [.. affine.Terms.Where(t => !usage.IsHoistable(t.Vector))];
            if (recurrent.Length == 0) continue;
            last.Product(affine, recurrent, gates[affine], affine.Vector, null, continues: recurrent.Length < affine.Terms.Length);
        }
        foreach (var (e, place) in wanted)
            if (!before.ContainsKey(e)) (late.Contains(e) ? last : loop).Store(e, place);
        Loop = loop.Build();
        if (last != loop) Epilogue = last.Build();
    }

    private void PlanBackward(CellDerivative derivative)
    {
        var available = new Dictionary<Expression, StepOperand>(places);
        foreach (var (e, place) in kept) available[e] = place;
        OutputAdjointMatrix = NewMatrix(StepStorage.Window, derivative.OutputAdjoint.Size);
        available[derivative.OutputAdjoint] = new StepOperand(OutputAdjointMatrix, 0, 0);
        var late = recurrence?.LateAdjoints(derivative) ?? [];
        StateAdjointMatrices = new int[cell.States.Count];
        for (int s = 0; s < StateAdjointMatrices.Length; s++)
        {
            // What is read after the loop has a place for every step.
            var next = derivative.StateAdjoints[s];
            bool isWhole = late.Contains(next) || late.Any(e => e.Operands.Contains(next));
            StateAdjointMatrices[s] = NewMatrix(isWhole ? StepStorage.State : StepStorage.Pair, cell.States[s].Previous.Size);
            available[next] = new StepOperand(StateAdjointMatrices[s], 0, 1);
        }

        var input = derivative.Input;
        if (input is not null) InputAdjointMatrix = NewMatrix(StepStorage.Window, cell.InputSize);
        var inputPlace = new StepOperand(InputAdjointMatrix, 0, 0);
        // Products of the input's adjoint wait until after the loop; what else there is of it belongs to each step.
        var ownInput = input is { Kind: ExpressionKind.Affine } ? input.A : input;

        // Of a scan, products of what is known are made before the loop, and products of what the loop makes after it.
        var lastAvailable = new Dictionary<Expression, StepOperand>(available);
        var before = new StepProgramBuilder(this, cell, new(available), StepStorage.Window);
        var loop = new StepProgramBuilder(this, cell, available, StepStorage.Step);
        var last = new StepProgramBuilder(this, cell, lastAvailable, StepStorage.Window)
        {
            Shifted = cell.States.Select(state => state.Previous.StateIndex).Where(s => derivative.PreviousStates[s] is { } adjoint && late.Contains(adjoint))
                .ToDictionary(s => derivative.StateAdjoints[s], s => derivative.PreviousStates[s]!),
        };
        StepProgramBuilder ProgramOf(Expression e) => late.Contains(e) ? last : loop;
        var results = derivative.PreviousStates.Append(ownInput).OfType<Expression>().Concat(derivative.Vectors.Select(pair => pair.Adjoint))
            .Concat(derivative.Affines.Select(pair => pair.Adjoint)).ToList();
        List<Expression> ReadLate() => ElementwiseRecurrence.Read(results.Where(late.Contains), e => !late.Contains(e), lastAvailable.ContainsKey);
        if (recurrence is not null)
        {
            foreach (var e in ElementwiseRecurrence.Read(results, recurrence.EarlyAdjoints().Contains, available.ContainsKey))
            {
                var place = NewPlace(StepStorage.Window, e);
                before.Store(e, place);
                available[e] = lastAvailable[e] = place;
            }
            foreach (var e in ReadLate()) loop.Need(e);
        }
        for (int s = 0; s < StateAdjointMatrices.Length; s++)
        {
            var adjoint = derivative.PreviousStates[s] ?? cell.Constant(0);
            ProgramOf(adjoint).Store(adjoint, new StepOperand(StateAdjointMatrices[s], 0, 0), cell.States[s].Previous.Size);
        }
        var vectors = new List<(VectorParameter Vector, StepOperand Place)>();
        foreach (var (vector, adjoint) in derivative.Vectors)
        {
            StepOperand place;
            if (late.Contains(adjoint)) last.Store(adjoint, place = NewPlace(StepStorage.Time, adjoint));
            else
            {
                // Added up over the steps, for each sequence by itself, while it is in the cache: in memory for all steps it would be written once and read once.
                var sum = cell.Gathered(vector, adjoint.Size);
                place = available[sum] = new StepOperand(NewMatrix(StepStorage.Step, adjoint.Size), 0, 0);
                loop.Store(adjoint + sum, place);
                GatheredMatrices.Add(place.Matrix);
            }
            vectors.Add((vector, place));
        }
        if (ownInput is not null) ProgramOf(ownInput).Store(ownInput, inputPlace);
        // The adjoint of a sum overwrites what lies in the sum's place, once nothing reads that any more: the steps before it, nor after the loop the
        // weight gradients, which read what the matrices multiplied.
        var multiplied = derivative.Affines.SelectMany(pair => pair.Affine.Terms).Select(term => available[term.Vector]).ToHashSet();
        var readLate = late.SelectMany(e => e.Operands).Where(available.ContainsKey).Select(e => available[e]).ToHashSet();
        var adjoints = new Dictionary<Expression, StepOperand>();
        foreach (var (_, adjoint) in derivative.Affines) ProgramOf(adjoint).Need(adjoint);
        foreach (var (affine, adjoint) in derivative.Affines)
        {
            if (adjoints.ContainsKey(adjoint)) continue;
            var (program, own) = (ProgramOf(adjoint), gates[affine]);
            bool isFree = !multiplied.Contains(own) && program.CanOverwrite(own, adjoint) && (program == last || !readLate.Contains(own));
            var place = isFree ? own : new StepOperand(NewMatrix(StepStorage.Time, adjoint.Size), 0, 0);
            adjoints[adjoint] = place;
            program.Store(adjoint, place);
            if (program == loop) lastAvailable[adjoint] = place;
        }
        foreach (var e in ReadLate())
        {
            lastAvailable[e] = NewPlace(StepStorage.Window, e);
            loop.Store(e, lastAvailable[e]);
        }
        if (input is { Kind: ExpressionKind.Affine })
        {
            var postlude = new StepProgramBuilder(this, cell, adjoints, StepStorage.Time);
            postlude.Product(input, input.Terms, inputPlace, null, null, continues: input.A is not null);
            Postlude = postlude.Build();
        }
        (BackwardPrelude, BackwardLoop, BackwardEpilogue) = (before.Build(), loop.Build(), last.Build());
        Gradients = Rounds(GradientPasses(derivative, adjoints, vectors));
        foreach (var round in Gradients) GradientSumFloats = Math.Max(GradientSumFloats, WeightGradient.SumFloats(round));
    }

    private static GradientPass[][] Rounds(IEnumerable<GradientPass> passes)
    {
        var rounds = new List<List<GradientPass>>();
        foreach (var pass in passes)
        {
            // A matrix that two products share.
            bool Meets(GradientPass other) => pass.Columns > 0 && other.Columns > 0 && (other.Weights, other.WeightOffset) == (pass.Weights, pass.WeightOffset);
            int round = rounds.FindLastIndex(earlier => earlier.Any(Meets)) + 1;
            if (round == rounds.Count) rounds.Add([]);
            rounds[round].Add(pass);
        }
        return [.. rounds.Select(round => round.ToArray())];
    }

    private IEnumerable<GradientPass> GradientPasses(CellDerivative derivative, Dictionary<Expression, StepOperand> adjoints, List<(VectorParameter Vector, StepOperand Place)> vectors)
    {
        foreach (var (affine, adjoint) in derivative.Affines)
        {
            var bias = affine.Vector;
            foreach (var term in affine.Terms)
            {
                var vector = places.TryGetValue(term.Vector, out var place) || multipliedStates.TryGetValue(term.Vector, out place) ? place : kept[term.Vector];
                var (rows, columns) = (adjoints[adjoint], vector);
                if (term.Transposed) (rows, columns) = (columns, rows);
                // The bias's gradient is the sum of the adjoint, which a transposed product has on the other side.
                var joined = term.Transposed ? null : bias;
                yield return new GradientPass(rows, columns, term.Matrix.Rows, term.Matrix.Columns,
                    term.Matrix.Store.Index, term.Matrix.FirstRow * term.Matrix.Columns, joined?.Store.Index ?? -1, joined?.First ?? 0);
                if (joined is not null) bias = null;
            }
        }
        foreach (var (vector, place) in vectors) yield return new GradientPass(place, default, vector.Size, 0, -1, 0, vector.Store.Index, vector.First, IsGathered: GatheredMatrices.Contains(place.Matrix));
    }
}
