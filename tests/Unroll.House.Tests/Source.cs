using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Unroll.Generators;

namespace Unroll.House.Tests;

/// <summary>Compiles this repository's code, and samples against it, with the compiler's own library.</summary>
internal static class Source
{
    private static readonly CSharpParseOptions Options = new(LanguageVersion.Latest, DocumentationMode.Parse);

    /// <summary>What <c>ImplicitUsings</c> gives every project.</summary>
    private const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    public static SyntaxTree Parse(string text, string path = "") => CSharpSyntaxTree.ParseText(text, Options, path);

    /// <summary>A project of src compiled under its own name, so that what is internal to its friends is visible.</summary>
    public static Compilation Project(string name)
    {
        var prefix = $"src/{name}/";
        var trees = Repository.Sources.Where(file => file.StartsWith(prefix, StringComparison.Ordinal))
            .Select(file => Parse(Repository.Read(file), file))
            .Append(Parse(ImplicitUsings));
        var compilation = CSharpCompilation.Create(name, trees, References(except: name),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true, nullableContextOptions: NullableContextOptions.Enable));
        CSharpGeneratorDriver.Create([new CatalogueGenerator().AsSourceGenerator()], parseOptions: Options)
            .RunGeneratorsAndUpdateCompilation(compilation, out var output, out _, TestContext.Current.CancellationToken);
        return output;
    }

    /// <summary>A sample of the documentation as a program (or a library, when it only declares types).</summary>
    public static Compilation Sample(string code)
    {
        var tree = Parse(code);
        var isProgram = tree.GetCompilationUnitRoot().Members.Any(SyntaxKind.GlobalStatement);
        return CSharpCompilation.Create("Sample" + Guid.NewGuid().ToString("N"), [tree, Parse(ImplicitUsings)], References(except: null),
            new CSharpCompilationOptions(isProgram ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary,
                nullableContextOptions: NullableContextOptions.Enable));
    }

    private static IEnumerable<MetadataReference> References(string? except) =>
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileNameWithoutExtension(path) is var file && file != except
                && !file.EndsWith(".Tests", StringComparison.Ordinal) && !file.StartsWith("xunit", StringComparison.Ordinal) && file != "Unroll.Generators")
            .Select(path => MetadataReference.CreateFromFile(path));
}
