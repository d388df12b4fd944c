using Unroll.Kernels;

namespace Unroll.Equations;

/// <summary>Orders expressions into stages: every mean and every product as soon as what it reads is whole, every elementwise operation right after
/// those it waits for. Serves the forward and the backward step alike.</summary>
/// <param name="plan">The plan whose matrices and panels the program uses.</param>
/// <param name="cell">The equations.</param>
/// <param name="available">What is in memory, and where.</param>
/// <param name="scratch">What is computed in one stage for another: <see cref="StepStorage.Step"/> in a loop over time, else one place for each step.</param>
internal sealed class StepProgramBuilder(CellPlan plan, CellEquations cell, Dictionary<Expression, StepOperand> available, StepStorage scratch)
{
    /// <summary>A product to compute: some terms of an affine node, into a place.</summary>
    private sealed record Job(Expression Affine, AffineTerm[] Terms, StepOperand Place, VectorParameter? Bias, Expression? Addend, bool Continues);

    private readonly Dictionary<Expression, List<StepOperand>> stores = [];
    // An addend is also written where its product continues from; that copy does not outlive the product.
    private readonly Dictionary<Expression, List<StepOperand>> addends = [];
    private readonly List<(StepOperand Place, int Size)> zeros = [];
    private readonly Dictionary<Expression, Job> jobs = [];
    private readonly HashSet<Expression> needed = [];
    private readonly Dictionary<Expression, int> levels = [];
    private HashSet<Expression> repeated = [];
    private readonly bool inLoop = scratch == StepStorage.Step;

    /// <summary>What is in memory at one step once the program has stored another value at its neighbour.</summary>
    public IReadOnlyDictionary<Expression, Expression> Shifted { get; init; } = System.Collections.ObjectModel.ReadOnlyDictionary<Expression, Expression>.Empty;

    /// <summary>Asks for a product of an affine node.</summary>
    /// <param name="affine">The node.</param>
    /// <param name="terms">The terms to compute here.</param>
    /// <param name="place">Where the sum goes.</param>
    /// <param name="bias">Added if the sum does not continue another.</param>
    /// <param name="addend">An expression the sum starts from.</param>
    /// <param name="continues">Whether the sum continues what the place holds.</param>
    public void Product(Expression affine, AffineTerm[] terms, StepOperand place, VectorParameter? bias, Expression? addend, bool continues = false)
    {
        jobs[affine] = new Job(affine, terms, place, bias, addend, continues);
        foreach (var term in terms) Need(term.Vector);
        if (addend is not null) Need(addend);
    }

    /// <summary>Asks for a value to be computed and written to a place.</summary>
    public void Store(Expression e, StepOperand place, int size = 0)
    {
        if (e.Kind == ExpressionKind.Constant)
        {
            zeros.Add((place, size));
            return;
        }
        Need(e);
        if (!stores.TryGetValue(e, out var list)) stores[e] = list = [];
        list.Add(place);
    }

    /// <summary>Asks for a value to be computed.</summary>
    public void Need(Expression e)
    {
        if (available.ContainsKey(e) || e.IsFixed || !needed.Add(e)) return;
        if (e.Kind == ExpressionKind.Affine)
        {
            if (jobs.ContainsKey(e)) return;
            foreach (var term in e.Terms) Need(term.Vector);
            if (e.A is not null) Need(e.A);
            return;
        }
        foreach (var operand in e.Operands) Need(operand);
    }

    /// <summary>Whether a value may be written over what lies in a place: nothing computed after it reads that.</summary>
    public bool CanOverwrite(StepOperand place, Expression value)
    {
        int level = Level(value);
        repeated = Repeated();
        bool isProduct = value.Kind == ExpressionKind.Affine;
        foreach (var e in needed)
            foreach (var operand in e.Operands)
                if (available.TryGetValue(operand, out var at) && at == place && (isProduct ? LastLevel(e) >= level : LastLevel(e) > level)) return false;
        foreach (var (e, _) in stores)
            if (available.TryGetValue(e, out var at) && at == place) return false;
        return true;
    }

    public StepProgram Build()
    {
        NeedAnew();
        foreach (var e in needed.Where(e => e.Kind == ExpressionKind.Affine && !jobs.ContainsKey(e)).ToArray()) AddJob(e);
        foreach (var job in jobs.Values)
            if (job.Addend is not null)
            {
                if (!addends.TryGetValue(job.Addend, out var list)) addends[job.Addend] = list = [];
                list.Add(job.Place);
            }
        repeated = Repeated();
        PlaceWhatCrossesStages();
        int last = needed.Select(Level).Append(jobs.Count == 0 ? -1 : jobs.Values.Max(JobLevel)).Append(stores.Keys.Concat(addends.Keys).Select(StoreLevel).Append(-1).Max()).Append(zeros.Count > 0 ? 0 : -1).Max();
        var stages = new List<StepStage>();
        for (int level = 0; level <= last; level++)
        {
            var (means, uniform) = (Means(level), Uniform(level));
            var products = Products(level);
            var tiles = Tiles(level);
            // Means and products read what other threads may have written, and uniform values are written where others may still read.
            bool meets = means.Length + uniform.Length + products.Length > 0 && (inLoop || level > 0);
            if (products.Length + tiles.Length + means.Length + uniform.Length > 0) stages.Add(new StepStage(products, tiles, meets) { Means = means, Uniform = uniform });
        }
        return new StepProgram([.. stages]);
    }

    // What was in no memory yet when it was asked for may be by now: what only led to it is not computed here a second time, out of values that are gone.
    private void NeedAnew()
    {
        needed.Clear();
        levels.Clear();
        foreach (var job in jobs.Values)
        {
            foreach (var term in job.Terms) Need(term.Vector);
            if (job.Addend is not null) Need(job.Addend);
        }
        foreach (var e in stores.Keys) Need(e);
    }

    // An affine node of a derivative: its addend is written to its place first, and the products continue from there.
    private void AddJob(Expression e)
    {
        StepOperand place;
        if (stores.TryGetValue(e, out var list))
        {
            place = list[0];
            list.RemoveAt(0);
        }
        else place = new StepOperand(plan.NewMatrix(scratch, e.Size), 0, 0);
        jobs[e] = new Job(e, e.Terms, place, null, e.A, e.A is not null);
    }

    private int Level(Expression e)
    {
        if (Shifted.TryGetValue(e, out var stored)) return StoreLevel(stored) + 1;
        if (available.ContainsKey(e) || e.IsFixed) return -1;
        if (levels.TryGetValue(e, out int known)) return known;
        int level = 0;
        if (e.Kind == ExpressionKind.Affine)
        {
            var (terms, addend) = jobs.TryGetValue(e, out var job) ? (job.Terms, job.Addend) : (e.Terms, e.A);
            foreach (var term in terms) level = Math.Max(level, Level(term.Vector) + 1);
            if (addend is not null) level = Math.Max(level, Math.Max(Level(addend), 0) + 1);
        }
        else
        {
            if (e.Kind is not (ExpressionKind.Elementwise or ExpressionKind.Mean)) throw new InvalidOperationException($"{e} is read where it has no value.");
            foreach (var operand in e.Operands) level = Math.Max(level, Level(operand) + (e.Kind == ExpressionKind.Mean ? 1 : 0));
        }
        return levels[e] = level;
    }

    /// <summary>Cheap functions of one vector in memory, of row vectors and of uniform values: every stage that reads one computes it again, which costs no more
    /// reading than its value would, and nothing is written.</summary>
    private HashSet<Expression> Repeated()
    {
        var readFromMemory = stores.Keys.Concat(addends.Keys).Concat(jobs.Values.SelectMany(job => job.Terms).Select(term => term.Vector))
            .Concat(needed.Where(e => e.Kind != ExpressionKind.Elementwise).SelectMany(e => e.Operands)).ToHashSet();
        var vectors = new Dictionary<Expression, Expression?>();
        foreach (var e in needed.Where(e => e.Kind == ExpressionKind.Elementwise && !e.IsUniform && !readFromMemory.Contains(e)).OrderBy(e => e.Id))
        {
            if (e.Operation!.IsCostly || e.Operation == ElementwiseOperation.Divide) continue;
            var read = e.Operands.Where(o => !o.IsUniform && !o.IsFixed).ToArray();
            if (!read.All(o => available.ContainsKey(o) || vectors.ContainsKey(o))) continue;
            var from = read.Select(o => available.ContainsKey(o) ? o : vectors[o]).OfType<Expression>().Distinct().ToArray();
            if (from.Length <= 1) vectors[e] = from.FirstOrDefault();
        }
        return [.. vectors.Keys];
    }

    /// <summary>The last stage in which a value is computed.</summary>
    private int LastLevel(Expression e) =>
        repeated.Contains(e) ? needed.Where(user => user.Operands.Contains(e)).Select(LastLevel).Prepend(Level(e)).Max() : Level(e);

    private int JobLevel(Job job)
    {
        int level = 0;
        foreach (var term in job.Terms) level = Math.Max(level, Level(term.Vector) + 1);
        if (job.Addend is not null) level = Math.Max(level, Math.Max(Level(job.Addend), 0) + 1);
        return level;
    }

    private int StoreLevel(Expression e) => Math.Max(Level(e), 0);

    private void PlaceWhatCrossesStages()
    {
        bool HasPlace(Expression e) => available.ContainsKey(e) || jobs.ContainsKey(e) || stores.TryGetValue(e, out var list) && list.Count > 0;
        void Place(Expression e)
        {
            if (HasPlace(e) || e.Kind is not (ExpressionKind.Elementwise or ExpressionKind.Mean)) return;
            stores[e] = [plan.NewPlace(scratch, e)];
        }

        foreach (var job in jobs.Values)
            foreach (var term in job.Terms) Place(term.Vector);
        foreach (var e in needed.Where(e => e.Kind is ExpressionKind.Elementwise or ExpressionKind.Mean).ToArray())
        {
            if (e.Kind == ExpressionKind.Mean) Place(e);
            foreach (var operand in e.Operands)
                if (needed.Contains(operand) && !repeated.Contains(operand) && (Level(operand) < Level(e) || operand.IsUniform != e.IsUniform)) Place(operand);
        }
    }

    /// <summary>Where a value can be read in memory.</summary>
    private StepOperand PlaceOf(Expression e) =>
        available.TryGetValue(e, out var place) ? place : jobs.TryGetValue(e, out var job) ? job.Place : stores[e][0];

    private ProductPass[] Products(int level)
    {
        var passes = new List<ProductPass>();
        var here = jobs.Values.Where(job => JobLevel(job) == level)
            .GroupBy(job => (job.Affine.Size, Start(job), string.Join(',', job.Terms.Select(t => $"{PlaceOf(t.Vector)}{t.Transposed}"))));
        foreach (var group in here)
        {
            var joined = group.OrderBy(job => job.Place.Matrix).ThenBy(job => job.Place.Block).ToArray();
            var sources = Sources(joined);
            plan.Panels.Add(new PanelSpec(group.Key.Size, joined.Length, [.. sources.Select(s => (s.Source.K, s.Pieces))],
                group.Key.Item2 == TileStart.Bias ? [.. joined.Select(job => job.Bias)] : []));
            passes.Add(new ProductPass(group.Key.Size, [.. joined.Select(job => job.Place)], [.. sources.Select(s => s.Source)], group.Key.Item2, plan.Panels.Count - 1));
        }
        return [.. passes];
    }

    private static TileStart Start(Job job) => job.Continues || job.Addend is not null ? TileStart.Destination : job.Bias is not null ? TileStart.Bias : TileStart.Zero;

    /// <summary>Vectors that lie next to each other are read as one run of k.</summary>
    private List<(ProductSource Source, PanelPiece[] Pieces)> Sources(Job[] joined)
    {
        var terms = joined[0].Terms.Select((term, index) => (Term: term, Index: index, Place: PlaceOf(term.Vector)))
            .OrderBy(t => t.Place.Matrix).ThenBy(t => t.Place.Shift).ThenBy(t => t.Place.Block).ToArray();
        var sources = new List<(ProductSource, PanelPiece[])>();
        for (int i = 0; i < terms.Length;)
        {
            var first = terms[i].Place;
            var pieces = new List<PanelPiece>();
            int k = 0;
            for (; i < terms.Length; i++)
            {
                var (term, index, place) = terms[i];
                int blocks = CellPlan.BlocksOf(k);
                if (place.Matrix != first.Matrix || place.Shift != first.Shift || place.Block != first.Block + blocks) break;
                pieces.Add(new PanelPiece(blocks * ProductTile.Block, term.Vector.Size, [.. joined.Select(job => job.Terms[index].Matrix)], term.Transposed));
                k = blocks * ProductTile.Block + term.Vector.Size;
            }
            sources.Add((new ProductSource(first, k), [.. pieces]));
        }
        return sources;
    }

    private MeanPass[] Means(int level) =>
        [.. needed.Where(e => e.Kind == ExpressionKind.Mean && Level(e) == level).OrderBy(e => e.Id).Select(e => new MeanPass(e.Size, PlaceOf(e.A!), stores[e][0]))];

    /// <summary>Elementwise work on values that are one number for each sequence.</summary>
    private TilePass[] Uniform(int level)
    {
        var values = needed.Where(e => e.IsUniform && e.Kind == ExpressionKind.Elementwise && Level(e) == level).ToHashSet();
        if (values.Count == 0) return [];
        var tile = new TilePassBuilder(plan, cell, ProductTile.Block, values.Contains, PlaceOf, UsesElsewhere(values));
        return [tile.Build(values, e => [.. stores.GetValueOrDefault(e) ?? []])];
    }

    private TilePass[] Tiles(int level)
    {
        var values = needed.Where(e => e.Kind == ExpressionKind.Elementwise && !e.IsUniform && !repeated.Contains(e) && Level(e) == level).ToHashSet();
        void Repeat(Expression reader)
        {
            foreach (var operand in reader.Operands)
                if (repeated.Contains(operand) && values.Add(operand)) Repeat(operand);
        }

        foreach (var e in values.ToArray()) Repeat(e);
        // Values that are stored though they are not computed here (a copy), or were computed by a product.
        var copies = stores.Concat(addends).Where(s => !s.Key.IsUniform && StoreLevel(s.Key) == level && !values.Contains(s.Key)).SelectMany(s => s.Value.Select(place => (From: s.Key, Place: place))).ToList();
        var sizes = values.Select(e => e.Size).Concat(copies.Select(c => c.From.Size)).Concat(level == 0 ? zeros.Select(z => z.Size) : []).Distinct().Order();
        var passes = new List<TilePass>();
        foreach (int size in sizes)
        {
            var tile = new TilePassBuilder(plan, cell, size, e => values.Contains(e) && e.Size == size, PlaceOf, UsesElsewhere(values));
            foreach (var (from, place) in copies)
                if (from.Size == size) tile.Copy(from, place);
            if (level == 0)
                foreach (var (place, zeroSize) in zeros)
                    if (zeroSize == size) tile.Zero(place);
            passes.Add(tile.Build(values.Where(e => e.Size == size), e => [.. stores.GetValueOrDefault(e) ?? [], .. addends.GetValueOrDefault(e) ?? []]));
        }
        return [.. passes];
    }

    /// <summary>How often each value is read within the program; a stored value counts once more.</summary>
    private Func<Expression, int> UsesElsewhere(HashSet<Expression> values)
    {
        var uses = new Dictionary<Expression, int>();
        foreach (var e in needed)
            foreach (var operand in e.Operands)
                if (values.Contains(operand)) uses[operand] = uses.GetValueOrDefault(operand) + 1;
        foreach (var job in jobs.Values)
            foreach (var operand in job.Terms.Select(t => t.Vector).Concat(job.Addend is null ? [] : [job.Addend]))
                if (values.Contains(operand)) uses[operand] = uses.GetValueOrDefault(operand) + 1;
        return e => uses.GetValueOrDefault(e) + (stores.ContainsKey(e) || addends.ContainsKey(e) ? 1 : 0);
    }
}
