using System.Text.Json;

namespace Unroll.Cli.Tests;

public sealed class TagCommandTests
{
    private const string Sentences = "The\tDET\ncat\tNOUN\nslept\tVERB\n.\tPUNCT\n\nA\tDET\ndog\tNOUN\nbarked\tVERB\n\n";

    private static readonly string[] Small = ["--hidden", "6", "--embedding", "6", "--character-embedding", "4", "--character-hidden", "4", "--threads", "1", "--schedule", "constant", "--quiet"];

    [Fact]
    public void Sentences_are_learned_judged_and_tagged()
    {
        using var session = new CommandSession();
        File.WriteAllText(session.PathOf("train"), string.Concat(Enumerable.Repeat(Sentences, 10)));
        File.WriteAllText(session.PathOf("test"), Sentences);
        session.Succeed(["train", "tag", "--data", "@/train", "--valid", "@/test", "--universal", "--epochs", "40", "--learning-rate", "0.02", "--dropout", "0", "--embedding-dropout", "0", .. Small, "--out", "@/run"]);
        using JsonDocument judged = JsonDocument.Parse(session.Succeed("evaluate", "@/run", "--data", "@/test", "--json"));
        Assert.Equal(("tag", 2, 7, 1.0), (judged.RootElement.GetProperty("task").GetString(), judged.RootElement.GetProperty("examples").GetInt32(), judged.RootElement.GetProperty("symbols").GetInt32(), judged.RootElement.GetProperty("accuracy").GetDouble()));
        Assert.Equal("A/DET cat/NOUN slept/VERB ./.", session.Succeed("predict", "@/run", "A cat slept .").Trim());
        File.WriteAllText(session.PathOf("lines"), "The dog barked .\r\n\r\nA cat slept");
        string[] lines = session.Succeed("predict", "@/run", "--input", "@/lines", "--json", "--n-best", "3").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal([4, 0, 3], lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("tags").GetArrayLength()));
        Assert.Equal(3, JsonDocument.Parse(lines[0]).RootElement.GetProperty("n_best").GetArrayLength());
    }

    [Fact]
    public void A_run_that_was_broken_off_goes_on_as_one_that_was_not()
    {
        using var session = new CommandSession();
        File.WriteAllText(session.PathOf("train"), string.Concat(Enumerable.Repeat(Sentences, 12)));
        string[] train = ["train", "tag", "--data", "@/train", "--crf", "on", "--batch", "4", "--checkpoint-every", "1", .. Small];
        session.Succeed([.. train, "--steps", "11", "--out", "@/whole"]);
        session.Succeed([.. train, "--steps", "4", "--out", "@/part"]);
        session.Succeed("train", "--resume", "@/part", "--steps", "11", "--quiet");
        (string Name, string Bytes)[] whole = Weights(session.PathOf("whole/checkpoint.safetensors"));
        Assert.Contains(whole, tensor => tensor.Name == "model.crf.transitions");
        Assert.Equal(whole, Weights(session.PathOf("part/checkpoint.safetensors")));
    }

    [Fact]
    public void Bad_input_is_refused_in_one_line()
    {
        using var session = new CommandSession();
        File.WriteAllText(session.PathOf("train"), "The\tDET\ncat\n");
        Assert.Contains($"{session.PathOf("train")}, line 2: no tabulator", session.Fail(ExitCode.Input, "train", "tag", "--data", "@/train"));
        Assert.Contains("no such file", session.Fail(ExitCode.Input, "train", "tag", "--data", "@/nowhere"));
        File.WriteAllText(session.PathOf("train"), Sentences);
        Assert.Contains("no such file", session.Fail(ExitCode.Input, "train", "tag", "--data", "@/train", "--vectors", "@/nowhere"));
    }

    /// <summary>The model's tensors in a checkpoint; beside them it keeps how often it was validated, which differs.</summary>
    private static (string Name, string Bytes)[] Weights(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int length = BitConverter.ToInt32(bytes, 0);
        using JsonDocument header = JsonDocument.Parse(bytes.AsMemory(8, length));
        return [.. header.RootElement.EnumerateObject().Where(entry => entry.Name.StartsWith("model.", StringComparison.Ordinal)).OrderBy(entry => entry.Name, StringComparer.Ordinal).Select(entry =>
        {
            JsonElement range = entry.Value.GetProperty("data_offsets");
            return (entry.Name, Convert.ToHexString(bytes.AsSpan((8 + length + range[0].GetInt32())..(8 + length + range[1].GetInt32()))));
        })];
    }
}
