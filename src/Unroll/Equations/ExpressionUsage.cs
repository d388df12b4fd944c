namespace Unroll.Equations;

/// <summary>Who reads whom among a cell's forward equations.</summary>
internal sealed class ExpressionUsage
{
    private readonly Dictionary<Expression, List<Expression>> users = [];
    private readonly HashSet<Expression> recurrent = [];

    public ExpressionUsage(IReadOnlyList<Expression> forward, CellEquations cell, ElementwiseRecurrence? recurrence = null, bool stepByStep = false)
    {
        foreach (var e in forward)
        {
            users[e] = [];
            if (stepByStep || e.Kind == ExpressionKind.State && recurrence?.Delays.Contains(e.StateIndex) != true) recurrent.Add(e);
            foreach (var operand in e.Operands)
            {
                users[operand].Add(e);
                if (recurrent.Contains(operand)) recurrent.Add(e);
            }
        }
        Results = [.. cell.States.Select(s => s.Next!), cell.OutputValue!];
    }

    /// <summary>What outlives the step: it is stored whoever reads it.</summary>
    public HashSet<Expression> Results { get; }

    /// <summary>Whether a value depends on the input alone, so that it can be computed for all steps before the loop.</summary>
    public bool IsHoistable(Expression e) => !recurrent.Contains(e);

    /// <summary>The affine node that ends in this value alone: what lies in its place is of no use once the value is computed.</summary>
    public Expression? SoleSum(Expression e, HashSet<Expression> taken)
    {
        foreach (var operand in e.Operands)
        {
            if (users[operand].Count != 1 || operand.Size != e.Size || Results.Contains(operand)) continue;
            if (operand.Kind == ExpressionKind.Affine)
            {
                if (!taken.Contains(operand)) return operand;
            }
            else if (operand.Kind == ExpressionKind.Elementwise && e.Kind == ExpressionKind.Elementwise && SoleSum(operand, taken) is { } sum) return sum;
        }
        return null;
    }
}
