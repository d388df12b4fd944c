using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Unroll.Onnx.Tests;

/// <summary>ONNX Runtime, as its package for Node runs it (onnxruntime-node in bench/peers/node_modules, where bench/peers/run.sh and .ci/run put it); where there is none, what needs it skips.</summary>
internal static class OnnxRuntime
{
    private static readonly Lock s_lock = new();
    private static Process? s_process;

    /// <summary>Skips the test where ONNX Runtime cannot be run.</summary>
    public static void Need() => Assert.SkipUnless(Directory.Exists(Path.Combine(Packages, "onnxruntime-node")) && HasNode(),
        "needs Node and onnxruntime-node: npm install --prefix bench/peers --ignore-scripts --no-save --no-package-lock onnxruntime-node@1");

    /// <summary>Runs a model on several sets of inputs.</summary>
    /// <param name="model">The file.</param>
    /// <param name="runs">The inputs of each run: shape, and numbers or whole numbers.</param>
    /// <returns>The outputs of each run.</returns>
    public static Dictionary<string, (int[] Shape, float[] Values)>[] Run(string model, IReadOnlyList<Dictionary<string, (int[] Shape, Array Values)>> runs)
    {
        var request = new JsonObject { ["model"] = model, ["runs"] = new JsonArray([.. runs.Select((run, i) => Request(run, $"{model}.in.{i}"))]) };
        JsonNode answer;
        lock (s_lock)
        {
            s_process ??= Start();
            s_process.StandardInput.WriteLine(request.ToJsonString());
            s_process.StandardInput.Flush();
            answer = JsonNode.Parse(s_process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("Node has stopped."))!;
        }
        if (answer["error"] is { } error) Assert.Fail($"ONNX Runtime: {error}");
        return [.. answer["runs"]!.AsArray().Select(run => run!.AsObject().ToDictionary(pair => pair.Key, pair => (
            pair.Value!["dims"]!.AsArray().Select(size => (int)size!).ToArray(),
            MemoryMarshal.Cast<byte, float>(File.ReadAllBytes((string)pair.Value["data"]!)).ToArray())))];
    }

    private static string Packages => Path.Combine(Root, "bench", "peers", "node_modules");

    private static string Root
    {
        get
        {
            string folder = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(folder, "Unroll.slnx"))) folder = Path.GetDirectoryName(folder)!;
            return folder;
        }
    }

    private static JsonObject Request(Dictionary<string, (int[] Shape, Array Values)> inputs, string stem)
    {
        var request = new JsonObject();
        foreach ((string name, (int[] shape, Array values)) in inputs)
        {
            string path = $"{stem}.{request.Count}";
            File.WriteAllBytes(path, values is float[] numbers ? MemoryMarshal.AsBytes(numbers.AsSpan()).ToArray() : MemoryMarshal.AsBytes(Array.ConvertAll((int[])values, value => (long)value).AsSpan()).ToArray());
            request[name] = new JsonObject { ["type"] = values is float[]? "float32" : "int64", ["dims"] = JsonSerializer.SerializeToNode(shape), ["data"] = path };
        }
        return request;
    }

    private static bool HasNode()
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo("node", "--version") { RedirectStandardOutput = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static Process Start()
    {
        Process process = Process.Start(new ProcessStartInfo("node", [Path.Combine(Root, "tests", "Unroll.Onnx.Tests", "run.mjs"), Packages]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => process.Kill();
        return process;
    }
}
