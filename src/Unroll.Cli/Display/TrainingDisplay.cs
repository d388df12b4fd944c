using Unroll.Tasks;
using Unroll.Training;

namespace Unroll.Cli.Display;

/// <summary>Shows a training as it goes: what all ways of showing it have in common.</summary>
internal abstract class TrainingDisplay : IRunObserver
{
    private double _secondsPerStep;
    private long _lastStep;
    private double _lastSeconds;

    /// <summary>In what loss and speed are told.</summary>
    protected TrainingUnits Units { get; private set; } = new("symbols");

    /// <summary>The run as it began.</summary>
    protected RunStarted Started { get; private set; }

    /// <summary>Shows a training while it runs.</summary>
    /// <param name="units">In what loss and speed are told.</param>
    /// <param name="train">Runs it.</param>
    public RunResult Show(TrainingUnits units, Func<RunResult> train)
    {
        Units = units;
        return OnShow(train);
    }

    /// <summary>Lines about data and model, before training begins.</summary>
    public abstract void ShowFacts(IReadOnlyList<Fact> facts);

    /// <summary>Something the user should know.</summary>
    public abstract void Warn(string message);

    /// <inheritdoc/>
    public virtual void OnStart(in RunStarted started)
    {
        Started = started;
        _lastStep = started.Step;
    }

    /// <inheritdoc/>
    public virtual void OnStep(in StepDone step)
    {
    }

    /// <inheritdoc/>
    public virtual void OnReport(in RunReport report)
    {
    }

    /// <inheritdoc/>
    public virtual void OnValidation(in ValidationDone validation)
    {
    }

    /// <inheritdoc/>
    public virtual void OnSample(in SampleDrawn sample)
    {
    }

    /// <inheritdoc/>
    public void OnWarning(in RunWarning warning) => Warn(warning.Message);

    /// <summary>Runs the training.</summary>
    protected virtual RunResult OnShow(Func<RunResult> train) => train();

    /// <summary>How long a run probably still takes, by its pace of late, validation and saving included.</summary>
    protected double SecondsLeft(in RunReport report)
    {
        if (report.Step > _lastStep && _lastSeconds > 0)
        {
            double pace = (report.Seconds - _lastSeconds) / (report.Step - _lastStep);
            _secondsPerStep = _secondsPerStep == 0 ? pace : 0.8 * _secondsPerStep + 0.2 * pace;
        }
        else if (report.Step > Started.Step) _secondsPerStep = report.Seconds / report.Step;
        (_lastStep, _lastSeconds) = (report.Step, report.Seconds);
        return (Started.TotalSteps - report.Step) * _secondsPerStep;
    }

    /// <summary>A validation's figures besides the loss, for people.</summary>
    protected string Figures(IReadOnlyDictionary<string, double> metrics) => string.Concat(metrics
        .Where(metric => metric.Key != "loss" && metric.Key.Replace('_', ' ') != Units.LossName)
        .Select(metric => $", {metric.Key.Replace('_', ' ')} {metric.Value:G4}"));
}

/// <summary>Shows warnings only.</summary>
internal sealed class QuietDisplay(TextWriter to) : TrainingDisplay
{
    public override void ShowFacts(IReadOnlyList<Fact> facts)
    {
    }

    public override void Warn(string message) => to.WriteLine($"unroll: {message}");
}
