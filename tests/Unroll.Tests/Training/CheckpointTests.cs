using Unroll.Files;
using Unroll.Tensors;
using Unroll.Training;

namespace Unroll.Tests.Training;

public sealed class CheckpointTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Path => _folder.File("checkpoint.safetensors");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Values_are_read_back_bit_for_bit()
    {
        var random = new RandomState(3);
        random.NextUInt64();
        var writer = new CheckpointWriter();
        CheckpointWriter part = writer.Within("part").Within("inner");
        part.Add("singles", [1f, float.NaN, -0f], [3]);
        part.Add("row", [0.1f]);
        part.Add("doubles", [0.1, double.NegativeInfinity]);
        part.Add("integers", [int.MinValue, 7]);
        part.Add("random", random);
        writer.Add("long", long.MaxValue);
        writer.Add("number", 0.1 + 0.2);
        writer.Add("infinite", double.PositiveInfinity);
        writer.Add("none", double.NaN);
        writer.Add("text", "a \"b\"\n");
        writer.Add("flag", true);
        Assert.Throws<ArgumentException>(() => writer.Add("flag", false));
        Assert.Throws<ArgumentException>(() => part.Add("row", [0.1f]));
        writer.Save(Path);

        CheckpointReader reader = CheckpointReader.Open(Path), inner = reader.Within("part").Within("inner");
        var singles = new float[3];
        inner.Read("singles", singles);
        Assert.Equal([1f, float.NaN, -0f], singles);
        Assert.True(float.IsNegative(singles[2]));
        var doubles = new double[inner.Count("doubles")];
        inner.Read("doubles", doubles);
        Assert.Equal([0.1, double.NegativeInfinity], doubles);
        var integers = new int[2];
        inner.Read("integers", integers);
        Assert.Equal([int.MinValue, 7], integers);
        var restored = new RandomState(0);
        inner.Read("random", restored);
        Assert.Equal(random.NextUInt64(), restored.NextUInt64());
        Assert.Equal((long.MaxValue, 0.1 + 0.2, "a \"b\"\n", true), (reader.Integer("long"), reader.Number("number"), reader.Text("text"), reader.Flag("flag")));
        Assert.Equal(double.PositiveInfinity, reader.Number("infinite"));
        Assert.True(double.IsNaN(reader.Number("none")));
        Assert.True(reader.Contains("flag") && inner.Contains("row") && !reader.Contains("row"));

        foreach (Action wrong in (Action[])
            [
                () => reader.Integer("none"), () => reader.Integer("number"), () => reader.Number("flag"), () => reader.Text("flag"), () => reader.Flag("text"),
                () => reader.Integer("nothing"), () => reader.Count("nothing"), () => inner.Read("singles", new float[2]), () => inner.Read("singles", new double[3]),
                () => inner.Read("row", new RandomState(1)),
            ])
            Assert.Contains("Resume with the run's own recipe", Assert.Throws<BadInputException>(wrong).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_file_is_no_checkpoint()
    {
        new ModelFile("t", "{}").Save(Path);
        Assert.Contains("'unroll-checkpoint' was expected", Assert.Throws<BadInputException>(() => CheckpointReader.Open(Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_all_zero_random_state_is_refused()
    {
        var file = new SafetensorsFile { Metadata = { ["format"] = "unroll-checkpoint", ["version"] = "1", ["values"] = "{}" } };
        file.Add("random", DataType.U64, [4], new byte[32]);
        file.Save(Path);
        Assert.Throws<BadInputException>(() => CheckpointReader.Open(Path).Read("random", new RandomState(1)));
    }
}
