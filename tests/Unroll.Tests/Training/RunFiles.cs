using System.Text.Json;
using System.Text.Json.Nodes;
using Unroll.Files;
using Unroll.Training;

namespace Unroll.Tests.Training;

/// <summary>What a run left behind, without clock times, so that runs can be compared.</summary>
internal sealed record RunFiles(string Metrics, string Model, string Tensors, string Values, long Events)
{
    public static RunFiles Of(string folder)
    {
        var files = new RunFolder(folder);
        SafetensorsFile checkpoint = SafetensorsFile.Read(files.Checkpoint);
        JsonObject values = JsonNode.Parse(checkpoint.Metadata["values"])!.AsObject();
        foreach (string clock in (string[])["progress.seconds", "log.metrics_bytes", "log.events_file"]) values.Remove(clock);
        string eventFile = Assert.Single(Directory.GetFiles(folder, "events.out.tfevents.*"));
        Assert.Empty(Directory.GetFiles(folder, "*.tmp"));
        return new RunFiles(
            string.Join('\n', MetricsFile.Read(files.Metrics).Select(WithoutClock)),
            Convert.ToHexString(File.ReadAllBytes(files.Model)),
            string.Join('\n', checkpoint.Tensors.Select(tensor => tensor.Name + " " + Convert.ToHexString(tensor.Bytes))),
            values.ToJsonString(),
            new FileInfo(eventFile).Length);
    }

    private static string WithoutClock(JsonElement line)
    {
        JsonObject entry = JsonObject.Create(line)!;
        entry.Remove("seconds");
        entry.Remove("symbols_per_second");
        return entry.ToJsonString();
    }
}

/// <summary>An empty folder that is deleted with its content.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("unroll-test-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

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
