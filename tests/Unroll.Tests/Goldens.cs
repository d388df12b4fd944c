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

    private static string Folder()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Unroll.slnx"))) folder = Path.GetDirectoryName(folder)!;
        return Path.Combine(folder, "tests", "goldens");
    }
}
