using System.Diagnostics;
using System.IO.Compression;
using Unroll.Files;
using Unroll.Tensors;

namespace Unroll.Tests.Files;

/// <summary>Files that were changed at random are read or refused with a clear error, without a crash, a hang or memory beyond what the file justifies. A run of the tests tries some thousands; for as long as one
/// likes: <c>UNROLL_FUZZ=600 dotnet tests/Unroll.Tests/bin/Release/net10.0/Unroll.Tests.dll -class "*FuzzTests"</c>, in seconds for each kind. What once failed is kept in tests/goldens/fuzz, its name
/// beginning with its kind, and tried first.</summary>
[Collection(Alone.Name)]
public sealed class FuzzTests
{
    private const int Tried = 3000;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

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
        byte[][] seeds = sound();
        foreach (byte[] seed in seeds) Try(seed);
        if (Directory.Exists(Goldens.PathOf("fuzz")))
            foreach (string path in Directory.EnumerateFiles(Goldens.PathOf("fuzz"), kind + "*")) Try(File.ReadAllBytes(path));

        long seconds = long.TryParse(Environment.GetEnvironmentVariable("UNROLL_FUZZ"), out long given) ? given : 0;
        var random = new RandomState((ulong)(seconds == 0 ? 1 : Stopwatch.GetTimestamp()));
        var clock = Stopwatch.StartNew();
        long count = 0;
        while (seconds > 0 ? clock.Elapsed.TotalSeconds < seconds : count < Tried)
        {
            byte[] changed = [.. seeds[random.NextInt(seeds.Length)]];
            for (int changes = 1 + random.NextInt(4); changes > 0; changes--) changed = Change(changed, seeds, random);
            Try(changed);
            count++;
        }
        if (seconds > 0) TestContext.Current.TestOutputHelper?.WriteLine($"{kind}: {count:N0} files in {clock.Elapsed.TotalSeconds:f0} s");

        void Try(byte[] bytes)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            var taken = Stopwatch.StartNew();
            string? wrong = null;
            try
            {
                read(bytes, folder);
            }
            catch (BadInputException error)
            {
                if (error.Message.Length is < 20 or > 2000 || error.Message.Contains('\n', StringComparison.Ordinal)) wrong = $"says '{error.Message}'";
            }
            catch (Exception error)
            {
                wrong = error.ToString();
            }
            // Messages, names and what a list of tensors takes: some times the file's own size.
            long most = 64L * bytes.Length + 1_000_000, used = GC.GetAllocatedBytesForCurrentThread() - before;
            if (used > most) wrong = $"took {used:N0} bytes for a file of {bytes.Length:N0}";
            if (taken.Elapsed > Longest) wrong = $"took {taken.Elapsed}";
            if (wrong is null) return;
            string kept = Path.Combine(Path.GetTempPath(), $"{kind}-{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes))[..16]}");
            File.WriteAllBytes(kept, bytes);
            Assert.Fail($"{kept} (move it to tests/goldens/fuzz once it is mended) {wrong}");
        }
    }

    /// <summary>One change of the kinds that files suffer, or that someone would make who means harm.</summary>
    private static byte[] Change(byte[] bytes, byte[][] seeds, RandomState random)
    {
        if (bytes.Length == 0) return [(byte)random.NextInt(256)];
        int at = random.NextInt(bytes.Length), length = 1 + random.NextInt(Math.Min(64, bytes.Length - at));
        switch (random.NextInt(9))
        {
            case 0: bytes[at] ^= (byte)(1 << random.NextInt(8)); return bytes;
            case 1: bytes[at] = (byte)random.NextInt(256); return bytes;
            case 2: bytes.AsSpan(at, length).Fill((byte)(random.NextInt(2) * 255)); return bytes;
            case 3: return bytes[..at];
            case 4: return [.. bytes[..at], .. bytes[(at + length)..]];
            case 5: return [.. bytes[..at], .. bytes[at..(at + length)], .. bytes[at..]];
            case 6:
                byte[] other = seeds[random.NextInt(seeds.Length)];
                int from = random.NextInt(other.Length);
                return [.. bytes[..at], .. other[from..Math.Min(other.Length, from + 256)], .. bytes[at..]];
            case 7:
                // Numbers where there are numbers.
                int digit = bytes.AsSpan(at).IndexOfAnyInRange((byte)'0', (byte)'9');
                if (digit >= 0) bytes[at + digit] = (byte)('0' + random.NextInt(10));
                return bytes;
            default:
                long extreme = (long[])[0, -1, 1, int.MaxValue, int.MinValue, long.MaxValue, long.MinValue, 1 << 20] is var all ? all[random.NextInt(all.Length)] : 0;
                BitConverter.GetBytes(extreme).AsSpan(0, Math.Min(8, bytes.Length - at)).CopyTo(bytes.AsSpan(at));
                return bytes;
        }
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
