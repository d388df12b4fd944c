using System.Globalization;
using System.Text.Json;
using Unroll.Cli.Display;
using Unroll.Cli.Measuring;
using Unroll.Cli.Studies;
using Unroll.Data;
using Unroll.Tasks;

namespace Unroll.Cli.Comparing;

/// <summary>What has come of a comparison: as a table, JSON, CSV and a plot.</summary>
/// <param name="Comparison">What is compared.</param>
/// <param name="Standings">The entrants, the best first.</param>
internal sealed record ComparisonReport(Comparison Comparison, IReadOnlyList<Standing> Standings)
{
    /// <summary>Losses that lie further apart than this are drawn on a logarithmic axis.</summary>
    private const double Wide = 30;

    private Study? Study => Comparison.Study;

    private TrainingUnits Units => Standings[0].Entrant.Units;

    private string Figure => Units.LossName ?? "loss";

    private bool HasQuartiles => Comparison.Seeds.Count >= Spread.QuartilesFrom;

    private IEnumerable<ComparedRun> Runs => Standings.SelectMany(standing => standing.Runs);

    /// <summary>The task's figures besides the loss and what follows from it.</summary>
    private string[] OtherMetrics => [.. Runs.SelectMany(run => run.Best.Keys).Distinct().Where(name => name != "loss" && name.Replace('_', ' ') != Figure
        && Runs.Any(run => run.Best.TryGetValue(name, out double value) && value != run.BestLoss))];

    private double Told(double loss) => Units.FromLoss is { } from && double.IsFinite(loss) ? from(loss) : loss;

    /// <summary>The table, what its columns mean, and what failed.</summary>
    public void WriteText(TextWriter to)
    {
        if (Study is not null) to.WriteLine($"{Study.Paper}\n{Study.Claim}\n");
        Table().WriteText(to);
        to.WriteLine();
        foreach (string line in Notes()) to.WriteLine(line);
    }

    /// <summary>The same as a page.</summary>
    public string ToMarkdown() => $"# {Title}\n\n{(Study is null ? "" : $"{Study.Paper}. {Study.Claim}\n\n")}```sh\n{Command}\n```\n\n{Table().ToMarkdown()}\n{string.Concat(Notes().Select(line => $"{line}\n\n"))}![{Title}](curves.svg)\n";

    private string Title => $"{Comparison.Task.Name}: validation {Figure}{(Comparison.Seeds.Count == 1 ? "" : $", median of {Comparison.Seeds.Count} seeds")}";

    /// <summary>What to type to have it again.</summary>
    public string Command => "unroll " + string.Join(' ', Comparison.Command().Select(Invocation.Quote));

    private IEnumerable<string> Notes()
    {
        if (Comparison.Seeds.Count > 1) yield return $"{Figure}: of each run's best validation; median over the seeds, and {(HasQuartiles ? "first to third quartile" : "least to greatest")}."
            + (Runs.Any(run => run.IsSolved) ? $" Steps and {Units.Symbols} until solved: medians, – where fewer than half of the runs did." : "");
        foreach (Standing standing in Standings)
            foreach (ComparedRun run in standing.Runs.Where(run => run.HasFailed)) yield return $"{standing.Entrant.Name}, seed {run.Seed}: {run.Failure}";
        if (Study is not null && Standings.All(standing => standing.Runs.Count > 0)) yield return $"Seen: {Study.Reading(Standings)}";
    }

    private TextTable Table()
    {
        bool solvable = Runs.Any(run => run.IsSolved), fails = Runs.Any(run => run.HasFailed), several = Comparison.Seeds.Count > 1;
        string[] metrics = OtherMetrics;
        var columns = new List<(string Header, Func<Standing, string> Text)> { (string.Join(", ", Comparison.Varied.Select(each => each.Option.Name)), s => s.Entrant.Name) };
        if (Standings.Any(s => s.Entrant.Hidden is not null)) columns.Add(("hidden", s => s.Entrant.Hidden is { } hidden ? Whole(hidden) : "–"));
        columns.Add(("parameters", s => Whole(s.Entrant.Parameters)));
        if (Standings.Any(s => s.Runs.Count < Comparison.Seeds.Count)) columns.Add(("runs", s => $"{s.Runs.Count}/{Comparison.Seeds.Count}"));
        columns.Add((Figure, s => Short(Told(s.Loss.Median))));
        if (several) columns.Add((HasQuartiles ? "quartiles" : "least–greatest", s => $"{Short(Told(s.Loss.Low))}–{Short(Told(s.Loss.High))}"));
        columns.AddRange(metrics.Select(name => (name.Replace('_', ' '), (Func<Standing, string>)(s => Short(s.Metric(name).Median)))));
        if (solvable)
        {
            columns.Add(("solved", s => $"{s.Solved}/{s.Runs.Count}"));
            columns.Add(("after steps", s => Whole(s.StepsToSolve.Median)));
            columns.Add((Units.Symbols, s => Whole(s.SymbolsToSolve.Median)));
        }
        if (fails) columns.Add(("diverged", s => $"{s.Failed}/{s.Runs.Count}"));
        columns.Add(("seconds", s => s.Runs.Count == 0 ? "–" : s.Seconds.Median.ToString("0.0", CultureInfo.InvariantCulture)));
        if (Study?.PaperColumn is { } paper && Standings.Any(s => Study.InPaper(s.Entrant) is not null)) columns.Add((paper, s => Study.InPaper(s.Entrant) ?? "–"));
        return new TextTable([.. columns.Select(column => column.Header)], [.. Standings.Select(standing => (IReadOnlyList<string>)[.. columns.Select(column => column.Text(standing))])]);
    }

    /// <summary>A row for each run: the entrant's options, seed, how it ended, and the figures of its best validation.</summary>
    public string ToCsv()
    {
        string[] options = [.. Comparison.Varied.Select(each => each.Option.Name)], metrics = [.. Runs.SelectMany(run => run.Best.Keys).Distinct()];
        var rows = Standings.SelectMany(standing => standing.Runs.Select(run => (IReadOnlyList<string>)
        [
            .. standing.Entrant.Values.Select(pair => pair.Value), standing.Entrant.Hidden is { } hidden ? Exact(hidden) : "", Exact(run.Parameters), Exact(run.Seed), run.Outcome, Exact(run.Steps), Exact(run.Symbols),
            run.BestStep is { } step ? Exact(step) : "", .. metrics.Select(name => run.Best.TryGetValue(name, out double value) ? Exact(value) : ""), Exact(run.Seconds),
        ]));
        return new TextTable([.. options, "hidden", "parameters", "seed", "outcome", "steps", "symbols", "best_step", .. metrics, "seconds"], [.. rows]).ToCsv();
    }

    /// <summary>Validation against steps: the medians, and their intervals shaded.</summary>
    public LinePlot ToPlot()
    {
        PlotSeries[] series = [.. Standings.Select(standing => standing.Curve() is var curve && curve.Count > 0
            ? new PlotSeries(standing.Entrant.Name, [.. curve.Select(point => ((double)point.Step, Told(point.Loss.Median)))]) { Band = Comparison.Seeds.Count == 1 ? [] : [.. curve.Select(point => (Told(point.Loss.Low), Told(point.Loss.High)))] }
            : new PlotSeries(standing.Entrant.Name, []))];
        double[] shown = [.. series.SelectMany(each => each.Points).Select(point => point.Y).Where(double.IsFinite)];
        return new LinePlot(Title, "steps", $"validation {Figure}", series) { IsLogarithmic = shown.Length > 0 && shown.Min() > 0 && shown.Max() / shown.Min() > Wide };
    }

    /// <summary>Everything, every run and validation included.</summary>
    public void WriteJson(Utf8JsonWriter json)
    {
        json.WriteStartObject("comparison");
        foreach (var (name, value) in Comparison.Identity()) json.WriteString(name, value);
        json.WriteEndObject();
        if (Study is not null)
        {
            json.WriteString("study", Study.Name);
            json.WriteString("paper", Study.Paper);
        }
        json.WriteString("command", Command);
        json.WriteString("task", Comparison.Task.Name);
        json.WriteStartArray("seeds");
        foreach (int seed in Comparison.Seeds) json.WriteNumberValue(seed);
        json.WriteEndArray();
        if (Comparison.Budget is { } budget) json.WriteNumber("budget", budget);
        json.WriteString("figure", Figure);
        json.WriteString("symbols", Units.Symbols);
        json.WriteString("interval", HasQuartiles ? "quartiles" : "least-greatest");
        json.WriteStartArray("entrants");
        foreach (Standing standing in Standings) Write(json, standing);
        json.WriteEndArray();
    }

    private void Write(Utf8JsonWriter json, Standing standing)
    {
        json.WriteStartObject();
        json.WriteString("name", standing.Entrant.Name);
        json.WriteStartObject("options");
        foreach (var (option, value) in standing.Entrant.Values) json.WriteString(option.Name, value);
        json.WriteEndObject();
        if (standing.Entrant.Hidden is { } hidden) json.WriteNumber("hidden", hidden);
        json.WriteNumber("parameters", standing.Entrant.Parameters);
        json.WriteNumber("solved", standing.Solved);
        json.WriteNumber("diverged", standing.Failed);
        Write("loss", standing.Loss);
        if (Units.LossName is { } name) Write(name.Replace(' ', '_'), new Spread(Told(standing.Loss.Median), Told(standing.Loss.Low), Told(standing.Loss.High)));
        foreach (string metric in OtherMetrics) if (metric != Units.LossName?.Replace(' ', '_')) Write(metric, standing.Metric(metric));
        Write("steps_to_solve", standing.StepsToSolve);
        Write("symbols_to_solve", standing.SymbolsToSolve);
        Write("seconds", standing.Seconds);
        if (Study?.InPaper(standing.Entrant) is { } paper) json.WriteString("paper", paper);
        json.WriteStartArray("runs");
        foreach (ComparedRun run in standing.Runs)
        {
            json.WriteStartObject();
            run.WriteJson(json);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();

        void Write(string name, Spread spread)
        {
            json.WriteStartObject(name);
            json.WriteFinite("median", spread.Median);
            json.WriteFinite("low", spread.Low);
            json.WriteFinite("high", spread.High);
            json.WriteEndObject();
        }
    }

    private static string Short(double value) => double.IsFinite(value) ? value.ToString("G4", CultureInfo.InvariantCulture) : "–";

    private static string Whole(double value) => double.IsFinite(value) ? value.ToString("N0", CultureInfo.InvariantCulture) : "–";

    private static string Exact(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
