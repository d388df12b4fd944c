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
