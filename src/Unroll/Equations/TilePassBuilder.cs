using Unroll.Kernels;

namespace Unroll.Equations;

/// <summary>Turns elementwise expressions of one stage into a tile program: joins patterns into one operation, orders the instructions so that
/// a value written over another comes after its last reader, and hands out scratch tiles.</summary>
internal sealed class TilePassBuilder(CellPlan plan, CellEquations cell, int size, Func<Expression, bool> isHere, Func<Expression, StepOperand> placeOf, Func<Expression, int> uses)
{
    /// <summary>One instruction before ordering: its operation, operands and what it computes.</summary>
    private sealed record Item(Expression? Value, TileOperation Operation, Expression[] Operands, StepOperand[] Places);

    private readonly List<Item> items = [];
    private readonly List<StepOperand> memory = [];
    private readonly List<TileInstruction> instructions = [];
    private readonly Dictionary<Expression, int> where = [];
    private readonly Dictionary<Expression, int> remaining = [];
    private readonly Stack<int> free = [];
    private readonly SortedSet<int> stored = [];
    private int scratch;

    /// <summary>Adds a copy of a value that is in memory already.</summary>
    public void Copy(Expression from, StepOperand place) => items.Add(new Item(null, TileOperation.Copy, [from], [place]));

    /// <summary>Adds zeros.</summary>
    public void Zero(StepOperand place) => items.Add(new Item(null, TileOperation.Copy, [cell.Constant(0)], [place]));

    public TilePass Build(IEnumerable<Expression> values, Func<Expression, StepOperand[]> stores)
    {
        var joined = new HashSet<Expression>();
        foreach (var e in values.OrderByDescending(e => e.Id))
        {
            if (joined.Contains(e)) continue;
            items.Add(Join(e, stores(e), joined));
        }
        items.Reverse();
        foreach (var item in items)
            foreach (var operand in item.Operands)
                if (isHere(operand)) remaining[operand] = remaining.GetValueOrDefault(operand) + 1;
        Order();
        // Scratch tiles are numbered after the operands in memory, whose count is known only now.
        int count = memory.Count;
        int Final(int operand) => operand >= 0 ? operand : count + ~operand;
        return new TilePass(size, [.. memory], scratch,
            [.. instructions.Select(i => new TileInstruction(i.Operation, Final(i.Y), Final(i.A), Final(i.B), Final(i.C)))], [.. stored]);
    }

    private Item Join(Expression e, StepOperand[] places, HashSet<Expression> joined)
    {
        bool Alone(Expression? x, ElementwiseOperation operation) =>
            x is { Kind: ExpressionKind.Elementwise } && x.Operation == operation && isHere(x) && uses(x) == 1;
        bool IsOneMinus(Expression x, Expression z) =>
            Alone(x, ElementwiseOperation.Subtract) && x.A is { Kind: ExpressionKind.Constant, Value: 1 } && x.B == z;

        if (e.Operation == ElementwiseOperation.Add)
        {
            // (1 − z) ⊙ a + z ⊙ b, in either order.
            foreach (var (p, q) in new[] { (e.A!, e.B!), (e.B!, e.A!) })
                if (p != q && Alone(p, ElementwiseOperation.Multiply) && Alone(q, ElementwiseOperation.Multiply))
                    foreach (var (z, b) in new[] { (q.A!, q.B!), (q.B!, q.A!) })
                        foreach (var (oneMinus, a) in new[] { (p.A!, p.B!), (p.B!, p.A!) })
                            if (IsOneMinus(oneMinus, z))
                            {
                                joined.UnionWith([p, q, oneMinus]);
                                return new Item(e, TileOperation.Interpolate, [z, b, a], places);
                            }
            foreach (var (product, addend) in new[] { (e.A!, e.B!), (e.B!, e.A!) })
                if (product != addend && Alone(product, ElementwiseOperation.Multiply))
                {
                    joined.Add(product);
                    return new Item(e, TileOperation.MultiplyAdd, [product.A!, product.B!, addend], places);
                }
            // A copy.
            if (e.IsCopy) return new Item(e, TileOperation.Copy, [e.A!], places);
        }
        return new Item(e, e.Operation!.Kernel, [.. e.Operands], places);
    }

    private void Order()
    {
        var pending = new List<Item>(items);
        var done = new HashSet<Expression>();
        var late = new List<(Item Item, int From)>();
        while (pending.Count > 0)
        {
            bool IsReady(Item item) => item.Operands.All(o => !isHere(o) || done.Contains(o));
            // Someone else still reads what lies where the item writes.
            bool IsSafe(Item item) => !item.Places.Any(place => pending.Any(other => other != item && other.Operands.Any(o => !isHere(o) && Reads(o) == place)));
            var next = pending.Find(item => IsReady(item) && IsSafe(item));
            bool postponed = next is null;
            next ??= pending.First(IsReady);
            pending.Remove(next);
            Emit(next, postponed, late);
            if (next.Value is not null) done.Add(next.Value);
        }
        foreach (var (item, from) in late)
            foreach (var place in item.Places) instructions.Add(new TileInstruction(TileOperation.Copy, Stored(place), from, 0, 0));
    }

    private void Emit(Item item, bool postponed, List<(Item Item, int From)> late)
    {
        Span<int> operands = [0, 0, 0];
        for (int i = 0; i < item.Operands.Length; i++) operands[i] = Read(item.Operands[i]);
        int y;
        if (postponed || item.Places.Length == 0)
        {
            y = free.Count > 0 ? free.Pop() : ~scratch++;
            if (postponed) late.Add((item, y));
        }
        else y = Stored(item.Places[0]);
        instructions.Add(new TileInstruction(item.Operation, y, operands[0], operands[1], operands[2]));
        if (!postponed)
            for (int i = 1; i < item.Places.Length; i++) instructions.Add(new TileInstruction(TileOperation.Copy, Stored(item.Places[i]), y, 0, 0));
        if (item.Value is not null) where[item.Value] = y;
        foreach (var operand in item.Operands)
            if (isHere(operand) && --remaining[operand] == 0 && where[operand] < 0 && !late.Exists(l => l.Item.Value == operand)) free.Push(where[operand]);
    }

    private StepOperand Reads(Expression e) => e.IsFixed ? StepOperand.RowVector(plan.RowVector(e)) : placeOf(e);

    private int Read(Expression e) => isHere(e) ? where[e] : Memory(Reads(e));

    private int Memory(StepOperand place)
    {
        int known = memory.IndexOf(place);
        if (known >= 0) return known;
        memory.Add(place);
        return memory.Count - 1;
    }

    private int Stored(StepOperand place)
    {
        int index = Memory(place);
        stored.Add(index);
        return index;
    }
}
