using System.Globalization;
using System.Text;
using System.Text.Json;
using Unroll.Analysis;
using Unroll.Cli.Display;
using Unroll.Data;

namespace Unroll.Cli.Measuring;

/// <summary>A measured layer.</summary>
/// <param name="Name">What to call it.</param>
/// <param name="Flow">What was measured.</param>
internal sealed record NamedFlow(string Name, GradientFlow Flow)
{
    /// <summary>The states, and all together where there are several.</summary>
    public IEnumerable<StateFlow> Columns => Flow.States.Count == 1 ? Flow.States : [.. Flow.States, Flow.Whole];
}

/// <summary>What a gradient does on its way back: whether it vanishes, by what factor a step, and from which distance.</summary>
/// <param name="Kind">vanishes, explodes or lasts.</param>
/// <param name="Rate">The factor of a step, the geometric mean.</param>
/// <param name="Distance">Where the norm first is under 10⁻³ or over 10³; null where it never is.</param>
internal sealed record Verdict(string Kind, double Rate, int? Distance)
{
    /// <summary>Judges norms at the distances 0, 1, …</summary>
    public static Verdict Of(IReadOnlyList<double> norms)
    {
        int last = norms.Count - 1;
        // Beyond what a double can hold the norm is 0 or no number; the rate is that of the way until there.
        while (last > 0 && !(norms[last] > 0 && double.IsFinite(norms[last]))) last--;
        double rate = last == 0 ? 0 : Math.Pow(norms[last], 1.0 / last), end = norms[^1];
        if (end < 1e-3) return new Verdict("vanishes", rate, First(norm => norm < 1e-3));
        if (!(end <= 1e3)) return new Verdict("explodes", rate, First(norm => !(norm <= 1e3)));
        return new Verdict("lasts", rate, null);

        int First(Func<double, bool> holds) => Enumerable.Range(0, norms.Count).First(d => holds(norms[d]));
    }
}

/// <summary>Measured layers side by side: as tables and plain words, JSON, CSV and a plot.</summary>
/// <param name="Flows">The layers, all of one length.</param>
/// <param name="Clip">Where the gradient of all parameters is clipped; 0 for nowhere.</param>
internal sealed record FlowReport(IReadOnlyList<NamedFlow> Flows, double Clip)
{
    private const int NameWidth = 8, NumberWidth = 11;

    private int Length => Flows[0].Flow.Length;

    /// <summary>Tables, then what they say.</summary>
    public void WriteText(TextWriter to)
    {
        int last = Length;
        to.WriteLine($"‖∂s_T/∂s_t‖₂: the most that is left, T − t steps later, of a small change of a state at step t (T = {last}; s: all states together)");
        Table(to, flow => [.. flow.Columns.Select(state => (state.Name, state.Jacobian))]);
        to.WriteLine("‖∂L/∂s_t‖: what reaches a state of the gradient of a loss on the last step, L = rᵀ h_T with a random r of length 1");
        Table(to, flow => [.. flow.Columns.Select(state => (state.Name, state.Loss))]);
        to.WriteLine("‖∂h_T/∂x_t‖₂: the most that is left of a small change of an input");
        Table(to, flow => [("x", flow.Flow.Input)]);

        foreach (var (name, flow) in Flows)
        {
            var verdict = Verdict.Of(flow.Whole.Jacobian);
            to.Write($"{name}: the gradient {verdict.Kind}. Each step back multiplies its norm by {Short(verdict.Rate)} on average");
            to.WriteLine(verdict.Distance is { } distance ? $"; it is {(verdict.Kind == "vanishes" ? "under 0.001" : "over 1000")} from {distance} steps back." : $"; after {last} it is {Short(flow.Whole.Jacobian[^1])}.");
            if (flow.States.Count > 1)
                to.WriteLine($"  Alone, {string.Join(", ", flow.States.Select(state => $"{state.Name} {Verdict.Of(state.Jacobian) switch { var v => $"{v.Kind} (× {Short(v.Rate)} a step)" }}"))}.");
            to.WriteLine($"  ‖∂{flow.Hidden}_{last}/∂x_1‖ = {Scientific(flow.Input[^1])}, against ‖∂{flow.Hidden}_{last}/∂x_{last}‖ = {Scientific(flow.Input[0])}{Feels(flow)}");
            if (flow.Gates.Count > 0) to.WriteLine($"  gates' mean opening (0 shut, 1 open): {string.Join(", ", flow.Gates.Select(gate => $"{gate.Name} {gate.Mean.Average().ToString("0.00", CultureInfo.InvariantCulture)}"))}");
            double factor = Factor(flow);
            to.WriteLine($"  gradient of all parameters: norm {Scientific(flow.ParameterNorm)}; " + (Clip == 0 ? "not clipped"
                : factor == 1 ? $"--clip {Short(Clip)} leaves it as it is" : $"--clip {Short(Clip)} scales it by {Scientific(factor)}, to norm {Short(Clip)}"));
        }
    }

    private static string Feels(GradientFlow flow) => flow.Length > 1 && flow.Input[^1] < 1e-3 * flow.Input[0]
        ? $": {flow.Hidden}_{flow.Length} hardly depends on x_1." : ".";

    private double Factor(GradientFlow flow) => Clip == 0 || flow.ParameterNorm <= Clip ? 1 : Clip / flow.ParameterNorm;

    private void Table(TextWriter to, Func<NamedFlow, (string State, IReadOnlyList<double> Norms)[]> columns)
    {
        var groups = Flows.Select(flow => (flow.Name, Columns: columns(flow))).Select(g => (g.Name, g.Columns, Width: Math.Max((g.Name.Length + 2 + g.Columns.Length - 1) / g.Columns.Length, NumberWidth))).ToArray();
        to.WriteLine("".PadRight(NameWidth) + string.Concat(groups.Select(g => g.Name.PadLeft(g.Width * g.Columns.Length))));
        to.WriteLine("T − t".PadRight(NameWidth) + string.Concat(groups.SelectMany(g => g.Columns.Select(c => c.State.PadLeft(g.Width)))));
        foreach (int distance in Distances(groups[0].Columns[0].Norms.Count - 1))
            to.WriteLine(Short(distance).PadRight(NameWidth) + string.Concat(groups.SelectMany(g => g.Columns.Select(c => Scientific(c.Norms[distance]).PadLeft(g.Width)))));
        to.WriteLine();
    }

    /// <summary>0, 1, 2, 5, 10, 20, 50 … and the last.</summary>
    private static IEnumerable<int> Distances(int last)
    {
        yield return 0;
        for (int unit = 1; unit < last; unit *= 10)
            foreach (int distance in new[] { unit, 2 * unit, 5 * unit })
                if (distance < last) yield return distance;
        if (last > 0) yield return last;
    }

    /// <summary>One object.</summary>
    public void WriteJson(Utf8JsonWriter json)
    {
        json.WriteNumber("length", Length);
        json.WriteNumber("clip", Clip);
        json.WriteStartArray("cells");
        foreach (var (name, flow) in Flows)
        {
            var verdict = Verdict.Of(flow.Whole.Jacobian);
            json.WriteStartObject();
            json.WriteString("cell", name);
            json.WriteString("verdict", verdict.Kind);
            json.WriteFinite("rate", verdict.Rate);
            if (verdict.Distance is { } distance) json.WriteNumber("distance", distance);
            json.WriteString("hidden", flow.Hidden);
            json.WriteStartObject("states");
            foreach (var state in flow.States) State(state);
            json.WriteEndObject();
            State(flow.Whole with { Name = "whole" });
            Numbers("input", flow.Input);
            json.WriteStartObject("gates");
            foreach (var gate in flow.Gates) Numbers(gate.Name, gate.Mean);
            json.WriteEndObject();
            json.WriteFinite("gradient_norm", flow.ParameterNorm);
            json.WriteFinite("clip_factor", Factor(flow));
            json.WriteFinite("clipped_norm", Factor(flow) * flow.ParameterNorm);
            json.WriteEndObject();
        }
        json.WriteEndArray();

        void State(StateFlow state)
        {
            json.WriteStartObject(state.Name);
            Numbers("jacobian", state.Jacobian);
            Numbers("loss", state.Loss);
            json.WriteEndObject();
        }

        void Numbers(string name, IEnumerable<double> values)
        {
            json.WriteStartArray(name);
            foreach (double value in values)
            {
                if (double.IsFinite(value)) json.WriteNumberValue(value);
                else json.WriteNullValue();
            }
            json.WriteEndArray();
        }
    }

    /// <summary>A row for each number: cell, quantity (jacobian, loss, input, gate), state or gate, step t, distance T − t, value.</summary>
    public string ToCsv()
    {
        var csv = new StringBuilder("cell,quantity,state,step,distance,value\n");
        foreach (var (name, flow) in Flows)
        {
            foreach (var state in flow.States.Count == 1 ? flow.States : [.. flow.States, flow.Whole with { Name = "whole" }])
            {
                Rows(name, "jacobian", state.Name, state.Jacobian);
                Rows(name, "loss", state.Name, state.Loss);
            }
            Rows(name, "input", "x", flow.Input);
            foreach (var gate in flow.Gates) Rows(name, "gate", gate.Name, [.. gate.Mean.Reverse()]);
        }
        return csv.ToString();

        void Rows(string cell, string quantity, string what, IReadOnlyList<double> byDistance)
        {
            for (int distance = 0; distance < byDistance.Count; distance++)
                csv.Append(CultureInfo.InvariantCulture, $"{TextTable.CsvCell(cell)},{quantity},{TextTable.CsvCell(what)},{Length - distance},{distance},{byDistance[distance]:R}\n");
        }
    }

    /// <summary>The norms of each state's Jacobian over the distance.</summary>
    public LinePlot ToPlot(string title) => new(title, "steps back from the last, T − t", "‖∂s_T/∂s_t‖₂",
        [.. Flows.SelectMany(flow => flow.Flow.States.Select(state => new PlotSeries(
            flow.Flow.States.Count == 1 ? flow.Name : $"{flow.Name} {state.Name}", [.. state.Jacobian.Select((norm, distance) => ((double)distance, norm))])))])
    { IsLogarithmic = true, Floor = 1e-40, Ceiling = 1e40 };

    private static string Scientific(double value) => double.IsFinite(value) ? value == 0 ? "0" : value.ToString("0.00e+0", CultureInfo.InvariantCulture) : "∞";

    private static string Short(double value) => double.IsFinite(value) ? value.ToString("G3", CultureInfo.InvariantCulture) : "∞";
}
