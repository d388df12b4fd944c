using System.Text.RegularExpressions;

namespace Unroll.House.Tests;

/// <summary>A fenced block of a page: its language, text, line, and the HTML comment on the line before it (a mark for these tests).</summary>
internal sealed record Fence(string Page, int Line, string Language, string Mark, string Text);

/// <summary>Reads the pages of the documentation.</summary>
internal static partial class Markdown
{
    public static IEnumerable<string> Pages => Repository.Files.Where(file => file.EndsWith(".md", StringComparison.Ordinal));

    public static List<Fence> Fences(string page)
    {
        var fences = new List<Fence>();
        var lines = Repository.Read(page).ReplaceLineEndings("\n").Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (!lines[i].StartsWith("```", StringComparison.Ordinal))
                continue;
            var start = i;
            var body = new List<string>();
            while (++i < lines.Length && !lines[i].StartsWith("```", StringComparison.Ordinal))
                body.Add(lines[i]);
            var mark = start > 0 ? Comment().Match(lines[start - 1]).Groups[1].Value : "";
            fences.Add(new Fence(page, start + 1, lines[start][3..].Trim(), mark, string.Join('\n', body)));
        }
        return fences;
    }

    /// <summary>The targets of links and images outside code, with their lines.</summary>
    public static IEnumerable<(int Line, string Target)> Links(string page)
    {
        var lines = Repository.Read(page).ReplaceLineEndings("\n").Split('\n');
        var inCode = false;
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].StartsWith("```", StringComparison.Ordinal))
                inCode = !inCode;
            if (inCode)
                continue;
            foreach (Match match in Link().Matches(InlineCode().Replace(lines[i], "")))
                yield return (i + 1, match.Groups[1].Value);
            foreach (Match match in HtmlLink().Matches(lines[i]))
                yield return (i + 1, match.Groups[1].Value);
        }
    }

    /// <summary>The anchors of a page's headings, as GitHub makes them.</summary>
    public static IEnumerable<string> Anchors(string page) =>
        Repository.Read(page).Split('\n').Where(line => line.StartsWith('#'))
            .Select(line => NotAnchor().Replace(line.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    [GeneratedRegex(@"^<!--\s*(.*?)\s*-->\s*$")]
    private static partial Regex Comment();

    [GeneratedRegex(@"\]\(([^)\s]+)(?:\s+""[^""]*"")?\)")]
    private static partial Regex Link();

    [GeneratedRegex("(?:src|href)=\"([^\"]+)\"")]
    private static partial Regex HtmlLink();

    [GeneratedRegex("`[^`]*`")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotAnchor();
}
