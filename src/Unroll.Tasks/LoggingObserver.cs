using System.Globalization;
using Microsoft.Extensions.Logging;
using Unroll.Training;

namespace Unroll.Tasks;

/// <summary>Writes what happens in a run to a program's log, with the figures as named values. Start, validations and end are information, warnings are warnings, reports, samples and checkpoints are for debugging,
/// and each step is traced. What the log does not want costs nothing and allocates nothing.
/// <code>new Trainer(job, options).Observe(new LoggingObserver(logger)).Run();</code></summary>
/// <param name="logger">The log.</param>
public sealed partial class LoggingObserver(ILogger logger) : IRunObserver
{
    private readonly ILogger _logger = logger ?? throw new ArgumentNullException(nameof(logger));

    /// <inheritdoc/>
    public void OnStart(in RunStarted started) => Started(_logger, started.Step, started.TotalSteps, started.StepsPerEpoch, started.Parameters, started.Folder);

    /// <inheritdoc/>
    public void OnStep(in StepDone step) => Stepped(_logger, step.Step, step.Epoch, step.Loss, step.GradientNorm, step.LearningRate, step.Symbols, step.Skipped);

    /// <inheritdoc/>
    public void OnReport(in RunReport report) => Reported(
        _logger, report.Step, report.Epoch, report.Loss, report.Prior, report.GradientNorm, report.LearningRate, report.Symbols, report.Skipped, report.Seconds, report.SymbolsPerSecond);

    /// <inheritdoc/>
    public void OnValidation(in ValidationDone validation)
    {
        if (!_logger.IsEnabled(LogLevel.Information)) return;
        string metrics = string.Join(", ", validation.Metrics.Select(metric => string.Create(CultureInfo.InvariantCulture, $"{metric.Key} {metric.Value:G6}")));
        Validated(_logger, validation.Step, validation.Epoch, metrics, validation.Metrics["loss"], validation.IsBest, validation.BestLoss, validation.BestStep, validation.Seconds);
    }

    /// <inheritdoc/>
    public void OnSample(in SampleDrawn sample) => Sampled(_logger, sample.Step, sample.Text);

    /// <inheritdoc/>
    public void OnCheckpoint(in CheckpointSaved checkpoint) => Saved(_logger, checkpoint.Step, checkpoint.Path);

    /// <inheritdoc/>
    public void OnWarning(in RunWarning warning) => Warned(_logger, warning.Step, warning.Message);

    /// <inheritdoc/>
    public void OnEnd(RunResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        Ended(_logger, result.Outcome, result.Steps, result.Epochs, result.TrainingLoss, result.BestLoss, result.BestStep, result.Symbols, result.Skipped, result.Seconds, result.Model);
    }

    [LoggerMessage(1, LogLevel.Information, "Training of {Parameters} parameters from step {Step} to {TotalSteps}, {StepsPerEpoch:0.##} an epoch, into {Folder}", EventName = "Start")]
    private static partial void Started(ILogger logger, long step, long totalSteps, double stepsPerEpoch, long parameters, string? folder);

    [LoggerMessage(2, LogLevel.Trace, "Step {Step}, epoch {Epoch:0.##}: loss {Loss:G6}, gradient norm {GradientNorm:G6}, learning rate {LearningRate:G6}, {Symbols} symbols, skipped: {Skipped}", EventName = "Step")]
    private static partial void Stepped(ILogger logger, long step, double epoch, double loss, double gradientNorm, double learningRate, int symbols, bool skipped);

    [LoggerMessage(3, LogLevel.Debug, "Step {Step}, epoch {Epoch:0.##}: mean loss {Loss:G6}, prior {Prior:G6}, gradient norm {GradientNorm:G6}, learning rate {LearningRate:G6}, {Symbols} symbols, {Skipped} steps skipped, {Seconds:0.#} s, {SymbolsPerSecond:0} symbols/s", EventName = "Report")]
    private static partial void Reported(
        ILogger logger, long step, double epoch, double loss, double prior, double gradientNorm, double learningRate, long symbols, long skipped, double seconds, double symbolsPerSecond);

    [LoggerMessage(4, LogLevel.Information, "Validation after step {Step}, epoch {Epoch:0.##}, {Seconds:0.#} s: {Metrics}; loss {Loss:G6}, best: {IsBest}, best loss {BestLoss:G6} after step {BestStep}", EventName = "Validation")]
    private static partial void Validated(ILogger logger, long step, double epoch, string metrics, double loss, bool isBest, double bestLoss, long bestStep, double seconds);

    [LoggerMessage(5, LogLevel.Debug, "Sample after step {Step}: {Text}", EventName = "Sample")]
    private static partial void Sampled(ILogger logger, long step, string text);

    [LoggerMessage(6, LogLevel.Debug, "Checkpoint after step {Step}: {Path}", EventName = "Checkpoint")]
    private static partial void Saved(ILogger logger, long step, string path);

    [LoggerMessage(7, LogLevel.Warning, "{Message} (step {Step})", EventName = "Warning")]
    private static partial void Warned(ILogger logger, long step, string message);

    [LoggerMessage(8, LogLevel.Information, "{Outcome} after {Steps} steps, {Epochs:0.##} epochs, {Seconds:0.#} s: training loss {TrainingLoss:G6}, best loss {BestLoss:G6} after step {BestStep}, {Symbols} symbols, {Skipped} steps skipped, model {Model}", EventName = "End")]
    private static partial void Ended(
        ILogger logger, RunOutcome outcome, long steps, double epochs, double trainingLoss, double? bestLoss, long? bestStep, long symbols, long skipped, double seconds, string? model);
}
