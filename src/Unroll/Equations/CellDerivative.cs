namespace Unroll.Equations;

/// <summary>The backward pass of one time step, as expressions: reverse-mode differentiation of a cell's equations (backpropagation through
/// time is this step run from the last to the first). The adjoints of the previous states carry on to the step before; the adjoints of
/// the affine nodes give the weight gradients, ∂L/∂W = Σₜ (∂L/∂aₜ) vₜᵀ, which the planner takes out of the loop.</summary>
internal sealed class CellDerivative
{
    private readonly Dictionary<Expression, Contributions> contributions = [];

    private readonly ElementwiseRecurrence? recurrence;

    public CellDerivative(CellEquations cell, ElementwiseRecurrence? recurrence = null)
    {
        Cell = cell;
        this.recurrence = recurrence;
        var forward = cell.Nodes.ToArray();
        StateAdjoints = new Expression[cell.States.Count];
        PreviousStates = new Expression?[cell.States.Count];
        for (int i = 0; i < cell.States.Count; i++)
        {
            StateAdjoints[i] = cell.StateAdjoint(i);
            Of(cell.States[i].Next!).Addends.Add(StateAdjoints[i]);
        }
        OutputAdjoint = cell.OutputAdjoint();
        Of(cell.OutputValue!).Addends.Add(OutputAdjoint);
        for (int i = forward.Length - 1; i >= 0; i--) Visit(forward[i]);
    }

    public CellEquations Cell { get; }
    /// <summary>∂L/∂(state after this step), the leaves that the step after fills.</summary>
    public Expression[] StateAdjoints { get; }
    /// <summary>∂L/∂(output of this step).</summary>
    public Expression OutputAdjoint { get; }
    /// <summary>∂L/∂(state before this step), null where it is zero.</summary>
    public Expression?[] PreviousStates { get; }
    /// <summary>∂L/∂x, null where it is zero.</summary>
    public Expression? Input { get; private set; }
    /// <summary>The adjoint of each affine node of the equations.</summary>
    public List<(Expression Affine, Expression Adjoint)> Affines { get; } = [];
    /// <summary>The adjoint of each vector parameter that is not a bias, before it is summed over the batch and time.</summary>
    public List<(VectorParameter Vector, Expression Adjoint)> Vectors { get; } = [];

    private void Visit(Expression node)
    {
        if (!contributions.TryGetValue(node, out var sum)) return;
        // Of an elementwise operation or a mean it may be one number for each sequence; others keep theirs in memory.
        var adjoint = sum.Total(Cell, node.Kind is not (ExpressionKind.Elementwise or ExpressionKind.Mean), recurrence?.Contains(node) == true);
        switch (node.Kind)
        {
            case ExpressionKind.Input: Input = adjoint; break;
            case ExpressionKind.State: PreviousStates[node.StateIndex] = adjoint; break;
            case ExpressionKind.Vector: Vectors.Add((node.Vector!, adjoint)); break;
            case ExpressionKind.Affine:
                Affines.Add((node, adjoint));
                foreach (var term in node.Terms) Of(term.Vector).Terms.Add(new AffineTerm(term.Matrix, !term.Transposed, adjoint));
                break;
            case ExpressionKind.Elementwise:
                // A copy (a + 0) passes its adjoint on unchanged, as addition does.
                var (a, b) = node.Operation!.Derivative(adjoint, node, node.A!, node.B);
                Add(node, node.A!, a);
                if (node.B is not null) Add(node, node.B, b);
                break;
            case ExpressionKind.Mean:
                // y_i = Σⱼ xⱼ / n for every i, so ∂L/∂xⱼ = Σᵢ ∂L/∂yᵢ / n: a mean again.
                Of(node.A!).Addends.Add(Cell.Mean(adjoint));
                break;
            case ExpressionKind.Constant:
            case ExpressionKind.Mask:
            default: break;
        }
    }

    // What a scalar adds to every feature comes back as a sum over the features.
    private void Add(Expression node, Expression operand, Expression? adjoint)
    {
        if (adjoint is null || operand.Kind is ExpressionKind.Constant or ExpressionKind.Mask) return;
        Of(operand).Addends.Add(operand.Size == 0 && node.Size > 0 ? Cell.Mean(adjoint) * node.Size : adjoint);
    }

    private Contributions Of(Expression node)
    {
        if (!contributions.TryGetValue(node, out var sum)) contributions[node] = sum = new Contributions();
        return sum;
    }

    private sealed class Contributions
    {
        public List<AffineTerm> Terms { get; } = [];
        public List<Expression> Addends { get; } = [];

        /// <summary>The sum.</summary>
        /// <param name="cell">The equations.</param>
        /// <param name="whole">Whether each feature of it must have a place in memory.</param>
        /// <param name="apart">Whether the products are a value of their own, so that what is added to them may be scanned.</param>
        public Expression Total(CellEquations cell, bool whole, bool apart)
        {
            var addend = Addends.Count == 0 ? null : Addends.Aggregate((a, b) => a + b);
            if (addend is not null && (whole || Terms.Count > 0)) addend = cell.Whole(addend);
            if (apart && Terms.Count > 0 && addend is not null) return cell.Affine([.. Terms], null) + addend;
            return Terms.Count == 0 ? addend! : cell.Affine([.. Terms], addend);
        }
    }
}
