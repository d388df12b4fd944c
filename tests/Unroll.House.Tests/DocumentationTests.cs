using System.Reflection;
using Microsoft.CodeAnalysis;

namespace Unroll.House.Tests;

/// <summary>
/// The pages tell the truth: every C# block compiles against this code; a block marked <c>&lt;!-- run --&gt;</c> is run and
/// must print what the next <c>text</c> block shows.
/// </summary>
public sealed class DocumentationTests
{
    public static TheoryData<string> Samples =>
        [.. Markdown.Pages.SelectMany(Markdown.Fences).Where(fence => fence.Language == "csharp").Select(fence => $"{fence.Page}:{fence.Line}").DefaultIfEmpty("none")];

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_sample_compiles_and_prints_what_the_page_shows(string place)
    {
        Assert.SkipWhen(place == "none", "no page has a C# sample");
        var page = place.Split(':')[0];
        var fences = Markdown.Fences(page);
        var at = fences.FindIndex(fence => $"{fence.Page}:{fence.Line}" == place);
        var sample = fences[at];

        using var stream = new MemoryStream();
        var result = Source.Sample(sample.Text).Emit(stream, cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(result.Success, $"the sample at {place} does not compile:\n" + string.Join('\n', result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error)));
        if (sample.Mark != "run")
            return;

        Assert.True(at + 1 < fences.Count && fences[at + 1].Language == "text", $"the sample at {place} is run: a ```text block with its output must follow");
        var printed = Run(Assembly.Load(stream.ToArray()));
        Assert.Equal(Trim(fences[at + 1].Text), Trim(printed));
    }

    [Fact]
    public void Relative_links_lead_somewhere()
    {
        var wrong = new List<string>();
        foreach (var page in Markdown.Pages)
        {
            foreach (var (line, target) in Markdown.Links(page))
            {
                if (target.Contains("://", StringComparison.Ordinal) || target.StartsWith("mailto:", StringComparison.Ordinal))
                    continue;
                var parts = target.Split('#', 2);
                var file = parts[0].Length == 0 ? page : Path.GetRelativePath(Repository.Root, Path.GetFullPath(Path.Combine(Repository.Root, Path.GetDirectoryName(page)!, parts[0]))).Replace('\\', '/');
                var path = Path.Combine(Repository.Root, file);
                if (!File.Exists(path) && !Directory.Exists(path))
                    wrong.Add($"{page}:{line}: {target} does not exist");
                else if (parts.Length == 2 && file.EndsWith(".md", StringComparison.Ordinal) && !Markdown.Anchors(file).Contains(parts[1]))
                    wrong.Add($"{page}:{line}: {file} has no heading #{parts[1]}");
            }
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void The_changelog_has_the_version()
    {
        var version = System.Xml.Linq.XDocument.Load(Path.Combine(Repository.Root, "Directory.Build.props")).Descendants("Version").Single().Value;
        Assert.Contains($"\n## {version}", Repository.Read("CHANGELOG.md"));
    }

    [Fact]
    public void The_readme_shows_the_two_commands_of_a_fresh_clone()
    {
        var commands = Markdown.Fences("README.md").Where(fence => fence.Language == "sh").SelectMany(fence => fence.Text.Split('\n')).Select(line => line.Split('#')[0].Trim()).ToList();
        Assert.Contains("dotnet run -c Release --project src/Unroll.Cli -- train", commands);
        Assert.Contains("./test.sh", commands);
    }

    private static string Run(Assembly sample)
    {
        var entry = sample.EntryPoint ?? throw new InvalidOperationException("a sample marked to run needs statements");
        var console = Console.Out;
        var output = new StringWriter();
        Console.SetOut(output);
        try
        {
            var returned = entry.Invoke(null, entry.GetParameters().Length == 0 ? null : [Array.Empty<string>()]);
            (returned as Task)?.GetAwaiter().GetResult();
        }
        finally
        {
            Console.SetOut(console);
        }
        return output.ToString();
    }

    private static string Trim(string text) =>
        string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Select(line => line.TrimEnd())).Trim('\n');
}
