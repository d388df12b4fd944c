using System.Text;
using Unroll.Cells;

namespace Unroll.House.Tests;

/// <summary>docs/cells is written from the equations: a page for each cell class, and the table of all names.</summary>
public sealed class CellPagesTests
{
    [Fact]
    public void The_cell_pages_show_the_equations_of_the_code()
    {
        var pages = Pages();
        var folder = Path.Combine(Repository.Root, "docs", "cells");
        if (Environment.GetEnvironmentVariable("UNROLL_DOCS") == "update")
        {
            Directory.CreateDirectory(folder);
            foreach (var old in Directory.EnumerateFiles(folder, "*.md"))
                File.Delete(old);
            foreach (var (name, text) in pages)
                File.WriteAllText(Path.Combine(folder, name), text);
        }
        var found = Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.md").ToDictionary(path => Path.GetFileName(path)!, File.ReadAllText) : [];
        var stale = pages.Keys.Union(found.Keys).Where(name => found.GetValueOrDefault(name) != pages.GetValueOrDefault(name)).Order(StringComparer.Ordinal).ToList();
        Assert.True(stale.Count == 0, $"docs/cells does not say what the equations say ({string.Join(", ", stale)}): write it anew with UNROLL_DOCS=update ./test.sh house");
    }

    private static SortedDictionary<string, string> Pages()
    {
        var pages = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var index = new StringBuilder("# Cells\n\nWritten from the equations in src/Unroll/Cells; do not edit.\n\n| name | what it is | paper |\n|---|---|---|\n");
        foreach (var family in CellCatalogue.All.GroupBy(variant => variant.Create().GetType()))
        {
            var file = family.Key.Name.ToLowerInvariant() + ".md";
            var page = new StringBuilder($"# {family.Key.Name}\n\nWritten from the equations in src/Unroll/Cells/{family.Key.Name}.cs; do not edit.\n");
            foreach (var variant in family)
            {
                var cell = variant.Create();
                index.Append($"| [`{variant.Name}`]({file}#{variant.Name}) | {variant.Summary} | {cell.Paper} |\n");
                page.Append($"\n## {variant.Name}\n\n{Sentence(variant.Summary)}\n\n");
                if (cell.Paper.Length > 0)
                    page.Append($"Paper: {cell.Paper}.\n\n");
                page.Append("```math\n\\begin{aligned}\n").AppendJoin(" \\\\\n", cell.Latex.Select(line => Aligned(line))).Append("\n\\end{aligned}\n```\n");
                if (cell.IsScan) page.Append("\nNo matrix stands between a state and its next value: it runs as a [scan over time](../scan.md).\n");
            }
            pages[file] = page.ToString();
        }
        pages["README.md"] = index.ToString();
        return pages;
    }

    private static string Sentence(string summary) => char.ToUpperInvariant(summary[0]) + summary[1..].TrimEnd('.') + ".";

    private static string Aligned(string line) => line.IndexOf('=', StringComparison.Ordinal) is >= 0 and var at ? line[..at] + "&" + line[at..] : line;
}
