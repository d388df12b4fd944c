using System.Diagnostics;
using Unroll.Tensors;

namespace Unroll;

/// <summary>
/// Changes sound files at random and reads them: each is read or refused with a clear error, without a crash, a hang or memory beyond what the file justifies. A run of the tests tries some thousands; for as long as
/// one likes: <c>UNROLL_FUZZ=600 dotnet tests/Unroll.Tests/bin/Release/net10.0/Unroll.Tests.dll -class "*FuzzTests"</c>, in seconds for each kind. What once failed is kept in tests/goldens/fuzz, its name
/// beginning with its kind, and tried first.
/// </summary>
internal static class Fuzzing
{
    private const int Tried = 3000;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    /// <summary>Reads changed files of one kind.</summary>
    /// <param name="kind">The kind's name.</param>
    /// <param name="seeds">Sound files.</param>
    /// <param name="read">Reads a file, or throws a <see cref="BadInputException"/>.</param>
    public static void Run(string kind, byte[][] seeds, Action<byte[]> read)
    {
        foreach (byte[] seed in seeds) Try(kind, seed, read);
        string once = Tests.Goldens.PathOf("fuzz");
        if (Directory.Exists(once))
            foreach (string path in Directory.EnumerateFiles(once, kind + "*")) Try(kind, File.ReadAllBytes(path), read);

        long seconds = long.TryParse(Environment.GetEnvironmentVariable("UNROLL_FUZZ"), out long given) ? given : 0;
        var random = new RandomState((ulong)(seconds == 0 ? 1 : Stopwatch.GetTimestamp()));
        var clock = Stopwatch.StartNew();
        long count = 0;
        while (seconds > 0 ? clock.Elapsed.TotalSeconds < seconds : count < Tried)
        {
            byte[] changed = [.. seeds[random.NextInt(seeds.Length)]];
            for (int changes = 1 + random.NextInt(4); changes > 0; changes--) changed = Change(changed, seeds, random);
            Try(kind, changed, read);
            count++;
        }
        if (seconds > 0) TestContext.Current.TestOutputHelper?.WriteLine($"{kind}: {count:N0} files in {clock.Elapsed.TotalSeconds:f0} s");
    }

    private static void Try(string kind, byte[] bytes, Action<byte[]> read)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        var taken = Stopwatch.StartNew();
        string? wrong = null;
        try
        {
            read(bytes);
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
}
