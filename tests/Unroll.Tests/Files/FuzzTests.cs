using System.IO.Compression;
using Unroll.Files;

namespace Unroll.Tests.Files;

/// <summary>Files that were changed at random are read or refused with a clear error (<see cref="Fuzzing"/>).</summary>
[Collection(Alone.Name)]
public sealed class FuzzTests
{
    private static readonly Dictionary<string, (Func<byte[][]> Sound, Action<byte[], TemporaryFolder> Read)> Kinds = new()
    {
        ["safetensors"] = (() => [Small(), File.ReadAllBytes(Goldens.PathOf("torch/layers.safetensors"))[..60_000], Header("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"I64","shape":[],"data_offsets":[8,16]}}""", 16)], ReadBoth),
        ["model"] = (() => [Small()], static (bytes, folder) => ModelFile.Read(Written(bytes, folder))),
        ["torch"] = (() => [File.ReadAllBytes(Goldens.PathOf("torch/forms.pt")), File.ReadAllBytes(Goldens.PathOf("torch/language_model.pt"))], static (bytes, folder) => TorchFile.Read(Written(bytes, folder))),
        ["pickle"] = (() => [Pickle("forms.pt"), Pickle("language_model.pt"), Pickle("module.pt")], static (bytes, folder) => TorchFile.Read(Written(Archive(bytes), folder))),
    };

    public static TheoryData<string> Names => [.. Kinds.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Changed_files_are_read_or_refused(string kind)
    {
        using var folder = new TemporaryFolder();
        (Func<byte[][]> sound, Action<byte[], TemporaryFolder> read) = Kinds[kind];
        Fuzzing.Run(kind, sound(), bytes => read(bytes, folder));
    }

    private static void ReadBoth(byte[] bytes, TemporaryFolder folder)
    {
        string path = Written(bytes, folder);
        foreach (StoredTensor tensor in SafetensorsFile.Map(path).Tensors) _ = tensor.Bytes;
        SafetensorsFile.Read(path);
    }

    private static string Written(byte[] bytes, TemporaryFolder folder)
    {
        File.WriteAllBytes(folder.File("file"), bytes);
        return folder.File("file");
    }

    private static byte[] Small()
    {
        using var folder = new TemporaryFolder();
        var file = new SafetensorsFile();
        file.Add("rnn.weight_ih_l0", new float[12], [3, 4]);
        file.Add("counts", DataType.I64, [2], new byte[16]);
        foreach ((string key, string value) in ((string, string)[])[("format", "unroll"), ("version", "1"), ("task", "tag"), ("recipe", "{\"format\": \"unroll-recipe\"}"), ("words", "[\"a\"]")]) file.Metadata[key] = value;
        file.Save(folder.File("file"));
        return File.ReadAllBytes(folder.File("file"));
    }

    private static byte[] Header(string json, int data) => [.. BitConverter.GetBytes((long)json.Length), .. System.Text.Encoding.UTF8.GetBytes(json), .. new byte[data]];

    private static byte[] Pickle(string name)
    {
        using ZipArchive archive = ZipFile.OpenRead(Goldens.PathOf("torch/" + name));
        using Stream stream = archive.Entries.First(entry => entry.Name == "data.pkl").Open();
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }

    /// <summary>An archive whose parts are sound, so that the pickle is what is read.</summary>
    private static byte[] Archive(byte[] pickle)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add("a/data.pkl", pickle);
            for (int i = 0; i < 8; i++) Add($"a/data/{i}", new byte[i % 2 == 0 ? 96 : 48]);

            void Add(string name, byte[] bytes)
            {
                using Stream entry = archive.CreateEntry(name, CompressionLevel.NoCompression).Open();
                entry.Write(bytes);
            }
        }
        return stream.ToArray();
    }
}
