using System.Diagnostics;
using Spectre.Console;
using Spectre.Console.Rendering;
using Unroll.Tasks;
using Unroll.Training;

namespace Unroll.Cli.Display;

/// <summary>Shows a training on a screen, drawn anew in place: how far it is, its figures, how the loss fell, and the latest sample.</summary>
internal sealed class LiveDisplay : TrainingDisplay
{
    private const int CurveWidth = 60, SampleLines = 10;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly IAnsiConsole _console;
    private readonly int _width;
    private readonly List<double> _losses = [];
    private readonly List<string> _warnings = [];
    private LiveDisplayContext? _live;
    private RunReport _report;
    private ValidationDone? _validation;
    private double _left, _best;
    private string _sample = "";
    private long _step, _drawn;

    /// <summary>A display on a terminal's error side.</summary>
    public LiveDisplay(Terminal terminal)
    {
        _console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(terminal.Error), Interactive = InteractionSupport.No });
        _width = terminal.Width;
        _console.Profile.Width = _width;
    }

    public override void ShowFacts(IReadOnlyList<Fact> facts)
    {
        var grid = new Grid().AddColumn(new GridColumn().NoWrap().PadRight(2)).AddColumn();
        foreach (Fact fact in facts) grid.AddRow(new Text(fact.Label, new Style(Color.Grey)), new Text(fact.Text));
        _console.Write(grid);
    }

    public override void Warn(string message)
    {
        _warnings.Add(message);
        if (_live is null) _console.Write(Warning(message));
        else Draw(force: true);
    }

    protected override RunResult OnShow(Func<RunResult> train)
    {
        _warnings.Clear();
        return _console.Live(new Text("")).AutoClear(false).Overflow(VerticalOverflow.Crop).Cropping(VerticalOverflowCropping.Top).Start(live =>
        {
            _live = live;
            RunResult result = train();
            Draw(force: true);
            return result;
        });
    }

    public override void OnStart(in RunStarted started)
    {
        base.OnStart(started);
        _step = started.Step;
        Draw(force: true);
    }

    public override void OnStep(in StepDone step)
    {
        _step = step.Step;
        Draw(force: false);
    }

    public override void OnReport(in RunReport report)
    {
        _report = report;
        _left = SecondsLeft(report);
        _losses.Add(report.Loss);
    }

    public override void OnValidation(in ValidationDone validation)
    {
        _validation = validation;
        _best = validation.BestLoss;
        Draw(force: true);
    }

    public override void OnSample(in SampleDrawn sample)
    {
        _sample = Terminal.Visible(sample.Text);
        Draw(force: true);
    }

    private void Draw(bool force)
    {
        if (_live is null || (!force && Stopwatch.GetElapsedTime(_drawn) < Pause)) return;
        _drawn = Stopwatch.GetTimestamp();
        var rows = new List<IRenderable> { Progress(), Figures() };
        if (_losses.Count > 1) rows.Add(Row("loss curve", Curve()));
        if (_sample.Length > 0)
        {
            string text = string.Join('\n', _sample.Split('\n').Take(SampleLines));
            rows.Add(new Panel(new Text(text)).Header(" sample ").BorderColor(Color.Grey).Expand());
        }
        rows.AddRange(_warnings.TakeLast(3).Select(Warning));
        _live.UpdateTarget(new Rows(rows));
    }

    private Text Warning(string message) => new($"warning: {message}", new Style(Color.Yellow));

    private Columns Progress()
    {
        double share = Started.TotalSteps > 0 ? Math.Clamp((double)_step / Started.TotalSteps, 0, 1) : 0;
        int length = Math.Clamp(_width - 50, 10, 60), done = (int)(share * length);
        return new Columns(
            new Text(new string('━', done), new Style(Color.Green)),
            new Text(new string('━', length - done), new Style(Color.Grey)),
            new Text($"{share,4:P0} step {_step:N0}/{Started.TotalSteps:N0}  {Clock.Text(_report.Seconds)}, {Clock.Text(_left)} left"))
        { Expand = false, Padding = new Padding(0, 0, 1, 0) };
    }

    private Rows Figures()
    {
        var rows = new List<IRenderable>();
        if (_report.Step > 0)
        {
            rows.Add(Row("training", $"{Units.Loss(_report.Loss)}  epoch {_report.Epoch:F2}"));
            rows.Add(Row("speed", $"{_report.SymbolsPerSecond:N0} {Units.Symbols}/s  gradient {_report.GradientNorm:G3}  learning rate {_report.LearningRate:G3}"));
        }
        if (_validation is { } validation)
        {
            string best = validation.IsBest ? "the best so far" : $"best {_best:F4}";
            rows.Add(Row("validation", $"{Units.Loss(validation.Metrics["loss"])}{Figures(validation.Metrics)}; {best}"));
        }
        return new Rows(rows);
    }

    private static Columns Row(string label, string text) =>
        new(new Text($"{label,-11}", new Style(Color.Grey)), new Text(text)) { Expand = false };

    /// <summary>The losses so far as a row of bars, oldest first; each bar is the mean of its share of the reports.</summary>
    private string Curve()
    {
        int bars = Math.Min(_losses.Count, Math.Min(CurveWidth, _width - 20));
        double[] means = new double[bars];
        for (int i = 0; i < bars; i++)
        {
            int from = i * _losses.Count / bars, to = (i + 1) * _losses.Count / bars;
            for (int j = from; j < to; j++) means[i] += _losses[j] / (to - from);
        }
        double low = means.Min(), high = means.Max();
        return string.Concat(means.Select(mean => "▁▂▃▄▅▆▇█"[high > low ? (int)Math.Round((mean - low) / (high - low) * 7) : 0]));
    }
}
