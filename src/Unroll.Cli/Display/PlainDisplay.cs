using System.Diagnostics;
using Unroll.Tasks;
using Unroll.Training;

namespace Unroll.Cli.Display;

/// <summary>Shows a training as plain lines, for pipes and log files: a line of figures every few seconds at most.</summary>
internal sealed class PlainDisplay(TextWriter to) : TrainingDisplay
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
    private long _shown;

    public override void ShowFacts(IReadOnlyList<Fact> facts)
    {
        foreach (Fact fact in facts) to.WriteLine($"{fact.Label,-12}{fact.Text}");
    }

    public override void Warn(string message) => to.WriteLine($"warning     {message}");

    public override void OnStart(in RunStarted started)
    {
        base.OnStart(started);
        string from = started.Step > 0 ? $", from step {started.Step}" : "";
        to.WriteLine($"{"run",-12}{started.TotalSteps:N0} steps ({started.StepsPerEpoch:0.#} an epoch){from}{(started.Folder is null ? "" : $", into {started.Folder}")}");
    }

    public override void OnReport(in RunReport report)
    {
        double left = SecondsLeft(report);
        if (_shown != 0 && Stopwatch.GetElapsedTime(_shown) < Pause && report.Step < Started.TotalSteps) return;
        _shown = Stopwatch.GetTimestamp();
        string steps = $"{report.Step}/{Started.TotalSteps}";
        to.WriteLine($"step {steps,-14} epoch {report.Epoch:F2}  {Units.Loss(report.Loss)}  gradient {report.GradientNorm:G3}  {report.SymbolsPerSecond:N0} {Units.Symbols}/s  {Clock.Text(report.Seconds)}, {Clock.Text(left)} left");
    }

    public override void OnValidation(in ValidationDone validation) =>
        to.WriteLine($"{"validation",-12}{Units.Loss(validation.Metrics["loss"])}{Figures(validation.Metrics)}{(validation.IsBest ? "; the best so far, saved" : "")}");

    public override void OnSample(in SampleDrawn sample)
    {
        foreach (string line in Terminal.Visible(sample.Text).Split('\n')) to.WriteLine($"    | {line}");
    }
}
