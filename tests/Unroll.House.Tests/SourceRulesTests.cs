using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Unroll.House.Tests;

/// <summary>Rules every file of the house keeps.</summary>
public sealed partial class SourceRulesTests
{
    private const int LongestFile = 500;

    [Fact]
    public void No_file_of_src_is_over_500_lines()
    {
        var wrong = Repository.Sources.Select(file => (File: file, Lines: Repository.Read(file).Count(c => c == '\n'))).Where(pair => pair.Lines > LongestFile);
        Assert.True(!wrong.Any(), $"one concept, one file, at most {LongestFile} lines: " + string.Join(", ", wrong.Select(pair => $"{pair.File} has {pair.Lines}")));
    }

    [Fact]
    public void Unsafe_code_and_intrinsics_live_in_the_kernels_only()
    {
        var wrong = new List<string>();
        foreach (var file in Repository.Sources.Where(file => !file.StartsWith("src/Unroll.Kernels/", StringComparison.Ordinal)))
        {
            foreach (var token in Source.Parse(Repository.Read(file)).GetRoot(TestContext.Current.CancellationToken).DescendantTokens())
            {
                var found = token.IsKind(SyntaxKind.UnsafeKeyword) || token.IsKind(SyntaxKind.StackAllocKeyword) && token.Parent?.Parent?.ToString().Contains('*', StringComparison.Ordinal) == true
                    ? "unsafe code"
                    : token.ValueText is "Intrinsics" or "Unsafe" && token.IsKind(SyntaxKind.IdentifierToken) ? token.ValueText : null;
                if (found is not null)
                    wrong.Add($"{file}:{token.GetLocation().GetLineSpan().StartLinePosition.Line + 1}: {found}");
            }
        }
        wrong.AddRange(Repository.Files.Where(file => file.StartsWith("src/", StringComparison.Ordinal) && file.EndsWith(".csproj", StringComparison.Ordinal)
                && !file.EndsWith("Unroll.Kernels.csproj", StringComparison.Ordinal) && Repository.Read(file).Contains("AllowUnsafeBlocks", StringComparison.Ordinal))
            .Select(file => file + ": AllowUnsafeBlocks"));
        Assert.True(wrong.Count == 0, "belongs into Unroll.Kernels:\n" + string.Join('\n', wrong));
    }

    [Fact]
    public void Nothing_is_left_unfinished()
    {
        var wrong = Repository.Sources.SelectMany(file => Repository.Read(file).Split('\n').Select((line, i) => (file, line, i)))
            .Where(at => Unfinished().IsMatch(at.line)).Select(at => $"{at.file}:{at.i + 1}: {at.line.Trim()}").ToList();
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void No_file_names_a_path_of_somebodys_machine()
    {
        var wrong = new List<string>();
        foreach (var file in Repository.Files.Where(IsText))
        {
            var lines = Repository.Read(file).Split('\n');
            for (var i = 0; i < lines.Length; i++)
            {
                if (MachinePath().Match(lines[i]) is { Success: true } match)
                    wrong.Add($"{file}:{i + 1}: {match.Value}");
            }
        }
        Assert.True(wrong.Count == 0, "paths that exist on one machine only:\n" + string.Join('\n', wrong));
    }

    [Fact]
    public void Product_code_writes_no_reflection_or_run_time_code()
    {
        var wrong = new List<string>();
        foreach (var file in Repository.Sources.Where(file => !file.StartsWith("src/Unroll.Generators/", StringComparison.Ordinal)))
        {
            foreach (var token in Source.Parse(Repository.Read(file)).GetRoot(TestContext.Current.CancellationToken).DescendantTokens().Where(t => t.IsKind(SyntaxKind.IdentifierToken)))
            {
                if (token.ValueText is "DynamicMethod" or "AssemblyBuilder" or "ILGenerator" or "GetMethod" or "GetMethods" or "GetProperties" or "CreateInstance" or "MakeGenericType" or "MakeGenericMethod")
                    wrong.Add($"{file}:{token.GetLocation().GetLineSpan().StartLinePosition.Line + 1}: {token.ValueText}");
            }
        }
        Assert.True(wrong.Count == 0, "reflection or run-time code:\n" + string.Join('\n', wrong));
    }

    /// <summary>A loop over vectors or pointers that is not marked runs its first thirty calls unoptimised, every operator of a vector a call: the first steps of a
    /// training would be many times slower than the rest, in every program that uses the library.</summary>
    [Fact]
    public void Loops_of_kernels_are_compiled_at_full_speed_from_the_first_call()
    {
        var wrong = new List<string>();
        int loops = 0;
        foreach (var file in Repository.Sources.Where(file => file.StartsWith("src/Unroll.Kernels/", StringComparison.Ordinal)))
        {
            foreach (var method in Source.Parse(Repository.Read(file)).GetRoot(TestContext.Current.CancellationToken).DescendantNodes().OfType<MethodDeclarationSyntax>())
            {
                bool hot = method.ConstraintClauses.ToString().Contains("ILane<", StringComparison.Ordinal) || method.ParameterList.Parameters.Any(p => p.Type is PointerTypeSyntax);
                if (!hot || !method.DescendantNodes().Any(node => node is ForStatementSyntax or WhileStatementSyntax or DoStatementSyntax or CommonForEachStatementSyntax)) continue;
                loops++;
                var attributes = method.AttributeLists.ToString();
                if (!attributes.Contains("AggressiveOptimization", StringComparison.Ordinal) && !attributes.Contains("Inlin", StringComparison.Ordinal))
                    wrong.Add($"{file}:{method.Identifier.GetLocation().GetLineSpan().StartLinePosition.Line + 1}: {method.Identifier.ValueText}");
            }
        }
        Assert.True(loops > 20, "the rule finds no loops any more");
        Assert.True(wrong.Count == 0, "mark them [MethodImpl(MethodImplOptions.AggressiveOptimization)]:\n" + string.Join('\n', wrong));
    }

    private static bool IsText(string file) =>
        Path.GetExtension(file) is ".cs" or ".csproj" or ".props" or ".targets" or ".slnx" or ".md" or ".json" or ".sh" or ".py" or ".txt" or ".svg" or ".yml" or "" or ".gp";

    // The brackets keep this file from finding itself.
    [GeneratedRegex(@"(?<![\w.])(?:/[w]ork/|/[h]ome/\w|/[r]oot/|/[U]sers/\w|[A-Z]:\\[U]sers)")]
    private static partial Regex MachinePath();

    [GeneratedRegex(@"\b(?:TO[D]O|FIX[M]E|HAC[K]|XX[X])\b|NotImplemented[E]xception")]
    private static partial Regex Unfinished();
}
