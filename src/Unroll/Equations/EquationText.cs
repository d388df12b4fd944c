using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Unroll.Equations;

/// <summary>Writes expressions as plain text and as LaTeX, the way the slides do.</summary>
internal static class EquationText
{
    public static string Of(Expression e) => Write(e, latex: false, whole: true);

    public static string Latex(Expression e) => Write(e, latex: true, whole: true);

    /// <summary>An operand, in parentheses if it binds less tightly than the operation around it.</summary>
    public static string Operand(Expression e, ElementwiseOperation around, bool latex = false, bool right = false)
    {
        string text = Write(e, latex, whole: false);
        bool isNamed = e.Owner.Named.Exists(n => n.Value == e) || e.Owner.States.Any(s => s.Next == e);
        int strength = isNamed ? 3 : e.Kind switch
        {
            ExpressionKind.Affine => e.Terms.Length + (e.Vector is null ? 0 : 1) + (e.A is null ? 0 : 1) > 1 ? 1 : 2,
            ExpressionKind.Elementwise => e.Operation!.Strength,
            ExpressionKind.Constant => e.Value < 0 ? 1 : 3,
            _ => 3,
        };
        bool needed = around.Strength < 3 && (strength < around.Strength
            || (right && strength == around.Strength && (around == ElementwiseOperation.Subtract || around == ElementwiseOperation.Divide)));
        return needed ? $"({text})" : text;
    }

    /// <summary>All equations of a cell, a line each: the named ones, the next states, the output.</summary>
    public static IReadOnlyList<string> Lines(CellEquations cell, bool latex)
    {
        // In the order in which they are computed: an LSTM's h reads its c.
        var named = cell.Named.Select(n => (Name: Symbol(n.Name, latex), n.Value));
        var states = cell.States.Select(s => (Name: s.Name + (latex ? "_t" : "ₜ"), Value: s.Next!));
        List<string> lines = [.. named.Concat(states).OrderBy(line => line.Value.Id).Select(line => $"{line.Name} = {Write(line.Value, latex, whole: true)}")];
        var output = cell.OutputValue!;
        var asState = cell.States.FirstOrDefault(s => s.Next == output);
        lines.Add($"y{(latex ? "_t" : "ₜ")} = {(asState is null ? Write(output, latex, whole: true) : Write(output, latex, whole: false))}");
        return lines;
    }

    private static string Write(Expression e, bool latex, bool whole)
    {
        if (!whole)
        {
            foreach (var (name, value) in e.Owner.Named) if (value == e) return Symbol(name, latex);
            foreach (var state in e.Owner.States) if (state.Next == e) return state.Name + (latex ? "_t" : "ₜ");
        }
        return e.Kind switch
        {
            ExpressionKind.Constant => Number(e.Value, latex),
            ExpressionKind.Input => latex ? "x_t" : "xₜ",
            ExpressionKind.State => e.Name + (latex ? "_{t-1}" : "ₜ₋₁"),
            ExpressionKind.Affine => Affine(e, latex),
            ExpressionKind.Elementwise => Elementwise(e, latex),
            ExpressionKind.Mean => string.Format(CultureInfo.InvariantCulture, latex ? @"\operatorname{{mean}}({0})" : "mean({0})", Write(e.A!, latex, whole: false)),
            ExpressionKind.Vector => Symbol(e.Name!, latex),
            _ => e.Name!,
        };
    }

    private static string Affine(Expression e, bool latex)
    {
        var parts = new List<string>();
        foreach (var term in e.Terms)
        {
            string vector = Write(term.Vector, latex, whole: false);
            if (term.Vector.Kind == ExpressionKind.Elementwise && term.Vector.Operation!.Strength < 3 && vector.Contains(' ', StringComparison.Ordinal)) vector = $"({vector})";
            parts.Add($"{Symbol(term.Matrix.Name, latex)}{(term.Transposed ? latex ? @"^\top" : "ᵀ" : "")} {vector}");
        }
        if (e.Vector is not null) parts.Add(Symbol(e.Vector.Name, latex));
        if (e.A is not null) parts.Add(Write(e.A, latex, whole: false));
        return string.Join(" + ", parts);
    }

    private static string Elementwise(Expression e, bool latex)
    {
        var operation = e.Operation!;
        // A copy is written as what it copies; −1 ⊙ a as −a.
        if (e.IsCopy) return Write(e.A!, latex, whole: false);
        if (operation == ElementwiseOperation.Multiply && e.B is { Kind: ExpressionKind.Constant, Value: -1 })
            return (latex ? "-" : "−") + Operand(e.A!, operation, latex);
        if (operation == ElementwiseOperation.Multiply && e.A == e.B) return Squared(e.A!, latex);
        // ⊘ between vectors; a number of each sequence divides as numbers do.
        bool isPlain = operation == ElementwiseOperation.Divide && (e.IsUniform || e.A!.Kind == ExpressionKind.Constant || e.B!.Kind == ExpressionKind.Constant);
        return string.Format(CultureInfo.InvariantCulture, latex && !isPlain ? operation.Latex : operation.Text,
            Operand(e.A!, operation, latex), e.B is null ? "" : Operand(e.B, operation, latex, right: true));
    }

    /// <summary>(a − b)² for (a − b) ⊙ (a − b).</summary>
    private static string Squared(Expression e, bool latex)
    {
        string text = Write(e, latex, whole: false);
        return (text.Contains(' ', StringComparison.Ordinal) ? $"({text})" : text) + (latex ? "^2" : "²");
    }

    /// <summary>0.00001 as 1e-5, in LaTeX 10^{-5}.</summary>
    private static string Number(double value, bool latex)
    {
        string text = value.ToString(CultureInfo.InvariantCulture);
        int at = text.IndexOf('E', StringComparison.Ordinal);
        if (at < 0) return text;
        string digits = text[..at], power = int.Parse(text[(at + 1)..], CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture);
        return !latex ? $"{digits}e{power}" : digits == "1" ? $"10^{{{power}}}" : $@"{digits} \cdot 10^{{{power}}}";
    }

    private static readonly FrozenDictionary<char, string> Greek = (
        "α alpha β beta γ gamma δ delta ε varepsilon ζ zeta η eta θ theta κ kappa λ lambda μ mu ν nu ξ xi π pi ρ rho σ sigma τ tau φ varphi χ chi ψ psi ω omega " +
        "Γ Gamma Δ Delta Θ Theta Λ Lambda Ξ Xi Π Pi Σ Sigma Φ Phi Ψ Psi Ω Omega").Split(' ').Chunk(2).ToFrozenDictionary(pair => pair[0][0], pair => pair[1]);

    /// <summary>W_gate as W_{gate}, b′ as b', ĥ as \hat{h}, c̃ as \tilde{c}, γ as \gamma.</summary>
    private static string Symbol(string name, bool latex)
    {
        if (!latex) return name;
        int line = name.IndexOf('_', StringComparison.Ordinal);
        if (line <= 0) return Letters(name);
        string index = Letters(name[(line + 1)..]);
        return $"{Letters(name[..line])}_{(index.Length > 1 ? $"{{{index}}}" : index)}";
    }

    private static string Letters(string name)
    {
        const char Tilde = '\u0303';
        var text = new StringBuilder();
        for (int i = 0; i < name.Length; i++)
        {
            string letter = name[i] switch { '′' => "'", 'ĥ' => @"\hat{h}", 'ĉ' => @"\hat{c}", var c => Greek.TryGetValue(c, out string? word) ? $@"\{word}" : c.ToString() };
            bool hasTilde = i + 1 < name.Length && name[i + 1] == Tilde;
            text.Append(hasTilde ? $@"\tilde{{{letter}}}" : letter);
            if (hasTilde) i++;
            // A command ends before the next letter.
            else if (letter.Length > 1 && letter[^1] != '}' && i + 1 < name.Length && char.IsLetter(name[i + 1])) text.Append(' ');
        }
        return text.ToString();
    }
}
