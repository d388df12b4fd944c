using System.Collections;
using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Unroll.Generators.Tests;

public sealed class CatalogueGeneratorTests
{
    private const string Usings = "using System; using System.Collections.Generic; using Unroll.Generators; namespace Home;\n";

    [Fact]
    public void Lists_one_instance_of_every_class_in_the_order_of_names()
    {
        var listed = Discover("""
            public abstract class Animal { }
            public sealed class Zebra : Animal { }
            public abstract class Bird : Animal { }
            public sealed class Ant : Animal { }
            internal sealed class Wren : Bird { }
            public sealed class Stone : IDisposable { public void Dispose() { } }
            [Catalogue(typeof(Animal))] internal static partial class Zoo { }
            """, "Zoo");
        Assert.Equal(["Ant", "Wren", "Zebra"], listed.Select(o => o.GetType().Name));
    }

    [Fact]
    public void Makes_entries_from_names_and_summaries_or_takes_the_variants_of_a_class()
    {
        var listed = Discover("""
            public abstract class Cell { }
            public sealed record Entry(string Name, string Summary, Func<Cell> Create);
            /// <summary>A <see cref="Cell"/> with "gates" (see 1997). More words
            /// follow here.</summary>
            public sealed class LongMemory : Cell { }
            public sealed class Elman(string phi) : Cell
            {
                public string Phi { get; } = phi;
                public static IReadOnlyList<Entry> Variants { get; } =
                    [new("elman-tanh", "φ = tanh", () => new Elman("tanh")), new("elman-relu", "φ = relu", () => new Elman("relu"))];
            }
            [Catalogue(typeof(Cell), typeof(Entry))] internal static partial class Cells { }
            """, "Cells");
        Assert.Equal(["elman-tanh", "elman-relu", "long-memory"], listed.Select(o => Read(o, "Name")));
        Assert.Equal("A Cell with \"gates\" (see 1997)", Read(listed[2], "Summary"));
        Assert.Equal("LongMemory", ((Delegate)Read(listed[2], "Create")).DynamicInvoke()!.GetType().Name);
    }

    [Fact]
    public void Passes_over_classes_that_generated_code_cannot_name()
    {
        var listed = Discover("""
            public abstract class Animal { }
            public class Herd<T> : Animal { }
            public static class Cage { private sealed class Lynx : Animal { } public sealed class Lion : Animal { } }
            file sealed class Mole : Animal { }
            public partial class Ox : Animal { }
            public partial class Ox : IDisposable { public void Dispose() { } }
            [Catalogue(typeof(Animal))] internal static partial class Zoo { }
            """, "Zoo");
        Assert.Equal(["Lion", "Ox"], listed.Select(o => o.GetType().Name));
    }

    [Fact]
    public void An_empty_catalogue_is_an_empty_list() =>
        Assert.Empty(Discover("public abstract class Animal { } [Catalogue(typeof(Animal))] internal static partial class Zoo { }", "Zoo"));

    [Fact]
    public void A_class_that_cannot_be_constructed_is_an_error_that_says_what_to_do()
    {
        var (_, diagnostics) = Compile("""
            public abstract class Animal { }
            public sealed class Cat(string name) : Animal { public string Name => name; }
            [Catalogue(typeof(Animal))] internal static partial class Zoo { }
            """);
        var error = Assert.Single(diagnostics);
        Assert.Equal("UNROLL001", error.Id);
        Assert.Equal("'Cat' belongs to the catalogue of 'Home.Animal' but has no parameterless constructor: add one, or make the class abstract", error.GetMessage());
        Assert.Equal(2, error.Location.GetLineSpan().StartLinePosition.Line);
    }

    [Fact]
    public void A_catalogue_that_is_not_static_partial_is_an_error()
    {
        var (_, diagnostics) = Compile("public abstract class Animal { } [Catalogue(typeof(Animal))] internal static class Zoo { }");
        Assert.Equal("UNROLL002", Assert.Single(diagnostics).Id);
    }

    [Theory]
    [InlineData("LanguageModel", "language-model")]
    [InlineData("Lstm", "lstm")]
    [InlineData("GRU", "gru")]
    [InlineData("CTCDecoder", "ctc-decoder")]
    [InlineData("Lstm2", "lstm2")]
    public void Names_become_kebab_case(string name, string expected)
    {
        var listed = Discover($$"""
            public abstract class Cell { }
            public sealed record Entry(string Name, string Summary, Func<Cell> Create);
            public sealed class {{name}} : Cell { }
            [Catalogue(typeof(Cell), typeof(Entry))] internal static partial class Cells { }
            """, "Cells");
        Assert.Equal(expected, Read(Assert.Single(listed), "Name"));
    }

    [Fact]
    public void An_edit_elsewhere_runs_nothing_again()
    {
        var first = CSharpCompilation.Create("Home", [Parse(Usings + "public abstract class A { } public sealed class B : A { } [Catalogue(typeof(A))] internal static partial class Zoo { }")],
            References, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        var driver = CSharpGeneratorDriver.Create([new CatalogueGenerator().AsSourceGenerator()],
            parseOptions: Options, driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true)).RunGenerators(first, TestContext.Current.CancellationToken);
        var again = driver.RunGenerators(first.AddSyntaxTrees(Parse("namespace Home; public static class Unrelated { }")), TestContext.Current.CancellationToken).GetRunResult();
        var reasons = again.Results.Single().TrackedOutputSteps.SelectMany(step => step.Value).SelectMany(run => run.Outputs).Select(output => output.Reason);
        Assert.All(reasons, reason => Assert.Equal(IncrementalStepRunReason.Cached, reason));
    }

    private static CSharpParseOptions Options => new(LanguageVersion.Latest, DocumentationMode.Parse);

    private static List<MetadataReference> References { get; } =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path).StartsWith("System.", StringComparison.Ordinal))
            .Select(path => MetadataReference.CreateFromFile(path)),
    ];

    private static SyntaxTree Parse(string source) => CSharpSyntaxTree.ParseText(source, Options);

    private static (Compilation Output, IReadOnlyList<Diagnostic> Diagnostics) Compile(string source)
    {
        var compilation = CSharpCompilation.Create("Home" + Guid.NewGuid().ToString("N"), [Parse(Usings + source)], References,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        CSharpGeneratorDriver.Create([new CatalogueGenerator().AsSourceGenerator()], parseOptions: Options)
            .RunGeneratorsAndUpdateCompilation(compilation, out var output, out var diagnostics, TestContext.Current.CancellationToken);
        return (output, diagnostics);
    }

    private static List<object> Discover(string source, string catalogue)
    {
        var (output, diagnostics) = Compile(source);
        Assert.Empty(diagnostics);
        using var stream = new MemoryStream();
        var result = output.Emit(stream, cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(result.Success, string.Join('\n', result.Diagnostics));
        var type = Assembly.Load(stream.ToArray()).GetType("Home." + catalogue, throwOnError: true)!;
        return [.. ((IEnumerable)type.GetMethod("Discover", BindingFlags.Static | BindingFlags.NonPublic)!.Invoke(null, null)!).Cast<object>()];
    }

    private static object Read(object entry, string property) => entry.GetType().GetProperty(property)!.GetValue(entry)!;
}
