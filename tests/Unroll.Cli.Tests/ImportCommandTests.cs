using System.Runtime.CompilerServices;
using System.Text.Json;
using Unroll.Files;

namespace Unroll.Cli.Tests;

/// <summary>Models made of weights that PyTorch saved: tests/goldens/make_torch_files.py.</summary>
public sealed class ImportCommandTests
{
    private static readonly string[] Model = ["--level", "token", "--cell", "gru", "--embedding", "4", "--hidden", "6", "--data", "@/text.txt", "--valid", "@/text.txt", "--batch", "1", "--sequence", "3"];
    private static readonly string[] Names = ["--rename", "model.encoder=embedding", "--rename", "model.decoder=output", "--rename", "model.rnn=rnn"];

    private static string PathOf(string name, [CallerFilePath] string here = "")
    {
        string folder = Path.GetDirectoryName(here)!;
        if (!Directory.Exists(folder))
            for (folder = AppContext.BaseDirectory; !File.Exists(Path.Combine(folder, "Unroll.Cli.Tests.csproj")); folder = Path.GetDirectoryName(folder)!) { }
        return Path.Combine(folder, "..", "goldens", "torch", name);
    }

    private static CommandSession Session()
    {
        var session = new CommandSession();
        session.Write("text.txt", "the cat sat\nthe cat ran\n");
        session.Write("words.txt", "the\n<unk>\ncat\n<eos>\nsat\n");
        return session;
    }

    [Theory]
    [InlineData("words.txt")]
    [InlineData("words.json")]
    [InlineData("numbers.json")]
    public void A_language_model_of_PyTorch_gives_its_loss(string words)
    {
        using CommandSession session = Session();
        session.Write("words.json", """["the", "<unk>", "cat", "<eos>", "sat"]""");
        session.Write("numbers.json", """{"<eos>": 3, "the": 0, "sat": 4, "cat": 2, "<unk>": 1}""");
        string file = PathOf("language_model.pt");
        string said = session.Succeed(["import", file, "language-model", .. Model, "--vocabulary", $"@/{words}", .. Names, "--out", "@/model.safetensors"]);
        Assert.Contains("11 tensors", said);
        Assert.Contains("left over   loss\n", said);
        Assert.Contains("evaluate", said);

        JsonElement figures = JsonDocument.Parse(session.Succeed("evaluate", "@/model.safetensors", "--data", "@/text.txt", "--json")).RootElement;
        Assert.Equal(TorchFile.Read(file)["loss"].ToSingles()[0], figures.GetProperty("loss").GetDouble(), 1e-6);
        Assert.Contains("5 tokens with the unknown one", session.Succeed("inspect", "@/model.safetensors"));
        Assert.DoesNotContain("<unk>", session.Succeed("generate", "@/model.safetensors", "--length", "40"));
    }

    [Fact]
    public void What_is_exported_is_what_was_imported()
    {
        using CommandSession session = Session();
        string file = PathOf("language_model.pt");
        session.Succeed(["import", file, "language-model", .. Model, "--vocabulary", "@/words.txt", .. Names, "--out", "@/model.safetensors"]);
        Assert.Contains("11 tensors", session.Succeed("export", "@/model.safetensors", "--out", "@/weights.safetensors"));
        SafetensorsFile given = TorchFile.Read(file), back = SafetensorsFile.Read(session.PathOf("weights.safetensors"));
        Assert.Contains("<eos>", back.Metadata["vocabulary"]);
        Assert.Equal("language-model", back.Metadata["task"]);
        foreach (StoredTensor tensor in back.Tensors)
        {
            string name = "model." + tensor.Name.Replace("embedding", "encoder", StringComparison.Ordinal).Replace("output", "decoder", StringComparison.Ordinal);
            Assert.Equal(given[name].Shape, tensor.Shape);
            // The two biases are one here, where their sum is all that acts.
            if (!name.Contains("bias_", StringComparison.Ordinal)) Assert.Equal(given[name].ToSingles(), tensor.ToSingles());
        }
        Assert.Contains("--out is missing", session.Fail(2, "export", "@/model.safetensors"));
        Assert.Contains("There is no file", session.Fail(3, "export", "@/none.safetensors", "--out", "@/m"));
        Assert.Contains("'unroll' was expected", session.Fail(3, "export", "@/weights.safetensors", "--out", "@/m"));
    }

    [Fact]
    public void A_model_is_exported_for_ONNX_Runtime()
    {
        using CommandSession session = Session();
        session.Succeed(["import", PathOf("language_model.pt"), "language-model", .. Model, "--vocabulary", "@/words.txt", .. Names, "--out", "@/model.safetensors"]);
        string said = session.Succeed("export", "@/model.safetensors", "--to", "onnx", "--out", "@/model.onnx");
        Assert.Contains("reads  symbols [batch, time] int64\n", said);
        Assert.Contains("gives  logits [batch, time, 5] float32\n", said);
        Assert.True(new FileInfo(session.PathOf("model.onnx")).Length > 1000);
        Assert.Contains("reads  h_l0 [batch, 6] float32\n", session.Succeed("export", "@/model.safetensors", "--to", "onnx", "--streaming", "--out", "@/model.onnx"));
        Assert.Contains("--streaming is for --to onnx", session.Fail(2, "export", "@/model.safetensors", "--streaming", "--out", "@/m"));
        Assert.Contains("expected safetensors or onnx", session.Fail(2, "export", "@/model.safetensors", "--to", "torch", "--out", "@/m"));
        Assert.Contains("Could not save", session.Fail(1, "export", "@/model.safetensors", "--to", "onnx", "--out", "@/none/m.onnx"));
    }

    [Fact]
    public void A_model_from_elsewhere_is_shown()
    {
        using CommandSession session = Session();
        string said = session.Succeed("inspect", PathOf("network.onnx"));
        Assert.Contains("reads         words [batch, time] whole numbers\n", said);
        Assert.Contains("gives         scores, last\n", said);
        Assert.Contains("ONNX LSTM 6 → 5", said);
        Assert.Contains("i = σ(W_i xₜ + U_i hₜ₋₁ + b_i)", said);
        Assert.Contains("embedding.weight", said);
        Assert.Equal(20, JsonDocument.Parse(session.Succeed("inspect", PathOf("network.onnx"), "--json")).RootElement.GetProperty("parameters").GetProperty("embedding.weight")[0].GetInt32());
        session.Write("bad.onnx", "nonsense");
        Assert.Contains("bad.onnx", session.Fail(3, "inspect", "@/bad.onnx"));
    }

    [Fact]
    public void What_does_not_fit_is_told_in_a_line()
    {
        using CommandSession session = Session();
        string file = PathOf("language_model.pt");
        string[] all = ["import", file, "language-model", .. Model, "--vocabulary", "@/words.txt", .. Names];
        Assert.Contains("--out is missing", session.Fail(2, all));
        Assert.Contains("no tensor 'rnn.weight_ih_l0'", session.Fail(3, [.. all[..^6], "--out", "@/m"]));
        Assert.Contains("F32 [18, 4]; the model needs [18, 7]", session.Fail(3, [.. all.Select(word => word == "4" ? "7" : word), "--out", "@/m"]));
        Assert.Contains("gru-writes", session.Fail(3, [.. all.Select(word => word == "gru" ? "gru-before" : word), "--out", "@/m"]));
        Assert.Contains("--rename", session.Fail(2, [.. all, "--rename", "encoder", "--out", "@/m"]));
        Assert.Contains("torch.nn.modules.linear.Linear", session.Fail(3, ["import", PathOf("module.pt"), "--out", "@/m"]));
        Assert.Contains("There is no file", session.Fail(3, ["import", "@/none.pt", "--out", "@/m"]));
        Assert.Contains("not a safetensors file", session.Fail(3, ["import", "@/text.txt", "--out", "@/m"]));
        Assert.Contains("There is no task 'nonsense'", session.Fail(2, ["import", file, "nonsense"]));

        foreach ((string words, string complaint) in ((string, string)[])[("[1]", "an array of texts"), ("{\"a\": 1}", "from 0 to 0 once"), ("a b\n", "is not one token"), ("a\na\n", "twice"), ("[\"a\"", "no sound JSON"), ("", "the file is empty")])
        {
            session.Write("words.txt", words);
            Assert.Contains(complaint, session.Fail(3, [.. all, "--out", "@/m"]));
        }
        Assert.False(File.Exists(session.PathOf("m")));
    }
}
