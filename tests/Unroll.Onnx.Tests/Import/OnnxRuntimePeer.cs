using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Unroll.Onnx.Tests.Import;

/// <summary>ONNX Runtime on Node.js, where the race's packages are installed (bench/peers/run.sh): a second opinion on what a model computes.</summary>
internal static class OnnxRuntimePeer
{
    private static readonly string s_root = Root();

    /// <summary>Skips the test where Node.js or the package is absent.</summary>
    public static void Require() => Assert.SkipUnless(IsThere(), "ONNX Runtime is not installed beside the race (npm install --prefix bench/peers onnxruntime-node@1)");

    /// <summary>Runs models.</summary>
    /// <returns>For each its outputs in order, or why it was not run.</returns>
    public static (float[][]? Outputs, string? Error)[] Run(IReadOnlyList<(byte[] Model, IEnumerable<(string Name, OnnxValue Value)> Inputs, string[] Outputs)> cases)
    {
        using var folder = new Unroll.Tests.TemporaryFolder();
        var list = new JsonArray();
        foreach (var (i, (model, inputs, outputs)) in cases.Index())
        {
            File.WriteAllBytes(folder.File($"{i}.onnx"), model);
            var values = new JsonObject();
            foreach (var (name, value) in inputs)
                values[name] = new JsonObject
                {
                    // sequence_lens is the one input of the recurrent operators that is of 32 bits.
                    ["type"] = !value.IsInteger ? "float32" : name == "sequence_lens" ? "int32" : "int64",
                    ["dims"] = new JsonArray([.. value.Shape.ToArray().Select(size => (JsonNode)size)]),
                    ["data"] = value.IsInteger ? new JsonArray([.. value.Integers.ToArray().Select(number => (JsonNode)number.ToString(System.Globalization.CultureInfo.InvariantCulture))]) : new JsonArray([.. value.Tensor.ToArray().Select(number => (JsonNode)number)]),
                };
            list.Add(new JsonObject { ["model"] = folder.File($"{i}.onnx"), ["inputs"] = values, ["outputs"] = new JsonArray([.. outputs.Select(name => (JsonNode)name)]) });
        }
        File.WriteAllText(folder.File("cases.json"), list.ToJsonString());
        var start = new ProcessStartInfo("node") { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string argument in (string[])[Path.Combine(s_root, "tests/Unroll.Onnx.Tests/Import/peer.mjs"), Peers, folder.File("cases.json"), folder.File("results.json")]) start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors);
        using JsonDocument results = JsonDocument.Parse(File.ReadAllBytes(folder.File("results.json")));
        return [.. results.RootElement.EnumerateArray().Select(result => result.TryGetProperty("error", out JsonElement error)
            ? ((float[][]?)null, (string?)error.GetString())
            : ([.. result.GetProperty("outputs").EnumerateArray().Select(output => (float[])[.. output.EnumerateArray().Select(number => number.ValueKind == JsonValueKind.Null ? float.NaN : number.GetSingle())])], null))];
    }

    private static string Peers => Path.Combine(s_root, "bench", "peers") + Path.DirectorySeparatorChar;

    private static bool IsThere()
    {
        if (!Directory.Exists(Path.Combine(Peers, "node_modules", "onnxruntime-node"))) return false;
        try
        {
            using Process? process = Process.Start(new ProcessStartInfo("node", "--version") { RedirectStandardOutput = true });
            process?.WaitForExit();
            return process?.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static string Root()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Unroll.slnx"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }
}
