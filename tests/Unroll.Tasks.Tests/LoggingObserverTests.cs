using Microsoft.Extensions.Logging;
using Unroll.Training;

namespace Unroll.Tasks.Tests;

public sealed class LoggingObserverTests
{
    private sealed record Entry(LogLevel Level, EventId Event, string Message, Dictionary<string, object?> Values);

    /// <summary>A log that keeps what it is told from a level on.</summary>
    private sealed class KeptLog(LogLevel from) : ILogger
    {
        public List<Entry> Entries { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel level) => level >= from;

        public void Log<TState>(LogLevel level, EventId id, TState state, Exception? exception, Func<TState, Exception?, string> format)
        {
            if (IsEnabled(level)) Entries.Add(new Entry(level, id, format(state, exception), ((IEnumerable<KeyValuePair<string, object?>>)state!).ToDictionary(pair => pair.Key, pair => pair.Value)));
        }
    }

    [Fact]
    public void A_run_is_logged_with_levels_ids_and_named_values()
    {
        TaskDefinition task = TaskCatalogue.Get("adding");
        TaskSettings settings = new TaskSettings(task.Options).Set("hidden", "4").Set("length", "5").Set("steps", "6");
        TrainingJob job = task.Prepare(settings).Job;
        var log = new KeptLog(LogLevel.Trace);
        TrainerOptions options = CommonOptions.ToTrainerOptions(settings, job.StepsPerEpoch) with { ReportEvery = 3, ValidateEvery = 6 };
        RunResult result = new Trainer(job, options).Observe(new LoggingObserver(log)).Run(TestContext.Current.CancellationToken);
        Assert.Equal(["Start", "Step", "Step", "Step", "Report", "Step", "Step", "Step", "Report", "Validation", "End"], log.Entries.Select(entry => entry.Event.Name).Where(name => name != "Sample"));
        Assert.Equal([LogLevel.Information, LogLevel.Trace, LogLevel.Debug, LogLevel.Information, LogLevel.Information], log.Entries.Where(entry => entry.Event.Name is not "Sample").DistinctBy(entry => entry.Event.Name).Select(entry => entry.Level));
        Assert.Equal([1, 2, 3, 4, 8], log.Entries.Where(entry => entry.Event.Name is not "Sample").Select(entry => entry.Event.Id).Distinct());
        Entry step = log.Entries.Last(entry => entry.Event.Name == "Step"), report = log.Entries.Last(entry => entry.Event.Name == "Report"), validation = log.Entries.Single(entry => entry.Event.Name == "Validation"), end = log.Entries[^1];
        Assert.Equal((6L, options.Optimizer.LearningRate), (step.Values["Step"], (float)(double)step.Values["LearningRate"]!));
        Assert.All((string[])["Epoch", "Loss", "GradientNorm"], name => Assert.IsType<double>(step.Values[name]));
        Assert.Equal(result.TrainingLoss, report.Values["Loss"]);
        Assert.Equal(result.Metrics["loss"], validation.Values["Loss"]);
        Assert.Equal(string.Join(", ", result.Metrics.Select(metric => FormattableString.Invariant($"{metric.Key} {metric.Value:G6}"))), validation.Values["Metrics"]);
        Assert.Equal((RunOutcome.Completed, 6L), (end.Values["Outcome"], end.Values["Steps"]));
        Assert.StartsWith("Completed after 6 steps, ", end.Message);
    }

    [Fact]
    public void Warnings_samples_and_checkpoints_are_told_apart()
    {
        var log = new KeptLog(LogLevel.Debug);
        IRunObserver observer = new LoggingObserver(log);
        observer.OnStep(new StepDone(1, 0.1, 2, 3, 0.1, 10, false));
        observer.OnSample(new SampleDrawn(2, "a text"));
        observer.OnCheckpoint(new CheckpointSaved(3, "runs/1/checkpoint.safetensors"));
        observer.OnWarning(new RunWarning(4, "Step 4 was skipped: the loss is not finite."));
        Assert.Equal(
            [
                (LogLevel.Debug, 5, "Sample after step 2: a text"),
                (LogLevel.Debug, 6, "Checkpoint after step 3: runs/1/checkpoint.safetensors"),
                (LogLevel.Warning, 7, "Step 4 was skipped: the loss is not finite. (step 4)"),
            ], log.Entries.Select(entry => (entry.Level, entry.Event.Id, entry.Message)));
        Assert.Throws<ArgumentNullException>(() => new LoggingObserver(null!));
    }

    [Fact]
    public void What_the_log_does_not_want_allocates_nothing()
    {
        var log = new KeptLog(LogLevel.Warning);
        IRunObserver observer = new LoggingObserver(log);
        var metrics = new Dictionary<string, double> { ["loss"] = 1 };
        Assert.Equal(0, Allocation.OfSteadySteps(step =>
        {
            observer.OnStep(new StepDone(step, 0.1, 2, 3, 0.1, 10, false));
            observer.OnReport(new RunReport(step, 0.1, 2, 0, 3, 0.1, 10, 0, 1, 10));
            observer.OnValidation(new ValidationDone(step, 0.1, metrics, true, 1, 1, 1));
        }));
        Assert.Empty(log.Entries);
    }
}
