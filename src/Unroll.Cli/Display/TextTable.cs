using System.Text;

namespace Unroll.Cli.Display;

/// <summary>A table of words and numbers: columns as wide as they need to be, the first to the left, the others to the right.</summary>
/// <param name="Header">What stands over the columns.</param>
/// <param name="Rows">The rows, as long as the header.</param>
internal sealed record TextTable(IReadOnlyList<string> Header, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    /// <summary>For a terminal.</summary>
    public void WriteText(TextWriter to)
    {
        int[] widths = [.. Header.Select((header, i) => Rows.Select(row => row[i].Length).Append(header.Length).Max())];
        foreach (IReadOnlyList<string> row in Rows.Prepend(Header))
            to.WriteLine(string.Join("  ", row.Select((cell, i) => i == 0 ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i]))).TrimEnd());
    }

    /// <summary>For a page in Markdown.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        Line(Header);
        Line([.. Header.Select((_, i) => i == 0 ? "---" : "--:")]);
        foreach (IReadOnlyList<string> row in Rows) Line(row);
        return text.ToString();

        void Line(IReadOnlyList<string> row) => text.Append("| ").AppendJoin(" | ", row.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal))).Append(" |\n");
    }

    /// <summary>For a spreadsheet.</summary>
    public string ToCsv() => string.Concat(Rows.Prepend(Header).Select(row => string.Join(',', row.Select(CsvCell)) + "\n"));

    /// <summary>A cell of a CSV file: in quotes where it has to be.</summary>
    public static string CsvCell(string text) => text.AsSpan().IndexOfAny(",\"\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
