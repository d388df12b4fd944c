using Unroll.Cells;
using Unroll.Files;
using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Tests.Files;

public sealed class ModelFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Path => _folder.File("model.safetensors");

    public void Dispose() => _folder.Dispose();

    private sealed class Model : Unroll.Layers.Module
    {
        public Model(int size = 2)
        {
            Add("weight", [size, 3], ParameterKind.Weight, Initializer.Uniform(1));
            Add("bias", [size], ParameterKind.Bias, Initializer.Zeros);
            Initialize(new RandomState(5));
        }
    }

    private Model Save(string task = "language-model")
    {
        var model = new Model();
        var file = new ModelFile(task, "{\"hidden\":2}");
        file.Metadata["vocabulary"] = "[\"h\",\"e\",\"l\",\"o\"]";
        file.Add(model.Parameters);
        file.Save(Path);
        return model;
    }

    private string Refusal(string? task = null)
    {
        string message = Assert.Throws<BadInputException>(() => ModelFile.Read(Path, task)).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }

    public static TheoryData<string> Cells => [.. CellCatalogue.All.Select(variant => variant.Name)];

    [Theory]
    [MemberData(nameof(Cells))]
    public void A_layer_of_any_cell_read_back_computes_the_same_bits(string name)
    {
        Recurrent New(ulong seed)
        {
            var layer = new Recurrent(CellCatalogue.Find(name).Create(), 3, 5, new RecurrentOptions { Layers = 2, Bidirectional = true });
            layer.Initialize(new RandomState(seed));
            return layer;
        }

        Recurrent saved = New(1), read = New(2);
        var file = new ModelFile("test", "{}");
        file.Add(saved.Parameters);
        file.Save(Path);
        ModelFile.Read(Path, "test").CopyTo(read.Parameters);
        Tensor x = Tensor.From([.. Enumerable.Range(0, 2 * 4 * 3).Select(i => MathF.Sin(i))], [2, 4, 3]);
        Assert.Equal(saved.Forward(x).Output.ToArray(), read.Forward(x).Output.ToArray());
    }

    [Fact]
    public void A_model_is_read_back_bit_for_bit()
    {
        Model model = Save();
        ModelFile file = ModelFile.Read(Path, "language-model");
        Assert.Equal(("language-model", "{\"hidden\":2}"), (file.Task, file.Recipe));
        Assert.Equal("[\"h\",\"e\",\"l\",\"o\"]", file.Text("vocabulary"));
        var other = new Model();
        other.Parameters[0].Values.Clear();
        long version = other.Parameters[0].Version;
        file.CopyTo(other.Parameters);
        Assert.Equal(model.Parameters[0].Values.ToArray(), other.Parameters[0].Values.ToArray());
        Assert.NotEqual(version, other.Parameters[0].Version);
        Assert.Contains("lacks the entry 'tags'", Assert.Throws<BadInputException>(() => file.Text("tags")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_flipped_bit_is_found()
    {
        Save();
        byte[] bytes = File.ReadAllBytes(Path);
        for (int bit = 0; bit < 8 * bytes.Length; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
            File.WriteAllBytes(Path, bytes);
            Refusal();
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
        }
    }

    [Fact]
    public void Truncation_at_every_length_is_found()
    {
        Save();
        byte[] bytes = File.ReadAllBytes(Path);
        for (int length = 0; length < bytes.Length; length++)
        {
            File.WriteAllBytes(Path, bytes[..length]);
            Refusal();
        }
        File.WriteAllBytes(Path, [.. bytes, 0]);
        Refusal();
    }

    [Fact]
    public void Another_task_is_refused()
    {
        Save("tagger");
        Assert.Contains("task 'tagger'; one of the task 'language-model' was expected", Refusal("language-model"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_newer_version_is_refused()
    {
        var file = new SafetensorsFile { Metadata = { ["format"] = "unroll", ["version"] = "2", ["task"] = "t", ["recipe"] = "{}" } };
        file.Save(Path);
        Assert.Contains("written by a newer Unroll (format version 2; this one reads up to 1). Update Unroll.", Refusal(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pt", "1", "says the format 'pt'; 'unroll' was expected")]
    [InlineData(null, "1", "says no format; 'unroll' was expected")]
    [InlineData("unroll-checkpoint", "1", "says the format 'unroll-checkpoint'")]
    [InlineData("unroll", "0", "no readable format version")]
    [InlineData("unroll", "x", "no readable format version")]
    [InlineData("unroll", "1", "names no task or has no recipe")]
    public void Another_format_is_refused(string? format, string version, string expected)
    {
        var file = new SafetensorsFile { Metadata = { ["version"] = version } };
        if (format is not null) file.Metadata["format"] = format;
        file.Save(Path);
        Assert.Contains(expected, Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_lost_its_checksum_is_refused()
    {
        Save();
        byte[] header = SafetensorsHeader.Format(
            new Dictionary<string, string> { ["format"] = "unroll", ["version"] = "1", ["task"] = "t", ["recipe"] = "{}" }, []);
        File.WriteAllBytes(Path, [.. BitConverter.GetBytes((long)header.Length), .. header]);
        Assert.Contains("lost its checksum", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_of_another_size_are_refused()
    {
        Save();
        ModelFile file = ModelFile.Read(Path);
        string message = Assert.Throws<BadInputException>(() => file.CopyTo(new Model(3).Parameters)).Message;
        Assert.Contains("'weight' as F32 [2, 3]; the model needs [3, 3]", message, StringComparison.Ordinal);
        Assert.Contains("'bias', which the model has no place for", Assert.Throws<BadInputException>(() => file.CopyTo([new Model().Parameters[0]])).Message, StringComparison.Ordinal);
        var empty = new ModelFile("t", "{}");
        Assert.Contains("has no tensor 'weight'", Assert.Throws<BadInputException>(() => empty.CopyTo(new Model().Parameters)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Reserved_keys_are_refused()
    {
        var file = new ModelFile("t", "{}") { Metadata = { ["version"] = "9" } };
        Assert.Throws<ArgumentException>(() => file.Save(Path));
        Assert.False(File.Exists(Path));
    }
}
