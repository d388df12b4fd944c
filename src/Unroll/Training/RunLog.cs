using System.Globalization;
using System.Text.Json;
using Unroll.Analysis;
using Unroll.Data;
using Unroll.Files;
using Unroll.Tensors;

namespace Unroll.Training;

/// <summary>The observer that writes a run's <c>metrics.jsonl</c> and TensorBoard event file. Checkpoints hold how long both were, and resuming cuts them
/// back, so that they end as if the run had never stopped.</summary>
internal sealed class RunLog : IRunObserver, IDisposable
{
    private readonly MetricsWriter _metrics;
    private readonly EventFile _events;

    private RunLog(MetricsWriter metrics, EventFile events) => (_metrics, _events) = (metrics, events);

    /// <summary>Opens the logs of a run that begins.</summary>
    /// <exception cref="RunFailedException">A file cannot be written.</exception>
    public static RunLog Create(RunFolder folder)
    {
        // A run killed before its first checkpoint leaves an event file that nothing refers to.
        foreach (string left in Directory.GetFiles(folder.Path, EventFile.NamePrefix + "*" + EventFile.NameSuffix)) File.Delete(left);
        string seconds = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return Open(folder, EventFile.NamePrefix + seconds + EventFile.NameSuffix, 0, 0);
    }

    /// <summary>Opens the logs of a run that resumes, cut back to where they were when the checkpoint was taken.</summary>
    /// <exception cref="RunFailedException">A file cannot be written or is shorter than that.</exception>
    public static RunLog Resume(RunFolder folder, CheckpointReader reader)
    {
        // The checkpoint names a file in the run folder; whatever else it says, nothing outside is touched.
        string name = Path.GetFileName(reader.Text("events_file"));
        return Open(folder, name, reader.Integer("metrics_bytes"), reader.Integer("events_bytes"));
    }

    private static RunLog Open(RunFolder folder, string eventsName, long metricsBytes, long eventsBytes)
    {
        var metrics = new MetricsWriter(folder.Metrics, metricsBytes);
        try
        {
            return new RunLog(metrics, new EventFile(Path.Combine(folder.Path, eventsName), eventsBytes));
        }
        catch
        {
            metrics.Dispose();
            throw;
        }
    }

    /// <summary>Flushes both logs to the disk and notes their lengths, so that a checkpoint never knows of lines that are not there.</summary>
    /// <exception cref="RunFailedException">Writing failed.</exception>
    public void Save(CheckpointWriter writer)
    {
        _metrics.Flush(toDisk: true);
        _events.Flush(toDisk: true);
        writer.Add("metrics_bytes", _metrics.Length);
        writer.Add("events_file", Path.GetFileName(_events.Path));
        writer.Add("events_bytes", _events.Length);
    }

    public void OnReport(in RunReport report)
    {
        Utf8JsonWriter line = _metrics.BeginLine("report", report.Step);
        line.WriteFinite("epoch", report.Epoch);
        line.WriteFinite("loss", report.Loss);
        if (report.Prior != 0) line.WriteFinite("prior", report.Prior);
        line.WriteFinite("gradient_norm", report.GradientNorm);
        line.WriteFinite("learning_rate", report.LearningRate);
        line.WriteNumber("symbols", report.Symbols);
        line.WriteNumber("skipped", report.Skipped);
        line.WriteFinite("seconds", Math.Round(report.Seconds, 3));
        line.WriteFinite("symbols_per_second", Math.Round(report.SymbolsPerSecond, 1));
        _metrics.EndLine();

        _events.Scalar("train/loss", report.Step, report.Loss);
        _events.Scalar("train/gradient_norm", report.Step, report.GradientNorm);
        _events.Scalar("train/learning_rate", report.Step, report.LearningRate);
        _events.Scalar("train/symbols_per_second", report.Step, report.SymbolsPerSecond);
        _events.Flush(toDisk: false);
    }

    public void OnParameters(in ParametersShown shown)
    {
        foreach (Parameter parameter in shown.Parameters)
        {
            _events.Histogram("weights/" + parameter.Name, shown.Step, parameter.Values);
            _events.Histogram("gradients/" + parameter.Name, shown.Step, parameter.Gradient);
        }
    }

    public void OnGates(in GatesShown shown)
    {
        foreach (GateValues gate in shown.Gates) _events.Histogram($"gates/{gate.Layer}/{gate.Name}", shown.Step, gate.Values.Span);
    }

    public void OnValidation(in ValidationDone validation)
    {
        Utf8JsonWriter line = _metrics.BeginLine("validation", validation.Step);
        line.WriteFinite("epoch", validation.Epoch);
        foreach (var (name, value) in validation.Metrics)
        {
            line.WriteFinite(name, value);
            _events.Scalar("validation/" + name, validation.Step, value);
        }
        line.WriteBoolean("best", validation.IsBest);
        line.WriteFinite("seconds", Math.Round(validation.Seconds, 3));
        _metrics.EndLine();
        _events.Flush(toDisk: false);
    }

    public void OnSample(in SampleDrawn sample)
    {
        _metrics.BeginLine("sample", sample.Step).WriteString("text", sample.Text);
        _metrics.EndLine();
        _events.Text("sample", sample.Step, sample.Text);
    }

    public void OnWarning(in RunWarning warning)
    {
        _metrics.BeginLine("warning", warning.Step).WriteString("message", warning.Message);
        _metrics.EndLine();
    }

    public void Dispose()
    {
        _metrics.Dispose();
        _events.Dispose();
    }
}
