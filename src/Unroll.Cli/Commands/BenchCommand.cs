using System.Globalization;
using System.Text.Json;
using Unroll.Cells;
using Unroll.Cli.Measuring;
using Unroll.Data;
using Unroll.Tasks;

namespace Unroll.Cli.Commands;

/// <summary>Measures this machine's peak and how near to it recurrent layers come.</summary>
internal sealed class BenchCommand : CliCommand
{
    /// <summary>How often two cells take turns.</summary>
    private const int Turns = 5;

    private static readonly string[] DefaultShapes =
        ["50,50,128,128", "35,20,200,200", "100,64,256,256", "100,64,512,512", "256,16,1024,1024", "1000,1,64,64", "128,1,512,512"];

    private const string All = "all";

    private static readonly TaskOption CellOption = CommonOptions.Cell with
    {
        Help = "recurrent cells ('unroll cells' lists them), or all; those after the first are timed in turns with it and compared with it",
        Several = true,
        Group = "Options",
        Check = static value => value == All ? null : CommonOptions.Cell.Check!(value),
    };
    private static readonly TaskOption Shapes = new("shapes", OptionKind.Text, "time steps, batch, input features, hidden units of each layer to measure (default: seven common ones)")
    {
        Placeholder = "T,B,I,H",
        Several = true,
        Group = "Options",
        Check = static value => LayerShape.TryParse(value, out _),
    };
    private static readonly TaskOption Threads = CommonOptions.Threads with { Help = "threads to compute with (default: 1, then one for each processor)", Several = true, Group = "Options" };
    private static readonly TaskOption Seconds = new("seconds", OptionKind.Number, "how long to time each figure") { Default = "0.5", Minimum = 0, Maximum = 3600, Exclusive = true, Group = "Options" };
    private static readonly TaskOption StepByStep = new("step-by-step", OptionKind.Flag, "time each cell that runs as a scan over time once more with all of a step computed before the next begins") { Group = "Options" };
    private static readonly TaskOption Json = new("json", OptionKind.Flag, "print the figures as one JSON object") { Group = "Options" };

    /// <inheritdoc/>
    public override string Name => "bench";

    /// <inheritdoc/>
    public override string Summary => "measures how fast recurrent layers run here, and this machine's peak";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Details =>
    [
        "Times one layer's training step (forward, then the gradients of input, weights and initial state) and its inference, step by step after a warm-up; medians count.",
        "GF/s are 10⁹ floating-point operations of the matrix products a second; the peak is what multiply-adds that touch registers only reach on the same threads.",
        "Close what else runs: other programs make every figure worse.",
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<TaskOption> Options { get; } = [CellOption, Shapes, Threads, Seconds, StepByStep, Json];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Arguments, string Meaning)> Examples =>
    [
        ("", "an LSTM at seven shapes, on one thread and on all"),
        ("--cell gru --shapes 100,64,256,256 50,50,128,128 --threads 1", "a GRU at two shapes, on one thread"),
        ("--cell lstm all --shapes 50,64,256,256 --threads 1", "every cell against the LSTM: speeds for each operation of the products"),
        ("--cell lstm min-gru --shapes 4096,1,256,256 --step-by-step", "a cell that is linear in its state: as a scan, step by step, and an LSTM"),
        ("--seconds 2 --json", "longer, as JSON"),
    ];

    /// <inheritdoc/>
    public override int Run(Arguments arguments, Terminal terminal, CancellationToken cancellation)
    {
        TaskSettings settings = arguments.Settings;
        string[] names = settings.IsGiven(CellOption.Name) ? [.. settings.All(CellOption.Name)] : [settings.Text(CellOption.Name)];
        Entrant[] cells = [.. names.SelectMany(name => name == All ? CellCatalogue.All : [CellCatalogue.Find(name)]).Distinct()
            .SelectMany(cell => settings.Flag(StepByStep.Name) && cell.Create().IsScan ? [new Entrant(cell, false), new Entrant(cell, true)] : new[] { new Entrant(cell, false) })];
        double seconds = settings.Number(Seconds.Name);
        IReadOnlyList<string> shapes = settings.IsGiven(Shapes.Name) ? settings.All(Shapes.Name) : DefaultShapes;
        int before = Parallelism.Threads;
        int[] threads = settings.IsGiven(Threads.Name) ? [.. settings.All(Threads.Name).Select(text => int.Parse(text, CultureInfo.InvariantCulture))] : [1, before];
        try
        {
            var (peaks, rows) = Measure(cells, [.. shapes.Select(Parse)], [.. threads.Distinct()], seconds, terminal.Error, cancellation);
            if (settings.Flag(Json.Name)) WriteJson(terminal.Out, cells[0], peaks, rows);
            else WriteTable(terminal.Out, cells, peaks, rows);
        }
        finally
        {
            Parallelism.Threads = before;
        }
        return ExitCode.Done;
    }

    private static LayerShape Parse(string text)
    {
        LayerShape.TryParse(text, out LayerShape shape);
        return shape;
    }

    private static (List<(int Threads, double Peak)> Peaks, List<Row> Rows) Measure(
        Entrant[] cells, LayerShape[] shapes, int[] threads, double seconds, TextWriter progress, CancellationToken cancellation)
    {
        var peaks = new List<(int, double)>();
        foreach (int count in threads)
        {
            progress.WriteLine($"peak on {CountOf(count)}");
            Parallelism.Threads = count;
            peaks.Add((count, Parallelism.MeasurePeak(TimeSpan.FromSeconds(Math.Min(seconds, 0.5)))));
        }
        var rows = new List<Row>();
        foreach (LayerShape shape in shapes)
        {
            LayerWork first = cells[0].At(shape);
            foreach (Entrant cell in cells)
            {
                LayerWork work = cell == cells[0] ? first : cell.At(shape);
                foreach ((int count, double peak) in peaks)
                {
                    progress.WriteLine($"{cell.Name} {shape} on {CountOf(count)}");
                    Parallelism.Threads = count;
                    var (training, beside) = Of(work.Train, work == first ? null : first.Train);
                    var (inference, _) = Of(work.Infer, null);
                    rows.Add(new Row(cell, shape, count, Figures.Of(training, 3 * work.Operations, peak), Figures.Of(inference, work.Operations, peak),
                        beside is null ? 1 : work.Operations / Timing.Median(training) / (first.Operations / Timing.Median(beside))));
                }
            }
        }
        return (peaks, rows);

        (List<double> Times, List<double>? Beside) Of(Action step, Action? beside)
        {
            cancellation.ThrowIfCancellationRequested();
            // Compiled, packed and in the caches before anything counts.
            Timing.Repeat(step, seconds / 2, least: 3);
            cancellation.ThrowIfCancellationRequested();
            if (beside is null) return (Timing.Repeat(step, seconds, least: 3), null);
            // In turns: what else the machine does meets both.
            List<double> times = [], others = [];
            for (int turn = 0; turn < Turns; turn++)
            {
                others.AddRange(Timing.Repeat(beside, seconds / Turns, least: 1));
                times.AddRange(Timing.Repeat(step, seconds / Turns, least: 1));
                cancellation.ThrowIfCancellationRequested();
            }
            return (times, others);
        }
    }

    private static string CountOf(int count) => count == 1 ? "1 thread" : $"{count} threads";

    private static void WriteTable(TextWriter to, Entrant[] cells, List<(int Threads, double Peak)> peaks, List<Row> rows)
    {
        to.WriteLine($"Peak: {string.Join(", ", peaks.Select(peak => FormattableString.Invariant($"{peak.Peak / 1e9:0} GF/s on {CountOf(peak.Threads)}")))}.");
        to.WriteLine();
        bool compares = cells.Length > 1;
        int names = compares ? cells.Max(cell => cell.Name.Length) + 2 : 0;
        int width = Math.Max(compares ? 0 : cells[0].Name.Length, rows.Max(row => row.Shape.ToString().Length)) + 2;
        to.WriteLine($"{"".PadRight(names)}{(compares ? "" : cells[0].Name).PadRight(width)}threads  training                      inference{(compares ? $"                    training, GF/s over {cells[0].Name}'s" : "")}");
        to.WriteLine($"{(compares ? "cell" : "").PadRight(names)}{"T,B,I,H".PadRight(width)}         median ms   GF/s  of peak     median ms   GF/s  of peak");
        foreach (Row row in rows)
            to.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{(compares ? row.Cell.Name : "").PadRight(names)}{row.Shape.ToString().PadRight(width)}{row.Threads,7}  {Text(row.Training)}     {Text(row.Inference)}{(compares ? $"     {row.OfFirst,5:0.00}" : "")}"));

        static string Text(Figures f) => string.Create(CultureInfo.InvariantCulture, $"{f.Median,9:0.000}  {f.Speed / 1e9,5:0}  {f.ShareOfPeak * 100,5:0.0} %");
    }

    private static void WriteJson(TextWriter to, Entrant cell, List<(int Threads, double Peak)> peaks, List<Row> rows) => to.WriteLine(JsonText.OfObject(json =>
    {
        json.WriteString("version", typeof(BenchCommand).Assembly.GetName().Version?.ToString(3));
        json.WriteString("cell", cell.Cell.Name);
        json.WriteStartArray("peaks");
        foreach ((int threads, double peak) in peaks)
        {
            json.WriteStartObject();
            json.WriteNumber("threads", threads);
            json.WriteFinite("gflops", peak / 1e9);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("results");
        foreach (Row row in rows)
        {
            json.WriteStartObject();
            json.WriteString("cell", row.Cell.Cell.Name);
            json.WriteBoolean("step_by_step", row.Cell.StepByStep);
            json.WriteNumber("time", row.Shape.Time);
            json.WriteNumber("batch", row.Shape.Batch);
            json.WriteNumber("input", row.Shape.Input);
            json.WriteNumber("hidden", row.Shape.Hidden);
            json.WriteNumber("threads", row.Threads);
            Write(json, "training", row.Training);
            Write(json, "inference", row.Inference);
            json.WriteFinite("training_speed_over_first", row.OfFirst);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }, indented: true));

    private static void Write(Utf8JsonWriter json, string name, Figures figures)
    {
        json.WriteStartObject(name);
        json.WriteFinite("median_ms", figures.Median);
        json.WriteFinite("minimum_ms", figures.Minimum);
        json.WriteNumber("steps", figures.Steps);
        json.WriteFinite("gflops", figures.Speed / 1e9);
        json.WriteFinite("share_of_peak", figures.ShareOfPeak);
        json.WriteEndObject();
    }

    /// <summary>What was measured of one kind of step: milliseconds, how many were timed, operations a second.</summary>
    private sealed record Figures(double Median, double Minimum, int Steps, double Speed, double ShareOfPeak)
    {
        public static Figures Of(List<double> times, double operations, double peak)
        {
            double median = Timing.Median(times), speed = operations / median * 1e3;
            return new Figures(median, times.Min(), times.Count, speed, speed / peak);
        }
    }

    /// <summary>A cell, and whether all of a step is computed before the next begins.</summary>
    private sealed record Entrant(CellVariant Cell, bool StepByStep)
    {
        public string Name => StepByStep ? $"{Cell.Name}, step by step" : Cell.Name;

        public LayerWork At(LayerShape shape) => new(Cell.Create(), shape, stepByStep: StepByStep);
    }

    /// <summary>A cell at a shape; its training's operations a second over those of the first cell, timed in turns with it.</summary>
    private sealed record Row(Entrant Cell, LayerShape Shape, int Threads, Figures Training, Figures Inference, double OfFirst);
}
