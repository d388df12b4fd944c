using System.IO.Compression;
using System.Text;
using Unroll.Exchange;
using Unroll.Files;

namespace Unroll.Tests.Files;

/// <summary>tests/goldens/make_torch_files.py has PyTorch write the files that are read here.</summary>
public sealed class TorchFileTests
{
    private static readonly string Folder = Goldens.PathOf("torch");

    [Fact]
    public void Tensors_are_read_in_every_form_a_file_may_hold_them()
    {
        SafetensorsFile file = TorchFile.Read(Path.Combine(Folder, "forms.pt"));
        float[] Singles(string name) => file[name].ToSingles();
        string Described(string name) => file[name].ToString();

        Assert.Equal([0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11], Singles("transposed"));
        Assert.Equal("F32 [4, 3]", Described("transposed"));
        Assert.Equal([5, 6, 7, 8], Singles("part"));
        Assert.Equal([0, 2, 4, 6, 8, 10], Singles("every_second"));
        Assert.Equal([0, 0, 0, 1, 1, 1], Singles("spread"));
        Assert.Equal("F32 [0, 4]", Described("empty"));
        Assert.Equal("F32 []", Described("5.deep"));
        Assert.Equal([3.5f], Singles("5.deep"));
        Assert.Equal(Singles("tied"), Singles("again"));
        foreach (string name in new[] { "doubles", "halves", "brains" }) Assert.Equal([0, 1, 2], Singles(name));
        Assert.Equal([-1, 1L << 40], file["longs"].ToWholeNumbers());
        foreach (string name in new[] { "ints", "shorts", "chars" }) Assert.Equal([-2, 3], file[name].ToWholeNumbers());
        Assert.Equal([2, 255], file["bytes"].ToWholeNumbers());
        Assert.Equal([1, 0], file["flags"].ToWholeNumbers());
        Assert.Equal(["best=True", "epoch=7", "history.0=1.5", "history.1=2", "history.2=end", "name=réseau", "pair.0=-3", "pair.1=1099511627776", "rate=0.25", "sizes.0=2", "sizes.1=3"],
            file.Metadata.Select(pair => $"{pair.Key}={pair.Value}"));
    }

    [Fact]
    public void Both_kinds_of_file_say_the_same()
    {
        SafetensorsFile saved = Read("layers.pt"), other = Read("layers.safetensors");
        Assert.True(saved.Tensors.Count > 200);
        Assert.Equal(saved.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal), other.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal));
        Assert.All(saved.Tensors, tensor => Assert.True(tensor.Bytes.SequenceEqual(other[tensor.Name].Bytes)));

        static SafetensorsFile Read(string name) => TorchWeights.Read(Path.Combine(Folder, name));
    }

    [Fact]
    public void What_is_no_data_is_refused_by_its_name()
    {
        Assert.Contains("torch.nn.modules.linear.Linear", Refusal(Path.Combine(Folder, "module.pt")));
        Assert.Contains("PyTorch 1.6", Refusal(Path.Combine(Folder, "legacy.pt")));
        Assert.Contains("There is no file", Refusal(Path.Combine(Folder, "none.pt")));
    }

    [Theory]
    [InlineData("cos\nsystem\n(X\u0004\0\0\0boomtR.", "'os.system'")]
    [InlineData("}X\u0001\0\0\0acbuiltins\neval\ns.", "'a' is a 'builtins.eval'")]
    [InlineData("i__main__\nX\n.", "instruction 0x69")]
    [InlineData("]q\0h\0a.", "nested without end")]
    [InlineData("}(K\u0001K\u0002u", "ends within an instruction")]
    [InlineData("a.", "takes a value where there is none")]
    [InlineData("t.", "a mark that is not there")]
    [InlineData("}K\u0001a.", "needs a list")]
    [InlineData("h\u0003.", "number 3")]
    [InlineData("X\u00ff\u00ff\u00ff\u007fa.", "a text at byte 5 has 2147483647 bytes")]
    [InlineData("}(K\u0001u.", "a key without a value")]
    [InlineData("K\u0001K\u0002.", "ends with 2 values")]
    [InlineData("}N}s.", "neither text nor a whole number")]
    [InlineData("NNb.", "attributes to what has none")]
    [InlineData("ctorch._utils\n_rebuild_tensor_v2\n)R.", "not described as PyTorch does")]
    public void A_pickle_that_is_no_data_or_damaged_is_refused(string pickle, string expected) => Assert.Contains(expected, Refusal(Archive(("a/data.pkl", Encoding.Latin1.GetBytes(pickle)))));

    [Theory]
    [InlineData("FloatStorage", 4, 0, 4, 1, "")]
    [InlineData("FloatStorage", 4, 1, 4, 1, "reaches beyond its 4 numbers")]
    [InlineData("FloatStorage", 5, 0, 4, 1, "5 numbers of 4 bytes, and 16 bytes are there")]
    [InlineData("FloatStorage", 4, 0, 9999, 0, "far more numbers than it holds")]
    [InlineData("ComplexStorage", 4, 0, 4, 1, "torch.ComplexStorage")]
    public void A_tensor_that_its_numbers_do_not_fit_is_refused(string storage, byte count, byte offset, int size, byte stride, string expected)
    {
        string sizeText = $"M{(char)(size & 255)}{(char)(size >> 8)}";
        string pickle = $"}}X\u0001\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\u0007\0\0\0storagectorch\n{storage}\nX\u0001\0\0\00X\u0003\0\0\0cpuK{(char)count}tQK{(char)offset}{sizeText}\x85K{(char)stride}\x85\u0089NtRs.";
        string path = Archive(("a/data.pkl", Encoding.Latin1.GetBytes(pickle)), ("a/data/0", new byte[16]));
        if (expected.Length == 0) Assert.Equal([0, 0, 0, 0], TorchFile.Read(path)["w"].ToSingles());
        else Assert.Contains(expected, Refusal(path));
    }

    [Fact]
    public void A_damaged_archive_is_refused()
    {
        Assert.Contains("no data.pkl", Refusal(Archive(("a/other", [1]))));
        Assert.Contains("TorchScript", Refusal(Archive(("a/data.pkl", "N."u8.ToArray()), ("a/constants.pkl", "N."u8.ToArray()))));
        Assert.Contains("little-endian", Refusal(Archive(("a/data.pkl", "N."u8.ToArray()), ("a/byteorder", "big"u8.ToArray()))));
        byte[] sound = File.ReadAllBytes(Path.Combine(Folder, "forms.pt"));
        for (int length = 0; length < sound.Length; length += 97) Refusal(Write(sound[..length]));
        byte[] changed = [.. sound];
        int at = sound.AsSpan().IndexOf(new byte[] { 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40 });
        changed[at + 2] ^= 1;
        Assert.Contains("checksum", Refusal(Write(changed)));
    }

    private static string Refusal(string path) => Assert.Throws<BadInputException>(() => TorchFile.Read(path)).Message;

    private static string Archive(params (string Name, byte[] Bytes)[] entries)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] bytes) in entries)
            {
                using Stream entry = archive.CreateEntry(name, CompressionLevel.NoCompression).Open();
                entry.Write(bytes);
            }
        }
        return Write(stream.ToArray());
    }

    private static string Write(byte[] bytes)
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("unroll-test-").FullName, "weights.pt");
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
