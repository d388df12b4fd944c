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
    public static void Need() => Assert.SkipUnless(IsThere, "needs Node and onnxruntime-node: npm install --prefix bench/peers --ignore-scripts --no-save --no-package-lock onnxruntime-node@1");

    /// <summary>Whether ONNX Runtime can be run.</summary>
    public static bool IsThere => s_isThere ??= Directory.Exists(Path.Combine(Packages, "onnxruntime-node")) && HasNode();

    private static bool? s_isThere;

    /// <summary>Runs a model on several sets of inputs.</summary>
    /// <param name="model">The file; what is written beside it has its name with more behind it.</param>
    /// <param name="runs">The inputs of each run.</param>
    /// <returns>The outputs of each run, or why there are none.</returns>
    public static (Dictionary<string, (int[] Shape, float[] Values)>[]? Outputs, string? Error) Run(string model, IReadOnlyList<IEnumerable<(string Name, OnnxValue Value)>> runs)
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
        if (answer["error"] is { } error) return (null, (string)error!);
        return ([.. answer["runs"]!.AsArray().Select(run => run!.AsObject().ToDictionary(pair => pair.Key, pair => (
            pair.Value!["dims"]!.AsArray().Select(size => (int)size!).ToArray(),
            MemoryMarshal.Cast<byte, float>(File.ReadAllBytes((string)pair.Value["data"]!)).ToArray())))], null);
    }

    /// <summary>Runs models, each once.</summary>
    /// <returns>For each its outputs in the order they are asked for, or why it was not run.</returns>
    public static (float[][]? Outputs, string? Error)[] RunEach(IReadOnlyList<(byte[] Model, IEnumerable<(string Name, OnnxValue Value)> Inputs, string[] Outputs)> cases)
    {
        using var folder = new Unroll.Tests.TemporaryFolder();
        var results = new (float[][]?, string?)[cases.Count];
        foreach (var (i, (model, inputs, outputs)) in cases.Index())
        {
            File.WriteAllBytes(folder.File($"{i}.onnx"), model);
            var (found, error) = Run(folder.File($"{i}.onnx"), [inputs]);
            results[i] = (found is null ? null : [.. outputs.Select(name => found[0][name].Values)], error);
        }
        return results;
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

    private static JsonObject Request(IEnumerable<(string Name, OnnxValue Value)> inputs, string stem)
    {
        var request = new JsonObject();
        foreach ((string name, OnnxValue value) in inputs)
        {
            // sequence_lens is the one input of the recurrent operators that is of 32 bits.
            string path = $"{stem}.{request.Count}", type = !value.IsInteger ? "float32" : name == "sequence_lens" ? "int32" : "int64";
            File.WriteAllBytes(path, type switch
            {
                "float32" => MemoryMarshal.AsBytes(value.Tensor.Span).ToArray(),
                "int32" => MemoryMarshal.AsBytes(Array.ConvertAll(value.Integers.ToArray(), number => (int)number).AsSpan()).ToArray(),
                _ => MemoryMarshal.AsBytes(value.Integers).ToArray(),
            });
            request[name] = new JsonObject { ["type"] = type, ["dims"] = JsonSerializer.SerializeToNode(value.Shape.ToArray()), ["data"] = path };
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
