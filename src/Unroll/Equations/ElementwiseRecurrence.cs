namespace Unroll.Equations;

/// <summary>A cell in which no matrix and no mean stands between a state and its next value, as where the recurrence is linear in the state: each feature then has a loop
/// over time of its own, a scan, and products and means, before it and after it, are computed for all steps together. Martin &amp; Cundy 2018, "Parallelizing linear
/// recurrent neural nets over sequence length".</summary>
internal sealed class ElementwiseRecurrence
{
    private readonly CellEquations cell;
    private readonly HashSet<Expression> cycle;

    private ElementwiseRecurrence(CellEquations cell, HashSet<int> delays, HashSet<Expression> cycle) => (this.cell, Delays, this.cycle) = (cell, delays, cycle);

    /// <summary>States whose next value depends on the input alone, such as the input one step before: known for all steps before the scan.</summary>
    public HashSet<int> Delays { get; }

    /// <summary>Finds out whether a cell is of this kind.</summary>
    /// <returns>Null if it is not.</returns>
    public static ElementwiseRecurrence? Of(CellEquations cell)
    {
        var delays = new HashSet<int>();
        HashSet<Expression> recurrent;
        for (int known = -1; ;)
        {
            recurrent = Above(cell.Nodes, e => e.Kind == ExpressionKind.State && !delays.Contains(e.StateIndex));
            if (known == delays.Count) break;
            known = delays.Count;
            delays.UnionWith(cell.States.Where(state => !recurrent.Contains(state.Next!)).Select(state => state.Previous.StateIndex));
        }
        var cycle = Between(recurrent, cell.States.Where(state => !delays.Contains(state.Previous.StateIndex)).Select(state => state.Next!));
        return cycle.All(IsElementwise) ? new ElementwiseRecurrence(cell, delays, cycle) : null;
    }

    /// <summary>Whether a value belongs to the recurrence: it stands between a state and a state's next value.</summary>
    public bool Contains(Expression e) => cycle.Contains(e);

    /// <summary>The products and means of states, and what is made of them: after the loop, for all steps together.</summary>
    /// <param name="forward">The forward equations.</param>
    /// <param name="isHoistable">Whether a value depends on the input alone.</param>
    public static HashSet<Expression> Late(IReadOnlyList<Expression> forward, Func<Expression, bool> isHoistable) => Above(forward, e => !IsElementwise(e) && !isHoistable(e));

    /// <summary>The same of the backward pass, with the adjoints that delayed states bring back from the step after.</summary>
    public HashSet<Expression> LateAdjoints(CellDerivative derivative)
    {
        bool IsDelay(Expression e) => e.Kind == ExpressionKind.StateAdjoint && Delays.Contains(e.StateIndex);
        var recurrent = Above(cell.Nodes, e => e.Kind == ExpressionKind.StateAdjoint);
        var late = Above(cell.Nodes, e => IsDelay(e) || !IsElementwise(e) && recurrent.Contains(e));
        return cell.States.All(state => Delays.Contains(state.Previous.StateIndex) || derivative.PreviousStates[state.Previous.StateIndex] is not { } adjoint || !late.Contains(adjoint)) ? late
            : throw new InvalidOperationException($"{cell.CellName}: the backward scan has products.");
    }

    /// <summary>The products and means of the backward pass that no state's adjoint is part of: before the loop, for all steps together.</summary>
    public HashSet<Expression> EarlyAdjoints()
    {
        var recurrent = Above(cell.Nodes, e => e.Kind == ExpressionKind.StateAdjoint);
        return [.. cell.Nodes.Where(e => (!IsElementwise(e) || e.IsUniform) && !recurrent.Contains(e))];
    }

    /// <summary>What is computed from values outside a set, and is not in memory: those of them that are in the set.</summary>
    /// <param name="readers">Who reads, with all that is computed for them.</param>
    /// <param name="isAsked">The set.</param>
    /// <param name="available">What is in memory.</param>
    public static List<Expression> Read(IEnumerable<Expression> readers, Func<Expression, bool> isAsked, Func<Expression, bool> available)
    {
        var seen = new HashSet<Expression>();
        var found = new List<Expression>();
        void Visit(Expression e)
        {
            if (e.IsFixed || available(e) || !seen.Add(e)) return;
            if (isAsked(e)) found.Add(e);
            else foreach (var operand in e.Operands) Visit(operand);
        }

        foreach (var reader in readers) Visit(reader);
        return found;
    }

    private static bool IsElementwise(Expression e) => e.Kind is not (ExpressionKind.Affine or ExpressionKind.Mean);

    /// <summary>The leaves and what depends on them.</summary>
    private static HashSet<Expression> Above(IReadOnlyList<Expression> nodes, Func<Expression, bool> isLeaf)
    {
        var found = new HashSet<Expression>();
        foreach (var e in nodes)
            if (isLeaf(e) || e.Operands.Any(found.Contains)) found.Add(e);
        return found;
    }

    /// <summary>Those that the results depend on.</summary>
    private static HashSet<Expression> Between(HashSet<Expression> nodes, IEnumerable<Expression> results)
    {
        var found = new HashSet<Expression>();
        void Visit(Expression e)
        {
            if (!nodes.Contains(e) || !found.Add(e)) return;
            foreach (var operand in e.Operands) Visit(operand);
        }

        foreach (var result in results) Visit(result);
        return found;
    }
}
