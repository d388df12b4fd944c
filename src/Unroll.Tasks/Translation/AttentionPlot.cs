using System.Globalization;
using System.Net;
using System.Text;

namespace Unroll.Tasks.Translation;

/// <summary>A heat map of attention as SVG, on a light or a dark page: a row for each symbol written, a column for each one read, the darker the more attention.</summary>
internal static class AttentionPlot
{
    private const int Cell = 26, Margin = 12, LetterWidth = 8, Slant = 45;

    /// <summary>The whole file.</summary>
    /// <param name="read">The source's symbols.</param>
    /// <param name="written">The translation's.</param>
    /// <param name="weights">For each symbol written the attention to each one read.</param>
    public static string ToSvg(IReadOnlyList<string> read, IReadOnlyList<string> written, IReadOnlyList<float[]> weights)
    {
        int left = Margin + LetterWidth * Longest(written), slanted = (int)(LetterWidth * Longest(read) * 0.75), top = Margin + slanted + 10;
        int width = left + Cell * read.Count + slanted + Margin, height = top + Cell * written.Count + Margin;
        var svg = new StringBuilder();
        Add($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"attention of {Text(string.Join(' ', written))} to {Text(string.Join(' ', read))}\">");
        Add($"<style>text{{font:13px system-ui,sans-serif;fill:#57606a}}.cell{{fill:#0969da}}.frame{{fill:none;stroke:#8c959f;stroke-opacity:0.4}}@media(prefers-color-scheme:dark){{text{{fill:#9198a1}}.cell{{fill:#4493f8}}}}</style>");
        for (int column = 0; column < read.Count; column++)
        {
            double x = left + (column + 0.6) * Cell;
            Add($"<text x=\"{x}\" y=\"{top - 8}\" transform=\"rotate(-{Slant} {x} {top - 8})\">{Text(read[column])}</text>");
        }
        for (int row = 0; row < written.Count; row++)
        {
            Add($"<text x=\"{left - 8}\" y=\"{top + (row + 0.5) * Cell + 4}\" text-anchor=\"end\">{Text(written[row])}</text>");
            for (int column = 0; column < read.Count; column++)
            {
                float weight = weights[row][column];
                if (weight >= 0.005f) Add($"<rect class=\"cell\" x=\"{left + column * Cell + 1}\" y=\"{top + row * Cell + 1}\" width=\"{Cell - 2}\" height=\"{Cell - 2}\" rx=\"3\" fill-opacity=\"{weight:0.00}\"><title>{Text(written[row])} ← {Text(read[column])}: {weight:0.00}</title></rect>");
            }
        }
        Add($"<rect class=\"frame\" x=\"{left}\" y=\"{top}\" width=\"{Cell * read.Count}\" height=\"{Cell * written.Count}\" rx=\"4\"/>");
        Add($"</svg>");
        return svg.ToString();

        void Add(FormattableString line) => svg.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }

    private static int Longest(IReadOnlyList<string> symbols) => symbols.Max(symbol => symbol.Length);

    private static string Text(string symbol) => WebUtility.HtmlEncode(symbol.Trim());
}
