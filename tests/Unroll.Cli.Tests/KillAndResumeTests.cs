using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Unroll.Cli.Tests;

/// <summary>
/// The command is killed (SIGKILL) at random moments and resumed until it ends; weights, optimizer, random state and metrics must be
/// those of a run never killed, bit for bit. UNROLL_KILLS sets how often (default 3).
/// </summary>
public sealed class KillAndResumeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("unroll-kill").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("language-model", "--hidden 24 --layers 2 --dropout 0.2 --batch 4 --sequence 20", 150)]
    [InlineData("translate", "--hidden 16 --embedding 8 --batch 16 --scheduled-sampling 0.5:20", 50)]
    [InlineData("classify", "--hidden 16 --embedding 8 --batch 16 --class-weights balanced", 50)]
    [InlineData("tag", "--hidden 12 --embedding 12 --character-embedding 8 --character-hidden 8 --crf on --batch 8", 60)]
    [InlineData("rank", "--hidden 12 --embedding 12 --batch 8", 60)]
    [InlineData("chat", "--hidden 12 --context 12 --embedding 8 --batch 4", 60)]
    public async Task A_run_killed_at_random_moments_ends_as_one_never_killed(string task, string options, int stepsOfAKill)
    {
        var kills = int.Parse(Environment.GetEnvironmentVariable("UNROLL_KILLS") ?? "3", CultureInfo.InvariantCulture);
        var text = Path.Combine(_folder, "text.txt");
        await File.WriteAllTextAsync(text, Text(), TestContext.Current.CancellationToken);
        string[] train =
        [
            // Labels and tags are few, and come back, in the samples alone.
            "train", task, .. task is "language-model" or "translate" ? ["--data", text] : Array.Empty<string>(), .. options.Split(' '), "--clip", "1",
            "--steps", (stepsOfAKill * kills).ToString(CultureInfo.InvariantCulture), "--validate-every", "60", "--checkpoint-every", "7", "--seed", "3", "--threads", "1", "--quiet",
        ];

        var whole = Path.Combine(_folder, "whole");
        var clock = Stopwatch.StartNew();
        Assert.Equal(0, await Finish(Start([.. train, "--out", whole])));
        var start = await StartUp();
        // Kills come at any moment between the start of the process and about twice its share of the work.
        var share = Math.Max(0.2, clock.Elapsed.TotalSeconds - start) / kills;

        var killed = Path.Combine(_folder, "killed");
        var random = new Random();
        var landed = 0;
        while (true)
        {
            using var process = Start(File.Exists(Path.Combine(killed, "recipe.json")) ? ["train", "--resume", killed, "--quiet"] : [.. train, "--out", killed]);
            if (landed == kills)
            {
                Assert.Equal(0, await Finish(process));
                break;
            }
            var pause = TimeSpan.FromSeconds(random.NextDouble() * (start + 1.6 * share));
            if (process.WaitForExit(pause))
            {
                Assert.Equal(0, await Finish(process));
                break;
            }
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            landed++;
            foreach (var file in Directory.Exists(killed) ? Directory.GetFiles(killed, "*.safetensors") : [])
                Read(file);
        }

        TestContext.Current.SendDiagnosticMessage($"{landed} kills");
        Assert.True(landed > 0, "the run ended before it could be killed once");
        AssertSameRun(whole, killed);
    }

    private static void AssertSameRun(string whole, string killed)
    {
        Assert.Equal(Names(whole), Names(killed));
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole, "recipe.json")), File.ReadAllBytes(Path.Combine(killed, "recipe.json")));
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole, "model.safetensors")), File.ReadAllBytes(Path.Combine(killed, "model.safetensors")));
        Assert.Equal(Metrics(whole), Metrics(killed));

        var (expected, found) = (Read(Path.Combine(whole, "checkpoint.safetensors")), Read(Path.Combine(killed, "checkpoint.safetensors")));
        Assert.Equal(expected.Header, found.Header);
        Assert.Equal(expected.Tensors, found.Tensors);
        Assert.True(expected.Tensors.Length > 0);
    }

    /// <summary>The run's files; an event file is named after the time it was begun.</summary>
    private static IEnumerable<string> Names(string run) =>
        Directory.GetFiles(run).Select(path => Path.GetFileName(path)).Select(name => name.StartsWith("events.out", StringComparison.Ordinal) ? "events" : name).Order(StringComparer.Ordinal);

    /// <summary>The lines of metrics.jsonl without the clock.</summary>
    private static List<string> Metrics(string run) =>
        [.. File.ReadLines(Path.Combine(run, "metrics.jsonl")).Select(line =>
        {
            var json = JsonNode.Parse(line)!.AsObject();
            json.Remove("seconds");
            json.Remove("symbols_per_second");
            return json.ToJsonString();
        })];

    /// <summary>A safetensors file: its header without what tells the time, and the bytes of its tensors.</summary>
    private static (string Header, byte[] Tensors) Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var length = BitConverter.ToInt32(bytes, 0);
        var header = JsonNode.Parse(bytes.AsSpan(8, length))!.AsObject();
        var metadata = header["__metadata__"]!.AsObject();
        metadata.Remove("unroll.checksum");
        if ((string?)metadata["values"] is { } text)
        {
            var values = JsonNode.Parse(text)!.AsObject();
            // Lengths of logs differ with the digits of the times they hold.
            foreach (var name in values.Select(pair => pair.Key).Where(name => name.EndsWith("seconds", StringComparison.Ordinal) || name.StartsWith("log.", StringComparison.Ordinal)).ToList())
                values.Remove(name);
            metadata["values"] = values.ToJsonString();
        }
        var end = header.Where(pair => pair.Key != "__metadata__").Max(pair => (long)pair.Value!["data_offsets"]![1]!);
        Assert.Equal(bytes.Length, 8 + length + end);
        return (header.ToJsonString(), bytes[(8 + length)..]);
    }

    private static async Task<double> StartUp()
    {
        var clock = Stopwatch.StartNew();
        await Finish(Start(["--version"]));
        return clock.Elapsed.TotalSeconds;
    }

    private static async Task<int> Finish(Process process)
    {
        using (process)
        {
            var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            if (process.ExitCode != 0)
                Assert.Fail($"exit code {process.ExitCode}: {await error}");
            return process.ExitCode;
        }
    }

    private static Process Start(IEnumerable<string> arguments) =>
        Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Unroll.Cli.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

    /// <summary>Lines of two columns, which every task here reads in its way.</summary>
    private static string Text()
    {
        var random = new Random(1);
        string[] words = ["the", "gate", "opens", "and", "closes", "again", "while", "a", "state", "is", "carried", "on,", "step", "by", "step."];
        return string.Concat(Enumerable.Range(0, 4000).Select(i => words[random.Next(words.Length)] + (i % 10) switch { 4 => '\t', 9 => '\n', _ => ' ' }));
    }
}
