using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Unroll.House.Tests;

/// <summary>Who may lean on whom. A new arrow is drawn here and in ARCHITECTURE.md, or not at all.</summary>
public sealed class ArrowsTests
{
    /// <summary>Kernels ← Unroll ← {Tasks, Onnx} ← {Web, Cli}; the generators run inside the compiler and are seen by nobody at run time.</summary>
    private static readonly Dictionary<string, string[]> Projects = new()
    {
        ["Unroll.Generators"] = [],
        ["Unroll.Kernels"] = [],
        ["Unroll"] = ["Unroll.Kernels"],
        ["Unroll.Tasks"] = ["Unroll"],
        ["Unroll.Onnx"] = ["Unroll"],
        ["Unroll.Web"] = ["Unroll.Tasks", "Unroll.Onnx"],
        ["Unroll.Cli"] = ["Unroll.Tasks", "Unroll.Onnx"],
    };

    /// <summary>The library depends on the runtime and System.Numerics.Tensors only; what the others may add stands here.</summary>
    private static readonly Dictionary<string, string[]> Packages = new()
    {
        ["Unroll.Generators"] = ["Microsoft.CodeAnalysis.CSharp"],
        ["Unroll.Kernels"] = [],
        ["Unroll"] = ["System.Numerics.Tensors"],
        ["Unroll.Tasks"] = ["Microsoft.Extensions.Logging.Abstractions"],
        ["Unroll.Onnx"] = ["Google.Protobuf", "Grpc.Tools"],
        ["Unroll.Web"] = [],
        ["Unroll.Cli"] = ["System.CommandLine", "Spectre.Console"],
    };

    /// <summary>Inside Unroll: Tensors, Equations ← Cells ← Layers ← {Analysis ← Training, Exchange}; Data, Decoding and Files hang on Tensors. "" is the root: errors all may throw (and Generators exist at build time only).</summary>
    private static readonly Dictionary<string, string[]> Rooms = new()
    {
        [""] = [],
        ["Tensors"] = [""],
        ["Equations"] = [""],
        ["Cells"] = ["", "Tensors", "Equations"],
        ["Layers"] = ["", "Tensors", "Equations", "Cells"],
        ["Analysis"] = ["", "Tensors", "Equations", "Cells", "Layers"],
        ["Losses"] = ["", "Tensors"],
        ["Optimizers"] = ["", "Tensors"],
        ["Data"] = ["", "Tensors"],
        ["Decoding"] = ["", "Tensors"],
        ["Files"] = ["", "Tensors"],
        ["Exchange"] = ["", "Tensors", "Equations", "Cells", "Layers", "Files"],
        ["Training"] = ["", "Tensors", "Layers", "Analysis", "Losses", "Optimizers", "Data", "Files"],
    };

    public static TheoryData<string> ProjectsOfSrc =>
        [.. Directory.EnumerateDirectories(Path.Combine(Repository.Root, "src")).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(ProjectsOfSrc))]
    public void A_project_refers_only_to_those_beneath_it(string name)
    {
        Assert.True(Projects.TryGetValue(name, out var allowed), $"src/{name} is new: draw its arrows in {nameof(ArrowsTests)} and ARCHITECTURE.md");
        foreach (var reference in Repository.Project(name).Descendants("ProjectReference"))
        {
            var target = Path.GetFileNameWithoutExtension(((string)reference.Attribute("Include")!).Replace('\\', '/'));
            if (target == "Unroll.Generators" && (string?)reference.Attribute("ReferenceOutputAssembly") == "false")
                continue;
            Assert.True(allowed!.Contains(target), $"src/{name} refers to {target}; it may refer to {Or(allowed!)}");
        }
    }

    [Theory]
    [MemberData(nameof(ProjectsOfSrc))]
    public void A_project_uses_only_the_packages_it_may(string name)
    {
        foreach (var reference in Repository.Project(name).Descendants("PackageReference"))
        {
            var package = (string)reference.Attribute("Include")!;
            Assert.True(Packages[name].Contains(package), $"src/{name} uses the package {package}; it may use {Or(Packages[name])}");
        }
    }

    [Fact]
    public void Inside_Unroll_a_room_uses_only_those_beneath_it()
    {
        var compilation = Source.Project("Unroll");
        Assert.Empty(compilation.GetDiagnostics(TestContext.Current.CancellationToken).Where(d => d.Severity == DiagnosticSeverity.Error).Take(5));

        var wrong = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var tree in compilation.SyntaxTrees.Where(tree => tree.FilePath.StartsWith("src/", StringComparison.Ordinal)))
        {
            var room = RoomOfFile(tree.FilePath);
            if (!Rooms.TryGetValue(room, out var allowed))
            {
                wrong.Add($"{tree.FilePath}: the room '{room}' is new; draw its arrows in {nameof(ArrowsTests)} and ARCHITECTURE.md");
                continue;
            }
            var model = compilation.GetSemanticModel(tree);
            foreach (var name in tree.GetRoot(TestContext.Current.CancellationToken).DescendantNodes().OfType<SimpleNameSyntax>())
            {
                var symbol = model.GetSymbolInfo(name, TestContext.Current.CancellationToken).Symbol;
                if (symbol is null or INamespaceSymbol || symbol.ContainingAssembly?.Name != "Unroll")
                    continue;
                var used = RoomOfNamespace(symbol.ContainingNamespace);
                if (used is not null and not "Generators" && used != room && !allowed.Contains(used))
                    wrong.Add($"{tree.FilePath}:{name.GetLocation().GetLineSpan().StartLinePosition.Line + 1}: {room} → {used} ({symbol.Name}); {room} may use {Or(allowed)}");
            }
        }
        Assert.True(wrong.Count == 0, "arrows that point the wrong way:\n" + string.Join('\n', wrong));
    }

    [Fact]
    public void Namespaces_follow_folders()
    {
        var wrong = new List<string>();
        foreach (var file in Repository.Sources)
        {
            var expected = string.Join('.', Path.GetDirectoryName(file)!.Replace('\\', '/').Split('/').Skip(1));
            var root = (CompilationUnitSyntax)Source.Parse(Repository.Read(file)).GetRoot(TestContext.Current.CancellationToken);
            wrong.AddRange(root.Members.OfType<BaseNamespaceDeclarationSyntax>().Select(declared => declared.Name.ToString())
                .Where(declared => declared != expected && !IsAllowed(declared, expected))
                .Select(declared => $"{file}: namespace {declared}, expected {expected}"));
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));

        // A file in a subfolder may keep its room's namespace: Tensors/Operations/Tanh.cs is part of Tensors.
        static bool IsAllowed(string declared, string expected) =>
            declared == "System.Runtime.CompilerServices" || (expected.StartsWith(declared + ".", StringComparison.Ordinal) && declared.Contains('.', StringComparison.Ordinal));
    }

    private static string RoomOfFile(string path) => path.Split('/') is { Length: > 3 } parts ? parts[2] : "";

    private static string? RoomOfNamespace(INamespaceSymbol? space)
    {
        var parts = space?.ToDisplayString().Split('.') ?? [];
        return parts is ["Unroll", ..] ? (parts.Length > 1 ? parts[1] : "") : null;
    }

    private static string Or(IEnumerable<string> names) =>
        names.Where(name => name.Length > 0).ToArray() is { Length: > 0 } some ? string.Join(", ", some) : "nothing";
}
