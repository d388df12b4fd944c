using Unroll.Cells;

namespace Unroll.Equations;

/// <summary>Collects the equations of one cell at given sizes: its states, parameters, next states and output.
/// <see cref="Cell.Define"/> receives one and fills it.</summary>
public sealed class CellEquations
{
    private readonly Dictionary<(ElementwiseOperation, int, int), Expression> elementwise = [];
    private readonly Dictionary<double, Expression> constants = [];
    private readonly Dictionary<Expression, int> scalarSizes = [];
    private readonly Dictionary<Expression, Expression> means = [];
    private readonly List<Expression> nodes = [];
    private readonly List<StateEquation> states = [];
    private readonly List<StoredParameter> stores = [];
    private readonly HashSet<string> names = [];
    private readonly Dictionary<Expression, Expression> dropped = [];
    private readonly StateNoise noise;
    private bool isComplete;
    private const double LayerNormEpsilon = 1e-5;

    internal CellEquations(string cellName, int inputSize, int hiddenSize, StateNoise noise = default)
    {
        (CellName, InputSize, HiddenSize, this.noise) = (cellName, inputSize, hiddenSize, noise);
        Input = Add(new Expression(this, nodes.Count, ExpressionKind.Input, inputSize, "x"));
    }

    /// <summary>x, the input at this step: [batch, <see cref="InputSize"/>].</summary>
    public Expression Input { get; }
    /// <summary>Features of the input.</summary>
    public int InputSize { get; }
    /// <summary>The layer's hidden size: that of a state unless it says otherwise.</summary>
    public int HiddenSize { get; }
    internal string CellName { get; }
    internal IReadOnlyList<Expression> Nodes => nodes;
    internal IReadOnlyList<StateEquation> States => states;
    internal IReadOnlyList<StoredParameter> Stores => stores;
    /// <summary>The masks of dropout on states and of zoneout.</summary>
    internal List<StepMask> Masks { get; } = [];
    internal List<MatrixParameter> Matrices { get; } = [];
    internal List<VectorParameter> Vectors { get; } = [];
    /// <summary>The layer normalisations, whose nodes belong together: elsewhere they are one operation.</summary>
    internal List<LayerNormalisation> Norms { get; } = [];
    /// <summary>The equations that have names, in order: what documentation and error messages print.</summary>
    internal List<(string Name, Expression Value)> Named { get; } = [];
    internal Expression? OutputValue { get; private set; }
    /// <summary>Multiply-adds of a step's products, for each sequence.</summary>
    internal long MultiplyAdds { get; private set; }

    /// <summary>Declares a state and gives its value at the end of the previous step: [batch, size].</summary>
    /// <param name="name">The letter of the equations, such as h or c.</param>
    /// <param name="size">Features; the hidden size if not given.</param>
    /// <exception cref="EquationException">The name is taken, or the size is not positive.</exception>
    public Expression State(string name, int? size = null)
    {
        Claim(name);
        int features = size ?? HiddenSize;
        if (features <= 0) throw new EquationException($"{CellName}: state {name} has size {features}; give it at least 1.");
        var previous = Add(new Expression(this, nodes.Count, ExpressionKind.State, features, name, state: states.Count));
        states.Add(new StateEquation(name, previous));
        return previous;
    }

    /// <summary>W v + … + b: one matrix for each vector, named W when it multiplies the input and U otherwise, and one bias.</summary>
    /// <param name="gate">The gate's letter: <c>Affine("i", x, h)</c> is W_i x + U_i h + b_i.</param>
    /// <param name="vectors">What the matrices multiply.</param>
    /// <exception cref="EquationException">The name is taken or no vector is given.</exception>
    public Expression Affine(string gate, params ReadOnlySpan<Expression> vectors) => Affine(gate, HiddenSize, true, ParameterStart.Default, vectors);

    /// <summary>W v + … + b with a size of its own, with or without the bias.</summary>
    /// <param name="gate">The gate's letter.</param>
    /// <param name="size">Features of the result.</param>
    /// <param name="bias">Whether b is added.</param>
    /// <param name="biasStart">How b starts.</param>
    /// <param name="vectors">What the matrices multiply.</param>
    /// <exception cref="EquationException">The name is taken, the size is not positive or no vector is given.</exception>
    public Expression Affine(string gate, int size, bool bias, ParameterStart biasStart, params ReadOnlySpan<Expression> vectors)
    {
        if (vectors.Length == 0) throw new EquationException($"{CellName}: the gate {gate} multiplies nothing; give Affine(\"{gate}\", …) at least one vector, such as x or h.");
        if (size <= 0) throw new EquationException($"{CellName}: the gate {gate} has size {size}; give it at least 1.");
        var terms = new AffineTerm[vectors.Length];
        for (int i = 0; i < terms.Length; i++)
        {
            var vector = Whole(Own(vectors[i], gate));
            if (vector.Size == 0) throw new EquationException($"{CellName}: the gate {gate} multiplies the constant {vector}; a matrix multiplies a vector, such as x or h.");
            bool isInput = vector == Input;
            string letter = isInput ? "W" : "U";
            string name = NewName(letter, gate);
            Claim(name);
            var store = Store(isInput ? ParameterRole.InputWeight : ParameterRole.StateWeight, vector.Size, isInput ? "weight_ih" : "weight_hh", name);
            var matrix = new MatrixParameter(name, size, vector.Size, store, store.Rows);
            store.Rows += size;
            Matrices.Add(matrix);
            terms[i] = new AffineTerm(matrix, false, Dropped(vector));
        }
        bool readsInput = terms.Any(term => term.Vector == Input);
        var b = bias ? NewVector(NewName("b", gate), size, readsInput ? ParameterRole.InputBias : ParameterRole.StateBias, biasStart).Vector : null;
        return Add(new Expression(this, nodes.Count, ExpressionKind.Affine, size, gate, terms: terms, vector: b));
    }

    /// <summary>Uᵀ v: the transpose of a matrix that stands in the equations already.</summary>
    /// <param name="matrix">The matrix's name, such as U_h.</param>
    /// <param name="vector">What it multiplies: [batch, rows of the matrix].</param>
    /// <exception cref="EquationException">There is no such matrix, or the sizes do not agree.</exception>
    public Expression Transposed(string matrix, Expression vector)
    {
        var found = MatrixOf(matrix, "Transposed");
        vector = Whole(Own(vector, matrix));
        if (vector.Size != found.Rows) throw new EquationException($"{CellName}: {matrix}ᵀ {vector}: the matrix has {found.Rows} rows, the vector {vector.Size} features; make them equal.");
        return Affine([new AffineTerm(found, true, Dropped(vector))], null);
    }

    private MatrixParameter MatrixOf(string name, string caller) => Matrices.Find(m => m.Name == name)
        ?? throw new EquationException($"{CellName}: {caller}(\"{name}\", …): there is no matrix {name}; the matrices so far are {string.Join(", ", Matrices.Select(m => m.Name))}.");

    /// <summary>A parameter vector, such as a peephole weight: [size].</summary>
    /// <param name="name">Its letter.</param>
    /// <param name="size">Features; the hidden size if not given.</param>
    /// <param name="start">How it starts.</param>
    /// <exception cref="EquationException">The name is taken, or the size is not positive.</exception>
    public Expression Vector(string name, int? size = null, ParameterStart start = ParameterStart.Default)
    {
        int features = size ?? HiddenSize;
        if (features <= 0) throw new EquationException($"{CellName}: the vector {name} has size {features}; give it at least 1.");
        return Add(NewVector(name, features, ParameterRole.Vector, start));
    }

    /// <summary>A parameter vector that starts as a function of random numbers, such as moduli spread over a ring: [hidden size].</summary>
    /// <param name="name">Its letter.</param>
    /// <param name="drawn">What each number starts as, given one that is uniform in (0, 1).</param>
    /// <exception cref="EquationException">The name is taken.</exception>
    public Expression Vector(string name, Func<double, double> drawn)
    {
        ArgumentNullException.ThrowIfNull(drawn);
        var vector = Vector(name);
        vector.Vector!.Drawn = drawn;
        return vector;
    }

    /// <summary>A parameter that is one number, the same for every feature: [1]. It combines with vectors of one size.</summary>
    /// <param name="name">Its letter.</param>
    /// <param name="start">What it starts as.</param>
    /// <exception cref="EquationException">The name is taken.</exception>
    public Expression Scalar(string name, double start) => Add(NewVector(name, 1, ParameterRole.Vector, ParameterStart.Zeros, value: start, isScalar: true));

    /// <summary>A bias that is not part of an affine sum, as where the sum is normalised first: [hidden size], at first 0.</summary>
    /// <param name="gate">The gate's letter: <c>Bias("i")</c> is b_i.</param>
    /// <param name="start">How it starts.</param>
    /// <exception cref="EquationException">The name is taken.</exception>
    public Expression Bias(string gate, ParameterStart start = ParameterStart.Default) =>
        Add(NewVector(NewName("b", gate), HiddenSize, ParameterRole.InputBias, start));

    /// <summary>Says how a matrix starts, where the layer's options do not say it.</summary>
    /// <param name="matrix">The matrix's name, such as U_h.</param>
    /// <param name="start">How it starts: <see cref="ParameterStart.Identity"/> or <see cref="ParameterStart.Zeros"/>.</param>
    /// <exception cref="EquationException">There is no such matrix, or a matrix cannot start so.</exception>
    public void Start(string matrix, ParameterStart start)
    {
        var found = MatrixOf(matrix, "Start");
        if (start is not (ParameterStart.Identity or ParameterStart.Zeros))
            throw new EquationException($"{CellName}: the matrix {matrix} cannot start as {start}; choose Identity or Zeros.");
        found.Start = start;
    }

    /// <summary>Layer normalisation, γ ⊙ (v − μ) / √(σ² + ε): mean 0 and variance 1 over the features, times a learned gain, at first 1. The bias, where
    /// one is wanted, is <see cref="Bias"/>. Ba, Kiros &amp; Hinton 2016.</summary>
    /// <param name="name">The letter of μ, of 1 / √(σ² + ε), written s, and of the gain γ.</param>
    /// <param name="vector">What is normalised: [batch, size].</param>
    /// <exception cref="EquationException">The name is taken, or the vector is a constant.</exception>
    public Expression LayerNorm(string name, Expression vector) => LayerNorm(name, [vector])[0];

    /// <summary>Layer normalisation of several vectors by the mean and variance of all their features together, such as the gates of a cell. Their gains lie
    /// in one stored parameter, [vectors · size].</summary>
    /// <param name="name">The letter of μ, of 1 / √(σ² + ε), written s, and of the gains γ.</param>
    /// <param name="vectors">What is normalised, each [batch, size].</param>
    /// <returns>The normalised vectors, in the same order.</returns>
    /// <exception cref="EquationException">The name is taken, no vector is given, one is a constant, or their sizes differ.</exception>
    public Expression[] LayerNorm(string name, params ReadOnlySpan<Expression> vectors)
    {
        if (vectors.Length == 0) throw new EquationException($"{CellName}: LayerNorm(\"{name}\") normalises nothing; give it at least one vector, such as h.");
        foreach (var vector in vectors)
        {
            if (Own(vector, name).Size == 0) throw new EquationException($"{CellName}: LayerNorm(\"{name}\") normalises the constant {vector}; give a vector, such as h.");
            if (vector.Size != vectors[0].Size)
                throw new EquationException($"{CellName}: LayerNorm(\"{name}\"): the sizes differ, {vectors[0].Size} and {vector.Size}; normalise vectors of one size together.");
        }
        // The mean of the vectors' sum is a sum over one vector's features, whatever their number.
        Expression MeanOf(IEnumerable<Expression> parts, int count) => Mean(parts.Aggregate((a, b) => a + b)) / count;
        Expression[] all = [.. vectors];
        var mean = Let($"μ_{name}", MeanOf(all, all.Length));
        var scale = Let($"s_{name}", 1 / Expression.Of(ElementwiseOperation.SquareRoot, MeanOf(all.Select(v => (v - mean) * (v - mean)), all.Length) + LayerNormEpsilon));
        var gains = new StoredParameter($"gain_{name}", ParameterRole.Gain, 0, stores.Count);
        stores.Add(gains);
        Expression[] results = [.. all.Select((v, i) => (v - mean) * scale * Add(NewVector(
            $"γ_{name}{(all.Length == 1 ? "" : v.Kind == ExpressionKind.Affine ? v.Name : i + 1)}", v.Size, ParameterRole.Gain, ParameterStart.Ones, gains)))];
        Norms.Add(new LayerNormalisation(name, all, results, gains));
        return results;
    }

    /// <summary>Names an expression, so that documentation and errors print it as an equation of its own.</summary>
    /// <param name="name">The left-hand side, such as z.</param>
    /// <param name="value">The right-hand side.</param>
    /// <returns><paramref name="value"/>.</returns>
    public Expression Let(string name, Expression value)
    {
        Own(value, name);
        Named.Add((name, value));
        return value;
    }

    /// <summary>Gives a state its value at the end of this step.</summary>
    /// <param name="state">What <see cref="State"/> returned.</param>
    /// <param name="value">Its next value, of the same size.</param>
    /// <exception cref="EquationException">Not a state, given twice, or of another size.</exception>
    public void Next(Expression state, Expression value)
    {
        var equation = StateOf(state, "Next");
        Own(value, equation.Name);
        if (equation.Next is not null) throw new EquationException($"{CellName}: the next {equation.Name} is given twice, {equation.Name} = {equation.Next} and {equation.Name} = {value}; keep one.");
        if (value.Size == 0) value = equation.Previous * 0 + value;
        if (value.Size != equation.Previous.Size)
            throw new EquationException($"{CellName}: {equation.Name} = {value}: the state has size {equation.Previous.Size}, its next value {value.Size}; make them equal.");
        if (value.IsUniform || value.IsFixed || value.Kind is not ExpressionKind.Elementwise || states.Any(other => other.Next == value || other.Computed == value)) value = Copy(value);
        (equation.Computed, equation.Next) = (value, ZonedOut(equation, value));
    }

    /// <summary>A state's value at the end of this step, to be used after <see cref="Next"/>.</summary>
    /// <exception cref="EquationException">Not a state, or its next value is not given yet.</exception>
    public Expression NextOf(Expression state)
    {
        var equation = StateOf(state, "NextOf");
        return equation.Computed ?? throw new EquationException($"{CellName}: the next {equation.Name} is read before it exists; write Next({equation.Name}, …) first.");
    }

    /// <summary>Says what the layer gives out at this step; the first state's next value if never called.</summary>
    /// <exception cref="EquationException">Called twice.</exception>
    public void Output(Expression value)
    {
        Own(value, "output");
        if (OutputValue is not null) throw new EquationException($"{CellName}: the output is given twice, {OutputValue} and {value}; keep one.");
        if (value.Size == 0) throw new EquationException($"{CellName}: the output is the constant {value}; give a vector, such as the next h.");
        OutputValue = value;
    }

    /// <summary>Checks that the equations are whole.</summary>
    internal CellEquations Complete()
    {
        if (states.Count == 0) throw new EquationException($"{CellName}: no state is declared; a recurrent cell has at least one, cell.State(\"h\").");
        foreach (var state in states)
            if (state.Next is null) throw new EquationException($"{CellName}: the state {state.Name} is never given its next value; add Next({state.Name}, …).");
        OutputValue = states.FirstOrDefault(state => OutputValue is null || state.Computed == OutputValue)?.Next ?? OutputValue;
        if (OutputValue!.IsUniform || OutputValue.IsFixed || OutputValue.Kind is not ExpressionKind.Elementwise) OutputValue = Copy(OutputValue);
        foreach (var node in nodes)
            foreach (var term in node.Terms) MultiplyAdds += (long)term.Matrix.Rows * term.Matrix.Columns;
        isComplete = true;
        return this;
    }

    internal Expression Constant(double value)
    {
        if (constants.TryGetValue(value, out var known)) return known;
        return constants[value] = Add(new Expression(this, nodes.Count, ExpressionKind.Constant, 0, value: value));
    }

    internal Expression Elementwise(ElementwiseOperation operation, Expression a, Expression? b)
    {
        Own(a, operation.Name);
        if (b is not null) Own(b, operation.Name);
        if (b is not null && a.Size != b.Size && a.Size != 0 && b.Size != 0)
        {
            string text = string.Format(System.Globalization.CultureInfo.InvariantCulture, operation.Text, EquationText.Operand(a, operation), EquationText.Operand(b, operation));
            throw new EquationException($"{CellName}: {text}: the sizes differ, {a.Size} and {b.Size}; make them equal.");
        }
        if (b is not null) CheckScalar(a, b);
        if (b is not null) CheckScalar(b, a);
        if (Simplify(operation, a, b) is { } simpler) return simpler;
        var key = (operation, a.Id, b?.Id ?? -1);
        if (elementwise.TryGetValue(key, out var known)) return known;
        return elementwise[key] = Add(new Expression(this, nodes.Count, ExpressionKind.Elementwise, Math.Max(a.Size, b?.Size ?? 0), operation: operation, a: a, b: b));
    }

    // The gradient of a scalar is a sum over features, of which there are so many.
    private void CheckScalar(Expression scalar, Expression vector)
    {
        if (scalar.Size > 0 || scalar.Kind == ExpressionKind.Constant || vector.Size == 0) return;
        if (scalarSizes.TryGetValue(scalar, out int size) && size != vector.Size)
            throw new EquationException($"{CellName}: the scalar {scalar} meets vectors of sizes {size} and {vector.Size}; declare one for each.");
        scalarSizes[scalar] = vector.Size;
    }

    private static bool IsOneNumber(Expression e) => e.IsUniform || e.Kind == ExpressionKind.Constant;

    internal Expression Mean(Expression a)
    {
        Own(a, "mean");
        // The mean of a constant, or of features that are all equal, is what they are.
        if (a.Size == 0 || a.IsUniform) return a;
        // What is equal in all features is a factor of the mean as well: one product for each sequence, not one for each feature.
        if (a.Operation == ElementwiseOperation.Multiply && IsOneNumber(a.B!)) return Mean(a.A!) * a.B!;
        if (a.Operation == ElementwiseOperation.Multiply && IsOneNumber(a.A!)) return a.A! * Mean(a.B!);
        if (a.Operation == ElementwiseOperation.Divide && IsOneNumber(a.B!)) return Mean(a.A!) / a.B!;
        if (means.TryGetValue(a, out var known)) return known;
        var whole = Whole(a);
        return means[a] = Add(new Expression(this, nodes.Count, ExpressionKind.Mean, a.Size, a: whole));
    }

    /// <summary>Products, transposed ones too, plus an addend.</summary>
    internal Expression Affine(AffineTerm[] terms, Expression? addend)
    {
        var first = terms[0];
        return Add(new Expression(this, nodes.Count, ExpressionKind.Affine, first.Transposed ? first.Matrix.Columns : first.Matrix.Rows, a: addend, terms: terms));
    }

    internal Expression StateAdjoint(int state) =>
        Add(new Expression(this, nodes.Count, ExpressionKind.StateAdjoint, states[state].Previous.Size, $"∂{states[state].Name}", state: state));

    internal Expression OutputAdjoint() => Add(new Expression(this, nodes.Count, ExpressionKind.OutputAdjoint, OutputValue!.Size, "∂y"));

    internal Expression Gathered(VectorParameter vector, int size) => Add(new Expression(this, nodes.Count, ExpressionKind.Gathered, size, $"Σ∂{vector.Name}"));

    /// <summary>A value that lies in memory, feature by feature, where a product or a mean reads it.</summary>
    internal Expression Whole(Expression value) => value.IsUniform || value.IsFixed ? Copy(value) : value;

    /// <summary>What a matrix multiplies: where it is made of a state, with features dropped, the same ones wherever it is multiplied
    /// (Gal &amp; Ghahramani 2016).</summary>
    private Expression Dropped(Expression vector)
    {
        if (noise.Dropout == 0 || !noise.IsDrawn || !vector.IsRecurrent) return vector;
        if (!dropped.TryGetValue(vector, out var known)) dropped[vector] = known = vector * Mask(vector.Size, noise.Dropout, 1 / (1 - noise.Dropout), everyStep: false);
        return known;
    }

    /// <summary>u ⊙ value + (1 − u) ⊙ previous, where u is 0 with the probability of zoneout (Krueger et al. 2017).</summary>
    private Expression ZonedOut(StateEquation state, Expression value)
    {
        if (noise.Zoneout == 0) return value;
        if (!noise.IsDrawn) return (1 - noise.Zoneout) * value + noise.Zoneout * state.Previous;
        var updates = Mask(value.Size, noise.Zoneout, 1, everyStep: true);
        // So written, what is kept and what is not are both exact.
        return updates * value + (state.Previous - updates * state.Previous);
    }

    private Expression Mask(int size, float probability, float kept, bool everyStep)
    {
        var mask = Add(new Expression(this, nodes.Count, ExpressionKind.Mask, size, $"m_{Masks.Count + 1}"));
        Masks.Add(new StepMask(mask, probability, kept, everyStep));
        return mask;
    }

    /// <summary>value + 0: a node of its own, where a state or the output needs one.</summary>
    private Expression Copy(Expression value)
    {
        var zero = Constant(0);
        return Add(new Expression(this, nodes.Count, ExpressionKind.Elementwise, value.Size, operation: ElementwiseOperation.Add, a: value, b: zero));
    }

    private static Expression? Simplify(ElementwiseOperation operation, Expression a, Expression? b)
    {
        bool Is(Expression? e, double value) => e is { Kind: ExpressionKind.Constant } && e.Value == value;
        // What is subtracted: x of x ⊙ −1.
        Expression? Negated(Expression? e) => e is not null && e.Operation == ElementwiseOperation.Multiply && Is(e.B, -1) ? e.A : null;
        if (a.Kind == ExpressionKind.Constant && (b is null || b.Kind == ExpressionKind.Constant))
            return a.Owner.Constant(operation.Value(a.Value, b?.Value ?? 0));
        if (operation == ElementwiseOperation.Multiply) return Is(a, 1) ? b : Is(b, 1) ? a : Is(b, -1) ? Negated(a) : null;
        if (operation == ElementwiseOperation.Add) return Is(a, 0) ? b : Is(b, 0) ? a : Negated(b) is { } less ? a - less : Negated(a) is { } lessA ? b! - lessA : null;
        if (operation == ElementwiseOperation.Subtract && Negated(b) is { } more) return a + more;
        if (operation == ElementwiseOperation.Subtract && Negated(a) is { } both) return -(both + b!);
        if (operation == ElementwiseOperation.Subtract || operation == ElementwiseOperation.Divide) return Is(b, operation == ElementwiseOperation.Divide ? 1 : 0) ? a : null;
        return null;
    }

    private Expression Add(Expression node)
    {
        nodes.Add(node);
        return node;
    }

    private StateEquation StateOf(Expression state, string caller)
    {
        Own(state, caller);
        return state.Kind == ExpressionKind.State ? states[state.StateIndex]
            : throw new EquationException($"{CellName}: {caller}({state}, …): not a state; pass what cell.State(…) returned.");
    }

    private Expression Own(Expression? node, string where)
    {
        ArgumentNullException.ThrowIfNull(node);
        if (node.Owner != this) throw new EquationException($"{CellName}: {where}: the expression {node} belongs to another cell's equations; build each cell from its own.");
        return node;
    }

    private StoredParameter Store(ParameterRole role, int columns, string name, string own)
    {
        var store = stores.Find(s => s.Role == role && s.Columns == columns);
        if (store is not null) return store;
        if (stores.Exists(s => s.Name == name)) name = $"{name}_{own}";
        store = new StoredParameter(name, role, columns, stores.Count);
        stores.Add(store);
        return store;
    }

    /// <summary>W_i; W′_i if there is one already.</summary>
    private string NewName(string letter, string gate)
    {
        while (names.Contains($"{letter}_{gate}")) letter += "′";
        return $"{letter}_{gate}";
    }

    private Expression NewVector(string name, int size, ParameterRole role, ParameterStart start, StoredParameter? store = null, double value = 0, bool isScalar = false)
    {
        Claim(name);
        if (role == ParameterRole.Vector) stores.Add(store = new StoredParameter($"vector_{name}", role, 0, stores.Count));
        store ??= Store(role, 0, role == ParameterRole.InputBias ? "bias_ih" : "bias_hh", name);
        var vector = new VectorParameter(name, size, store, store.Rows, start, value);
        store.Rows += size;
        Vectors.Add(vector);
        return new Expression(this, nodes.Count, ExpressionKind.Vector, isScalar ? 0 : size, name, vector: vector);
    }

    private void Claim(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (isComplete) throw new EquationException($"{CellName}: {name} is declared after the equations were completed.");
        if (!names.Add(name)) throw new EquationException($"{CellName}: the name {name} is used twice; give each state, gate and vector its own.");
    }
}

/// <summary>A state with its previous and next value.</summary>
internal sealed class StateEquation(string name, Expression previous)
{
    public string Name { get; } = name;
    public Expression Previous { get; } = previous;
    /// <summary>What the equations make of it at this step, which the step's other equations read; with zoneout not all of the next state is that.</summary>
    public Expression? Computed { get; set; }
    public Expression? Next { get; set; }
}

/// <summary>Vectors normalised together, what came of them, and their gains.</summary>
internal sealed record LayerNormalisation(string Name, Expression[] Vectors, Expression[] Results, StoredParameter Gains);
