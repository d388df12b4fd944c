using Unroll.Analysis;
using Unroll.Tensors;

namespace Unroll.Training;

/// <summary>Listens to a run: the console, the log files and the page are all observers. Events are passed by reference and made without
/// allocating, so that listening costs nothing; they come on the thread that trains.</summary>
public interface IRunObserver
{
    /// <summary>The run begins or resumes.</summary>
    void OnStart(in RunStarted started)
    {
    }

    /// <summary>A step was taken or skipped. Called for every step: do little, and allocate nothing.</summary>
    void OnStep(in StepDone step)
    {
    }

    /// <summary>The averages since the last report.</summary>
    void OnReport(in RunReport report)
    {
    }

    /// <summary>The parameters and their gradients before a step after which the model is validated; both are valid during the call alone.</summary>
    void OnParameters(in ParametersShown shown)
    {
    }

    /// <summary>The gates of the recurrent layers in such a step.</summary>
    void OnGates(in GatesShown shown)
    {
    }

    /// <summary>The model was validated.</summary>
    void OnValidation(in ValidationDone validation)
    {
    }

    /// <summary>The model made something to show.</summary>
    void OnSample(in SampleDrawn sample)
    {
    }

    /// <summary>A checkpoint is safely on the disk.</summary>
    void OnCheckpoint(in CheckpointSaved checkpoint)
    {
    }

    /// <summary>Something the user should know, such as a skipped step.</summary>
    void OnWarning(in RunWarning warning)
    {
    }

    /// <summary>The run is over.</summary>
    void OnEnd(RunResult result)
    {
    }
}

/// <summary>The run begins or resumes.</summary>
/// <param name="Step">How many steps were taken before: 0, or where a resumed run continues.</param>
/// <param name="TotalSteps">With how many steps it will end if nothing ends it before.</param>
/// <param name="StepsPerEpoch">How many steps an epoch has; not whole when several batches make a step.</param>
/// <param name="Parameters">How many numbers are trained.</param>
/// <param name="Folder">The run folder, or null.</param>
public readonly record struct RunStarted(long Step, long TotalSteps, double StepsPerEpoch, long Parameters, string? Folder);

/// <summary>One step.</summary>
/// <param name="Step">Its number, from 1.</param>
/// <param name="Epoch">How many epochs have passed, with fraction.</param>
/// <param name="Loss">The mean loss of the step's symbols, in nats.</param>
/// <param name="GradientNorm">The Euclidean norm of all gradients before clipping.</param>
/// <param name="LearningRate">The learning rate used.</param>
/// <param name="Symbols">How many symbols the step saw.</param>
/// <param name="Skipped">Whether loss or gradient were not finite and the weights were left as they are.</param>
public readonly record struct StepDone(long Step, double Epoch, double Loss, double GradientNorm, double LearningRate, int Symbols, bool Skipped);

/// <summary>Averages over the steps since the last report.</summary>
/// <param name="Step">The number of the last step.</param>
/// <param name="Epoch">How many epochs have passed, with fraction.</param>
/// <param name="Loss">The mean loss of the symbols seen, in nats; skipped steps do not count.</param>
/// <param name="Prior">The prior's part of the objective, −log p(w)/N; 0 without a prior.</param>
/// <param name="GradientNorm">The mean norm of the gradients before clipping; skipped steps do not count.</param>
/// <param name="LearningRate">The learning rate of the last step.</param>
/// <param name="Symbols">How many symbols the run has seen.</param>
/// <param name="Skipped">How many steps the run has skipped.</param>
/// <param name="Seconds">How long the run has trained, over all its resumptions.</param>
/// <param name="SymbolsPerSecond">The speed since the last report, validation and saving not counted.</param>
public readonly record struct RunReport(
    long Step, double Epoch, double Loss, double Prior, double GradientNorm, double LearningRate, long Symbols, long Skipped, double Seconds, double SymbolsPerSecond);

/// <summary>Parameters with their gradients.</summary>
/// <param name="Step">The number of the step that is about to change them.</param>
/// <param name="Parameters">The parameters; the gradients are those before clipping, summed over the batches of the step.</param>
public readonly record struct ParametersShown(long Step, IReadOnlyList<Parameter> Parameters);

/// <summary>The gates of recurrent layers, and how open they were.</summary>
/// <param name="Step">The number of the step at hand.</param>
/// <param name="Gates">Of every layer and direction those named equations of its cell whose outermost operation is σ or tanh, such as i, f, g and o of an LSTM: at the first steps, 64 at most, of the first sequences, 8 at
/// most, of the step's last batch, of wide layers fewer. As in evaluation: dropout on states, zoneout and weight drop, drawn for training, do not act. None for a model without recurrent layers.</param>
public readonly record struct GatesShown(long Step, IReadOnlyList<GateValues> Gates);

/// <summary>A validation.</summary>
/// <param name="Step">How many steps were taken before it.</param>
/// <param name="Epoch">How many epochs have passed, with fraction.</param>
/// <param name="Metrics">The task's metrics by name; <c>loss</c> is among them.</param>
/// <param name="IsBest">Whether this is the best validation so far; the model was then written to <c>model.safetensors</c>.</param>
/// <param name="BestLoss">The loss of the best one so far.</param>
/// <param name="BestStep">The step that had it.</param>
/// <param name="Seconds">How long the run has trained, over all its resumptions.</param>
public readonly record struct ValidationDone(
    long Step, double Epoch, IReadOnlyDictionary<string, double> Metrics, bool IsBest, double BestLoss, long BestStep, double Seconds);

/// <summary>A sample.</summary>
/// <param name="Step">How many steps were taken before it.</param>
/// <param name="Text">What the model made.</param>
public readonly record struct SampleDrawn(long Step, string Text);

/// <summary>A checkpoint.</summary>
/// <param name="Step">How many steps were taken before it.</param>
/// <param name="Path">The file.</param>
public readonly record struct CheckpointSaved(long Step, string Path);

/// <summary>A warning.</summary>
/// <param name="Step">The number of the step it is about.</param>
/// <param name="Message">One line.</param>
public readonly record struct RunWarning(long Step, string Message);

/// <summary>How a run ended.</summary>
public enum RunOutcome
{
    /// <summary>All steps were taken.</summary>
    Completed,

    /// <summary>Validation brought no better loss for as long as <see cref="TrainerOptions.Patience"/> allows.</summary>
    StoppedEarly,

    /// <summary>A validation showed that there is nothing left to learn: <see cref="TrainingJob.IsSolved"/>.</summary>
    Solved,

    /// <summary>It was cancelled, and saved; it can be resumed.</summary>
    Interrupted,
}

/// <summary>What came of a run.</summary>
public sealed record RunResult
{
    /// <summary>How it ended.</summary>
    public required RunOutcome Outcome { get; init; }

    /// <summary>How many steps were taken, skipped ones included.</summary>
    public required long Steps { get; init; }

    /// <summary>How many epochs passed, with fraction.</summary>
    public required double Epochs { get; init; }

    /// <summary>The mean training loss of the last report; not a number if there was none.</summary>
    public required double TrainingLoss { get; init; }

    /// <summary>The loss of the best validation; null without validation data.</summary>
    public required double? BestLoss { get; init; }

    /// <summary>The step of the best validation; null without validation data.</summary>
    public required long? BestStep { get; init; }

    /// <summary>The metrics of the last validation in this process; empty if there was none.</summary>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    /// <summary>How many symbols were seen.</summary>
    public required long Symbols { get; init; }

    /// <summary>How many steps were skipped because loss or gradient were not finite.</summary>
    public required long Skipped { get; init; }

    /// <summary>How long the run has trained, over all its resumptions.</summary>
    public required double Seconds { get; init; }

    /// <summary>The model file; null without a run folder.</summary>
    public required string? Model { get; init; }
}
