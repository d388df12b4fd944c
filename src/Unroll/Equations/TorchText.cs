using System.Globalization;
using System.Text;

namespace Unroll.Equations;

/// <summary>Writes a cell's equations as a PyTorch module, the way one who knows PyTorch would: products of the input once for all steps, those that read the same
/// vector joined, layer normalisation by PyTorch's own function, the rest of a step in the loop, a line for each equation.</summary>
internal sealed class TorchText
{
    /// <summary>When a value is known: before anything is read, from the input alone, at its step.</summary>
    private enum Place { Once, Ahead, Step }

    /// <summary>A tensor that holds the sums of several gates, side by side, because one reader takes them together.</summary>
    private sealed record Piece(object Reader, List<Expression> Gates)
    {
        public string Name { get; set; } = "";
        public int Size => Gates.Sum(gate => gate.Size);
    }

    /// <summary>A matrix product, or a sum of some, that makes several gates at once: all that multiply the same vectors and start from the same addend.</summary>
    private sealed class Product(Place place, AffineTerm[] terms)
    {
        public Place Place { get; } = place;
        public AffineTerm[] Terms { get; } = terms;
        public List<Piece> Pieces { get; } = [];
        public bool IsWritten { get; set; }
        public IEnumerable<Expression> Gates => Pieces.SelectMany(piece => piece.Gates);
    }

    private readonly CellEquations cell;
    private readonly Expression output;
    private readonly Expression[] next;
    private readonly List<Expression> live = [];
    private readonly Dictionary<Expression, int> uses = [];
    private readonly Dictionary<Expression, Place> places = [];
    private readonly Dictionary<Expression, LayerNormalisation> norms = [];
    private readonly Dictionary<(Expression, Place), Product> products = [];
    private readonly HashSet<Expression> partial = [];
    private readonly Dictionary<Expression, string> names = [];
    private readonly Dictionary<Expression, (string Text, int Strength)> texts = [];
    private readonly HashSet<string> taken = [.. ("and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass " +
        "raise return try while with yield None True False self torch F Tensor Tuple Parameter x x_t k time batch steps outputs zip range").Split(' ')];
    private readonly List<string> once = [], ahead = [], step = [];
    private readonly List<string> stepwise = [];

    private TorchText(CellEquations cell)
    {
        this.cell = cell;
        foreach (var norm in cell.Norms) foreach (var result in norm.Results) norms[result] = norm;
        output = Resolve(cell.OutputValue!);
        next = [.. cell.States.Select(state => Resolve(state.Next!))];
        foreach (var state in cell.States) names[state.Previous] = NewName(state.Name);
        CollectLive();
        foreach (var (state, value) in cell.States.Zip(next)) if (places[value] == Place.Step) names.TryAdd(value, names[state.Previous] + "_t");
        foreach (var (name, value) in cell.Named) if (!names.ContainsKey(value)) names[value] = NewName(name);
        CollectProducts();
        foreach (var e in live.Where(IsSum))
            foreach (var addend in new[] { e.A!, e.B! }.Select(Resolve)) if (IsSum(addend) && uses[addend] == 1 && !names.ContainsKey(addend)) partial.Add(addend);
        foreach (var e in live) WriteNode(e);
    }

    /// <summary>The module's source.</summary>
    /// <param name="cell">The equations, at the sizes of the module.</param>
    /// <param name="about">What the module's documentation says before the equations, a line each.</param>
    public static string Of(CellEquations cell, IEnumerable<string> about) => new TorchText(cell).Module(about);

    /// <summary>The class's name.</summary>
    public static string ClassName(CellEquations cell) => Identifier(cell.CellName);

    private string Module(IEnumerable<string> about)
    {
        var text = new StringBuilder("from typing import Tuple\n\nimport torch\nfrom torch import Tensor\nfrom torch.nn import Parameter, functional as F\n\n\n");
        void Line(int depth, string line) => text.Append(line.Length == 0 ? "" : new string(' ', 4 * depth)).Append(line).Append('\n');
        string[] states = [.. cell.States.Select(state => names[state.Previous])];
        Line(0, $"class {ClassName(cell)}(torch.nn.Module):");
        Line(1, "\"\"\"" + string.Join("\n    ", about));
        Line(0, "");
        foreach (string line in EquationText.Lines(cell, latex: false)) Line(1, line);
        Line(1, "\"\"\"");
        Line(0, "");
        Line(1, "def __init__(self):");
        Line(2, "super().__init__()");
        if (cell.Stores.Any(store => Start(store).Contains("k)", StringComparison.Ordinal))) Line(2, $"k = {cell.HiddenSize} ** -0.5");
        foreach (var store in cell.Stores) Line(2, $"{Stored(store)} = Parameter({Start(store)})  # {string.Join(", ", PartsOf(store).Select(part => part.Name))}");
        string[] starts = [.. cell.Stores.SelectMany(store => PartsOf(store).Where(part => part.Start.Length > 0).Select(part => $"{Slice(store, part.First, part.Size, whole: "[:]")} = {part.Start}  # {part.Name}"))];
        if (starts.Length > 0) Line(2, "with torch.no_grad():");
        foreach (string start in starts) Line(3, start);
        Line(0, "");
        Line(1, $"def forward(self, x: Tensor, {string.Join(", ", states.Select(state => state + ": Tensor"))}) -> Tuple[{string.Join(", ", Enumerable.Repeat("Tensor", states.Length + 1))}]:");
        Line(2, $"\"\"\"x: [batch, time, {cell.InputSize}]; {string.Join(", ", cell.States.Select(state => $"{names[state.Previous]}: [batch, {state.Previous.Size}]"))}. Gives the outputs of all steps,");
        Line(2, $"[batch, time, {cell.OutputValue!.Size}], and the last {(states.Length == 1 ? "state" : "states")}.\"\"\"");
        foreach (string line in once) Line(2, line);
        Line(2, "x = x.transpose(0, 1)  # the steps first");
        foreach (string line in ahead) Line(2, line);
        Line(2, "outputs = []");
        // What the results read of the values ahead is known only now.
        string[] results = [.. next.Append(output).Select(e => Text(e, Place.Step).Text)];
        string sequences = string.Join(", ", stepwise.Select(name => $"{name}.unbind(0)"));
        Line(2, stepwise.Count == 0 ? "for _ in range(x.size(0)):" : $"for {string.Join(", ", stepwise.Select(name => name + "_t"))} in {(stepwise.Count == 1 ? sequences : $"zip({sequences})")}:");
        foreach (string line in step) Line(3, line);
        Line(3, $"outputs.append({results[^1]})");
        Line(3, $"{string.Join(", ", states)} = {string.Join(", ", results.SkipLast(1))}");
        Line(2, $"return torch.stack(outputs, 1), {string.Join(", ", states)}");
        return text.ToString();
    }

    /// <summary>What a copy copies, where it needs no place of its own.</summary>
    private static Expression Resolve(Expression e) => e.IsCopy && !e.A!.IsFixed ? Resolve(e.A) : e;

    private IEnumerable<Expression> Operands(Expression e) => (norms.TryGetValue(e, out var norm) ? norm.Vectors : e.Operands).Select(Resolve);

    private void CollectLive()
    {
        var found = new HashSet<Expression>();
        void Visit(Expression e)
        {
            if (!found.Add(e)) return;
            foreach (var operand in Operands(e)) Visit(operand);
        }
        foreach (var result in next.Append(output)) Visit(result);
        live.AddRange(found.OrderBy(e => e.Id));
        var counted = new HashSet<LayerNormalisation>();
        foreach (var e in live)
        {
            places[e] = e.Kind switch
            {
                ExpressionKind.Input => Place.Ahead,
                ExpressionKind.State => Place.Step,
                _ when e.IsFixed => Place.Once,
                _ => Operands(e).Select(operand => places[operand]).Append(Place.Ahead).Max(),
            };
            // The results of a norm read what it normalises once.
            if (norms.TryGetValue(e, out var norm) && !counted.Add(norm)) continue;
            foreach (var operand in Operands(e)) uses[operand] = uses.GetValueOrDefault(operand) + 1;
        }
    }

    private void CollectProducts()
    {
        var known = new Dictionary<string, Product>();
        var joint = cell.Norms.Where(norm => norm.Results.Any(live.Contains)).SelectMany(norm => norm.Vectors.Select(vector => (Resolve(vector), norm)))
            .Where(pair => uses[pair.Item1] == 1).ToDictionary(pair => pair.Item1, pair => pair.norm);
        // The loop's products first: they say who reads those ahead of it.
        foreach (var place in new[] { Place.Step, Place.Ahead })
            foreach (var e in live.Where(e => e.Kind == ExpressionKind.Affine))
            {
                AffineTerm[] terms = [.. e.Terms.Where(term => places[Resolve(term.Vector)] == Place.Step == (place == Place.Step))];
                if (terms.Length == 0) continue;
                bool startsAhead = place == Place.Step && terms.Length < e.Terms.Length;
                // A sum that starts from another's place joins those that start from the same product.
                string from = !startsAhead ? "" : string.Join(',', e.Terms.Except(terms).Select(term => Resolve(term.Vector).Id));
                string key = $"{place} {string.Join(',', terms.Select(term => Resolve(term.Vector).Id))} {from} {e.Vector is null} {(e.Terms.Any(term => term.Transposed) ? e.Id : -1)}";
                if (!known.TryGetValue(key, out var product)) known[key] = product = new Product(place, terms);
                products[(e, place)] = product;
                object reader = place == Place.Ahead && products.TryGetValue((e, Place.Step), out var later) ? later : joint.TryGetValue(e, out var norm) ? norm : e;
                var piece = product.Pieces.Find(piece => piece.Reader == reader);
                if (piece is null) product.Pieces.Add(piece = new Piece(reader, []));
                piece.Gates.Add(e);
            }
        foreach (var product in known.Values)       // the loop's first again
        {
            foreach (var piece in product.Pieces)
                if (piece.Reader is Product later)
                {
                    piece.Gates.Clear();
                    piece.Gates.AddRange(later.Gates);
                }
            // Where a norm's vectors come of several products, it puts them together itself.
            foreach (var piece in product.Pieces.Where(piece => piece.Reader is LayerNormalisation norm && !IsOf(piece, norm)).ToArray())
            {
                product.Pieces.Remove(piece);
                product.Pieces.AddRange(piece.Gates.Select(gate => new Piece(gate, [gate])));
            }
        }
    }

    private static bool IsOf(Piece piece, LayerNormalisation norm) => ReferenceEquals(piece.Reader, norm) && piece.Gates.SequenceEqual(norm.Vectors.Select(Resolve));

    private List<string> Lines(Place place) => place switch { Place.Once => once, Place.Ahead => ahead, _ => step };

    private void WriteNode(Expression e)
    {
        if (e.Kind is ExpressionKind.Constant or ExpressionKind.Input or ExpressionKind.State || partial.Contains(e)) return;
        if (norms.TryGetValue(e, out var norm))
        {
            if (!texts.ContainsKey(e)) WriteNorm(norm);
            return;
        }
        if (e.Kind == ExpressionKind.Affine)
        {
            foreach (var part in new[] { Place.Ahead, Place.Step })
                if (products.TryGetValue((e, part), out var product) && !product.IsWritten) Write(product);
            return;
        }
        var place = places[e];
        var (text, strength) = e.Kind switch
        {
            ExpressionKind.Vector => (Slice(e.Vector!.Store, e.Vector.First, e.Vector.Size), 3),
            ExpressionKind.Mean => ($"torch.mean({Text(e.A!, place).Text}, -1, keepdim=True).expand({(place == Place.Ahead ? "-1, " : "")}-1, {e.Size})", 3),
            _ => Elementwise(e, place),
        };
        Give(e, text, strength, e.Name ?? "v");
    }

    /// <summary>Writes a value as a line of its own if it has a name, several readers, or a reader in the loop while it stands before it; else its reader takes the text.</summary>
    private void Give(Expression e, string text, int strength, string name = "v")
    {
        bool isRead = uses.GetValueOrDefault(e) > 1 || places[e] < Place.Step && !live.Exists(user => places[user] == places[e] && Operands(user).Contains(e));
        if (names.ContainsKey(e) || isRead)
        {
            string own = names.TryGetValue(e, out string? known) ? known : names[e] = NewName(name);
            Lines(places[e]).Add($"{own} = {text}");
            (text, strength) = (own, 3);
        }
        texts[e] = (text, strength);
    }

    private (string Text, int Strength) Elementwise(Expression e, Place place)
    {
        var operation = e.Operation!;
        if (e.IsCopy) return ($"{Wrapped(Text(e.A!, place), 3)}.expand(x.size(0), x.size(1), {e.Size})", 3);
        if (operation == ElementwiseOperation.Multiply && e.B is { Kind: ExpressionKind.Constant, Value: -1 }) return ("-" + Wrapped(Text(e.A!, place), 2), 2);
        if (IsSum(e)) return (Sum(e), 1);
        var (a, b) = (Text(e.A!, place), e.B is null ? default : Text(e.B, place));
        if (operation == ElementwiseOperation.Maximum && e.A!.Kind == ExpressionKind.Constant) return ($"torch.clamp({b.Text}, min={a.Text})", 3);
        if (operation == ElementwiseOperation.Maximum && e.B!.Kind == ExpressionKind.Constant) return ($"torch.clamp({a.Text}, min={b.Text})", 3);
        if (operation.Strength == 3) return (string.Format(CultureInfo.InvariantCulture, operation.Torch!, a.Text, b.Text), 3);
        bool isOrdered = operation == ElementwiseOperation.Subtract || operation == ElementwiseOperation.Divide;
        return (string.Format(CultureInfo.InvariantCulture, operation.Torch!, Wrapped(a, operation.Strength), Wrapped(b, isOrdered ? operation.Strength + 1 : operation.Strength)), operation.Strength);
    }

    /// <summary>Whether a value is a sum in the loop, whose addends may be added up in another order.</summary>
    private bool IsSum(Expression e) => places[e] == Place.Step && e.Operation == ElementwiseOperation.Add && !e.IsCopy && !norms.ContainsKey(e);

    /// <summary>The addends of a sum of sums; those known before the loop are added up there.</summary>
    private string Sum(Expression e)
    {
        IEnumerable<Expression> Addends(Expression sum) => new[] { sum.A!, sum.B! }.Select(Resolve).SelectMany(addend => partial.Contains(addend) ? Addends(addend) : [addend]);
        List<Expression> addends = [.. Addends(e)];
        List<string> parts = [];
        var early = addends.Where(addend => places[addend] != Place.Step).ToList();
        if (early.Count > 1 && early.Exists(addend => places[addend] == Place.Ahead))
        {
            string name = NewName("s");
            ahead.Add($"{name} = {string.Join(" + ", early.Select(addend => Text(addend, Place.Ahead).Text))}");
            parts.Add(AtStep(name, Place.Ahead, Place.Step));
            addends.RemoveAll(early.Contains);
        }
        return string.Join(" + ", parts.Concat(addends.Select(addend => Text(addend, Place.Step).Text)));
    }

    private static string Wrapped((string Text, int Strength) value, int strength) => value.Strength < strength ? $"({value.Text})" : value.Text;

    /// <summary>How a reader at a place writes a value.</summary>
    private (string Text, int Strength) Text(Expression e, Place reader)
    {
        e = Resolve(e);
        switch (e.Kind)
        {
            case ExpressionKind.Constant: return (e.Value.ToString(CultureInfo.InvariantCulture).ToLowerInvariant(), e.Value < 0 ? 1 : 3);
            case ExpressionKind.Input: return (AtStep("x", Place.Ahead, reader), 3);
            case ExpressionKind.State: return (names[e], 3);
        }
        return places[e] == reader ? texts[e] : (AtStep(texts[e].Text, places[e], reader), 3);
    }

    /// <summary>In the loop, a step's part of what was computed for all steps.</summary>
    private string AtStep(string name, Place place, Place reader)
    {
        if (place != Place.Ahead || reader != Place.Step) return name;
        if (!stepwise.Contains(name)) stepwise.Add(name);
        return name + "_t";
    }

    private void Write(Product product)
    {
        product.IsWritten = true;
        Expression[] gates = [.. product.Gates];
        bool inLoop = product.Place == Place.Step;
        // The bias goes with the product that comes first.
        var started = inLoop && products.TryGetValue((gates[0], Place.Ahead), out var before) ? before.Pieces.Find(piece => piece.Reader == product) : null;
        string? start = started is not null ? AtStep(started.Name, Place.Ahead, Place.Step)
            : gates[0].Vector is null ? null : Joined([.. gates.Select(gate => (gate.Vector!.Store, gate.Vector.First, gate.Size, gate.Vector.Name))], "", inLoop);
        foreach (var (index, term) in product.Terms.Index())
        {
            // A gate's terms in this product stand in the same order as the first gate's.
            var matrices = gates.Select(gate => gate.Terms.Where(own => places[Resolve(own.Vector)] == Place.Step == inLoop).ElementAt(index).Matrix);
            string rows = Joined([.. matrices.Select(matrix => (matrix.Store, matrix.FirstRow, matrix.Rows, matrix.Name))], inLoop == term.Transposed ? "" : ".t()", inLoop);
            string vector = Text(term.Vector, product.Place).Text;
            if (inLoop) start = start is null ? $"torch.mm({vector}, {rows})" : $"torch.addmm({start}, {vector}, {rows})";
            else start = index == 0 ? $"F.linear({vector}, {rows}{(start is null ? "" : ", " + start)})" : $"{start} + F.linear({vector}, {rows})";
        }
        foreach (var piece in product.Pieces)
        {
            if (product.Pieces.Count == 1 && piece.Gates is [var only] && only == piece.Reader)
            {
                Give(only, start!, start!.Contains(" + ", StringComparison.Ordinal) ? 1 : 3, (inLoop ? "a_" : "Wx_") + only.Name);
                return;
            }
            // A gate with a line to itself bears its own name, if it has one.
            bool isValue = piece.Gates is [var single] && single == piece.Reader;
            piece.Name = isValue && names.TryGetValue(piece.Gates[0], out string? name) ? name : NewName((inLoop ? "a_" : "Wx_") + string.Concat(piece.Gates.Select(gate => gate.Name)));
            if (isValue) texts[piece.Gates[0]] = (piece.Name, 3);
        }
        Lines(product.Place).Add(Split([.. product.Pieces.Select(piece => (piece.Name, piece.Size))], start!));
    }

    private static string Split((string Name, int Size)[] parts, string value)
    {
        if (parts.Length == 1) return $"{parts[0].Name} = {value}";
        string cut = Array.TrueForAll(parts, part => part.Size == parts[0].Size) ? $"chunk({parts.Length}, -1)" : $"split([{string.Join(", ", parts.Select(part => part.Size))}], -1)";
        return $"{string.Join(", ", parts.Select(part => part.Name))} = {(value.Contains(" + ", StringComparison.Ordinal) ? $"({value})" : value)}.{cut}";
    }

    private void WriteNorm(LayerNormalisation norm)
    {
        var place = norm.Vectors.Select(vector => places[Resolve(vector)]).Max();
        var vectors = norm.Vectors.Select(Resolve).ToArray();
        var piece = products.Values.SelectMany(product => product.Pieces).FirstOrDefault(piece => ReferenceEquals(piece.Reader, norm));
        string value = piece is not null ? piece.Name : vectors.Length == 1 ? Text(vectors[0], place).Text : $"torch.cat([{string.Join(", ", vectors.Select(vector => Text(vector, place).Text))}], -1)";
        value = $"F.layer_norm({value}, [{norm.Gains.Rows}], {Stored(norm.Gains)})";
        if (norm.Results.Length == 1)
        {
            Give(norm.Results[0], value, 3);
            return;
        }
        var parts = new List<(string, int)>();
        foreach (var (vector, result) in vectors.Zip(norm.Results))
        {
            names.TryAdd(result, NewName($"norm_{norm.Name}{vector.Name}"));
            texts[result] = (names[result], 3);
            parts.Add((names[result], result.Size));
        }
        Lines(place).Add(Split([.. parts], value));
    }

    /// <summary>Rows of stored parameters below each other. In the loop they have a name, made before it.</summary>
    private string Joined((StoredParameter Store, int First, int Size, string Name)[] rows, string suffix, bool inLoop)
    {
        var runs = new List<(StoredParameter Store, int First, int Size)>();
        foreach (var (store, first, size, _) in rows)
        {
            if (runs.Count > 0 && runs[^1].Store == store && runs[^1].First + runs[^1].Size == first) runs[^1] = (store, runs[^1].First, runs[^1].Size + size);
            else runs.Add((store, first, size));
        }
        string text = runs.Count == 1 ? Slice(runs[0].Store, runs[0].First, runs[0].Size) : $"torch.cat([{string.Join(", ", runs.Select(run => Slice(run.Store, run.First, run.Size)))}])";
        if (!inLoop) return text + suffix;
        // U_i, U_f as U_if.
        string name = NewName(string.Concat(rows.Select((row, i) => i == 0 ? row.Name : row.Name[(row.Name.IndexOf('_', StringComparison.Ordinal) + 1)..])));
        once.Add($"{name} = {text}{suffix}");
        return name;
    }

    private static string Slice(StoredParameter store, int first, int size, string whole = "") =>
        Stored(store) + (size == store.Rows ? whole : $"[{(first == 0 ? "" : first)}:{(first + size == store.Rows ? "" : first + size)}]");

    private static string Stored(StoredParameter store) => $"self.{Identifier(store.Name)}";

    private static string Start(StoredParameter store) => store.Role switch
    {
        ParameterRole.InputWeight or ParameterRole.StateWeight => $"torch.empty({store.Rows}, {store.Columns}).uniform_(-k, k)",
        ParameterRole.Vector => $"torch.empty({store.Rows}).uniform_(-k, k)",
        ParameterRole.Gain => $"torch.ones({store.Rows})",
        _ => $"torch.zeros({store.Rows})",
    };

    /// <summary>The matrices or vectors of a stored parameter, and how those start that do not start as the rest.</summary>
    private IEnumerable<(string Name, int First, int Size, string Start)> PartsOf(StoredParameter store)
    {
        foreach (var matrix in cell.Matrices.Where(matrix => matrix.Store == store))
            yield return (matrix.Name, matrix.FirstRow, matrix.Rows, matrix.Start == ParameterStart.Identity ? $"torch.eye({matrix.Rows}, {matrix.Columns})" : matrix.Start == ParameterStart.Zeros ? "0" : "");
        foreach (var vector in cell.Vectors.Where(vector => vector.Store == store))
        {
            string start = vector.Start switch
            {
                ParameterStart.ForgetBias => "1",
                ParameterStart.Ones when store.Role != ParameterRole.Gain => "1",
                ParameterStart.Zeros when vector.Value != 0 || store.Role == ParameterRole.Vector => vector.Value.ToString(CultureInfo.InvariantCulture),
                _ => "",
            };
            yield return (vector.Name, vector.First, vector.Size, start);
        }
    }

    /// <summary>A name of Python's that is still free, and with _t behind it too.</summary>
    private string NewName(string wanted)
    {
        string name = Identifier(wanted);
        for (int i = 2; taken.Contains(name) || taken.Contains(name + "_t"); i++) name = Identifier(wanted) + i.ToString(CultureInfo.InvariantCulture);
        taken.Add(name);
        taken.Add(name + "_t");
        return name;
    }

    /// <summary>The letters as they are, ĥ and ζ too; ′ as _.</summary>
    private static string Identifier(string name)
    {
        var text = new StringBuilder();
        foreach (char c in name) text.Append(char.IsLetterOrDigit(c) || c == '\u0303' ? c : '_');
        return text.Length == 0 || char.IsDigit(text[0]) ? "_" + text : text.ToString();
    }
}
