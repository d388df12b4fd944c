using Unroll.Training;

namespace Unroll.Tests.Training;

/// <summary>An observer made of delegates, which also keeps what it hears.</summary>
internal sealed class Listener : IRunObserver
{
    public Action<StepDone> Stepped { get; init; } = _ => { };

    public List<StepDone> Steps { get; } = [];

    public List<RunReport> Reports { get; } = [];

    public List<ValidationDone> Validations { get; } = [];

    public List<string> Warnings { get; } = [];

    public List<string> Samples { get; } = [];

    public List<long> Checkpoints { get; } = [];

    public List<RunStarted> Starts { get; } = [];

    public RunResult? End { get; private set; }

    public void OnStart(in RunStarted started) => Starts.Add(started);

    public void OnStep(in StepDone step)
    {
        Steps.Add(step);
        Stepped(step);
    }

    public void OnReport(in RunReport report) => Reports.Add(report);

    public void OnValidation(in ValidationDone validation) => Validations.Add(validation);

    public void OnSample(in SampleDrawn sample) => Samples.Add(sample.Text);

    public void OnCheckpoint(in CheckpointSaved checkpoint) => Checkpoints.Add(checkpoint.Step);

    public void OnWarning(in RunWarning warning) => Warnings.Add(warning.Message);

    public void OnEnd(RunResult result) => End = result;
}
