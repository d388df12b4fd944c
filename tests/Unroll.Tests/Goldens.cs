using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Unroll.Tests;

/// <summary>The figures PyTorch computed, in tests/goldens beside the scripts that made them.</summary>
internal static class Goldens
{
    public static JsonElement Read(string name)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(PathOf(name)));
        return document.RootElement.Clone();
    }

    /// <summary>Where a file in tests/goldens is.</summary>
    public static string PathOf(string name) => Path.Combine(Folder(), name);

    public static float[] Singles(this JsonElement array) => [.. array.EnumerateArray().Select(number => number.GetSingle())];

    public static double[] Doubles(this JsonElement array) => [.. array.EnumerateArray().Select(number => number.GetDouble())];

    private static string Folder([CallerFilePath] string here = "")
    {
        // Deterministic builds shorten source paths; the solution is then above the binaries.
        string folder = Path.GetDirectoryName(here)!;
        if (!Directory.Exists(folder))
            for (folder = AppContext.BaseDirectory; !File.Exists(Path.Combine(folder, "Unroll.Tests.csproj")); folder = Path.GetDirectoryName(folder)!) { }
        return Path.Combine(folder, "..", "goldens");
    }
}
