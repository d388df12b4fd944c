using System.Xml.Linq;

namespace Unroll.House.Tests;

/// <summary>The checkout these tests run in.</summary>
internal static class Repository
{
    private static readonly string[] NotOurs = ["bin", "obj", "runs", "artifacts", "node_modules", "__pycache__", "BenchmarkDotNet.Artifacts"];

    public static string Root { get; } = FindRoot();

    /// <summary>Paths relative to the root, with forward slashes, in order; build outputs and hidden folders other than .ci left out.</summary>
    public static IReadOnlyList<string> Files { get; } = [.. List(Root).Select(Relative).Order(StringComparer.Ordinal)];

    public static IReadOnlyList<string> Sources { get; } =
        [.. Files.Where(file => file.StartsWith("src/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal))];

    public static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));

    public static XDocument Project(string name) => XDocument.Load(Path.Combine(Root, "src", name, name + ".csproj"));

    private static string Relative(string path) => Path.GetRelativePath(Root, path).Replace('\\', '/');

    private static IEnumerable<string> List(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder))
            yield return file;
        foreach (var child in Directory.EnumerateDirectories(folder))
        {
            var name = Path.GetFileName(child);
            if (NotOurs.Contains(name) || (name.StartsWith('.') && name != ".ci"))
                continue;
            foreach (var file in List(child))
                yield return file;
        }
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Unroll.slnx")))
                return folder.FullName;
        }
        throw new InvalidOperationException("these tests read the repository: run them from a checkout");
    }
}
