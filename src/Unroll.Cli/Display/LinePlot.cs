using System.Globalization;
using System.Net;
using System.Text;

namespace Unroll.Cli.Display;

/// <summary>A line of a <see cref="LinePlot"/>.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Points">Where it goes. Points that are not finite, and on a logarithmic axis those that are not above 0, are left out and break the line.</param>
internal sealed record PlotSeries(string Name, IReadOnlyList<(double X, double Y)> Points)
{
    /// <summary>The interval that is shaded around the line, with the points' X; empty for none. It breaks where the line does, and where it is not finite itself.</summary>
    public IReadOnlyList<(double Low, double High)> Band { get; init; } = [];
}

/// <summary>A plot of lines as SVG that fits a light and a dark page: axes with round ticks, the names at the ends of the lines.</summary>
/// <param name="Title">The title.</param>
/// <param name="XLabel">What stands beneath the horizontal axis.</param>
/// <param name="YLabel">What stands above the vertical axis.</param>
/// <param name="Series">The lines.</param>
internal sealed record LinePlot(string Title, string XLabel, string YLabel, IReadOnlyList<PlotSeries> Series)
{
    private const double Width = 760, Height = 380, Left = 60, Right = 190, Top = 56, Bottom = 48;
    private const int LineHeight = 16;

    // Light, dark: far apart in hue and lightness, the first six also for those who do not see red and green apart.
    private static readonly (string Light, string Dark)[] Colours =
    [
        ("#0969da", "#4493f8"), ("#bc4c00", "#f0883e"), ("#1a7f37", "#3fb950"), ("#8250df", "#ab7df8"), ("#bf3989", "#f778ba"), ("#7d6a00", "#e3b341"), ("#0a7d8c", "#39c5cf"), ("#57606a", "#9198a1"),
    ];

    /// <summary>Whether the vertical axis is logarithmic.</summary>
    public bool IsLogarithmic { get; init; }

    /// <summary>The least value shown, where lines fall far below what is of interest.</summary>
    public double Floor { get; init; } = double.NegativeInfinity;

    /// <summary>The greatest value shown.</summary>
    public double Ceiling { get; init; } = double.PositiveInfinity;

    /// <summary>The whole file.</summary>
    public string ToSvg()
    {
        var shown = Series.Select(series => series.Points.Select(p => (p.X, Y: Scaled(p.Y))).ToArray()).ToArray();
        var finite = shown.SelectMany(points => points).Concat(Series.SelectMany(series => series.Band.Zip(series.Points, (band, point) => new[] { (point.X, Y: Scaled(band.Low)), (point.X, Y: Scaled(band.High)) }).SelectMany(ends => ends))).Where(p => double.IsFinite(p.X) && double.IsFinite(p.Y)).ToArray();
        if (finite.Length == 0) finite = [(0, 0)];
        double[] xs = Ticks(finite.Min(p => p.X), finite.Max(p => p.X), 10), ys = Ticks(Math.Max(finite.Min(p => p.Y), Scaled(Floor, least: true)), Math.Min(finite.Max(p => p.Y), Scaled(Ceiling, least: false)), 7);
        double low = ys[0], high = ys[^1], left = finite.Min(p => p.X), right = Math.Max(finite.Max(p => p.X), left + 1e-9);
        double AtX(double x) => Left + (Width - Left - Right) * (x - left) / (right - left);
        double AtY(double y) => Height - Bottom - (Height - Top - Bottom) * (y - low) / (high - low);

        var svg = new StringBuilder();
        Add($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" width=\"{Width}\" height=\"{Height}\" role=\"img\" aria-label=\"{WebUtility.HtmlEncode(Title)}\">");
        Add($"<style>text{{font:12px system-ui,sans-serif;fill:#57606a}}.title{{font-size:14px;font-weight:600}}.grid{{stroke:#8c959f;stroke-opacity:0.25}}.band{{fill-opacity:0.15;stroke:none}}.line{{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}}{Styles(c => c.Light)}@media(prefers-color-scheme:dark){{text{{fill:#9198a1}}{Styles(c => c.Dark)}}}</style>");
        Add($"<clipPath id=\"plot\"><rect x=\"{Left}\" y=\"{Top - 2}\" width=\"{Width - Left - Right}\" height=\"{Height - Top - Bottom + 4}\"/></clipPath>");
        Text("title", Left, 20, Title);
        foreach (double y in ys)
        {
            Add($"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{AtY(y):0.0}\" y2=\"{AtY(y):0.0}\"/>");
            Text("", Left - 8, AtY(y) + 4, Label(y), "end");
        }
        foreach (double x in xs.Where(x => x >= left && x <= right)) Text("", AtX(x), Height - Bottom + 18, Number(x), "middle");
        Text("", (Left + Width - Right) / 2, Height - 8, XLabel, "middle");
        Text("", Left, Top - 12, YLabel);

        for (int i = 0; i < shown.Length; i++)
        {
            foreach (string path in Bands(Series[i], (x, y) => FormattableString.Invariant($"{AtX(x):0.0} {AtY(Math.Clamp(y, low - (high - low), high + (high - low))):0.0}")))
                Add($"<path class=\"band b{i % Colours.Length}\" clip-path=\"url(#plot)\" d=\"{path}\"/>");
        }
        var ends = new List<(int Series, double Y)>();
        for (int i = 0; i < shown.Length; i++)
        {
            var path = new StringBuilder();
            bool drawing = false;
            foreach (var (x, y) in shown[i])
            {
                if (!double.IsFinite(x) || !double.IsFinite(y)) drawing = false;
                else
                {
                    path.Append(CultureInfo.InvariantCulture, $"{(drawing ? " L" : "M")}{AtX(x):0.0} {AtY(Math.Clamp(y, low - (high - low), high + (high - low))):0.0}{(drawing ? "" : " h0")}");     // h0: a point alone is a dot
                    drawing = true;
                }
            }
            Add($"<path class=\"line s{i % Colours.Length}\"{(i < Colours.Length ? "" : " stroke-dasharray=\"6 3\"")} clip-path=\"url(#plot)\" d=\"{path}\"/>");
            var last = shown[i].LastOrDefault(p => double.IsFinite(p.Y), (0, low));
            ends.Add((i, Math.Clamp(AtY(last.Y), Top, Height - Bottom) + 4));
        }
        // The names stand at the ends of their lines, kept apart: downwards from the top, then up again from the bottom.
        ends = [.. ends.OrderBy(end => end.Y)];
        for (int i = 1; i < ends.Count; i++) ends[i] = (ends[i].Series, Math.Max(ends[i].Y, ends[i - 1].Y + LineHeight));
        for (int i = ends.Count - 1; i >= 0; i--) ends[i] = (ends[i].Series, Math.Min(ends[i].Y, (i == ends.Count - 1 ? Height - Bottom + 4 : ends[i + 1].Y - LineHeight)));
        foreach (var (i, y) in ends) Text($"t{i % Colours.Length}", Width - Right + 8, y, Series[i].Name);
        Add($"</svg>");
        return svg.ToString();

        void Add(FormattableString line) => svg.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

        void Text(string style, double x, double y, string text, string? anchor = null) =>
            Add($"<text{(style.Length > 0 ? $" class=\"{style}\"" : "")} x=\"{FormattableString.Invariant($"{x:0.0}")}\" y=\"{FormattableString.Invariant($"{y:0.0}")}\"{(anchor is null ? "" : $" text-anchor=\"{anchor}\"")}>{WebUtility.HtmlEncode(text)}</text>");
    }

    private static string Styles(Func<(string Light, string Dark), string> colour) =>
        string.Concat(Colours.Select((c, i) => $".s{i}{{stroke:{colour(c)}}}.t{i},.b{i}{{fill:{colour(c)}}}"));

    /// <summary>The outlines of a band's unbroken stretches: along its upper end and back along the lower.</summary>
    private IEnumerable<string> Bands(PlotSeries series, Func<double, double, string> at)
    {
        var stretch = new List<(double X, double Low, double High)>();
        for (int i = 0; i <= series.Band.Count; i++)
        {
            if (i < series.Band.Count && series.Points[i].X is var x && Scaled(series.Band[i].Low) is var low && Scaled(series.Band[i].High) is var high && double.IsFinite(x + low + high)) stretch.Add((x, low, high));
            else if (stretch.Count > 0)
            {
                yield return "M" + string.Join(" L", stretch.Select(p => at(p.X, p.High)).Concat(stretch.AsEnumerable().Reverse().Select(p => at(p.X, p.Low)))) + " Z";
                stretch.Clear();
            }
        }
    }

    private double Scaled(double y) => !IsLogarithmic ? y : y > 0 ? Math.Log10(y) : double.NaN;

    private double Scaled(double bound, bool least) => Scaled(bound) is var y && double.IsFinite(y) ? y : least ? double.NegativeInfinity : double.PositiveInfinity;

    /// <summary>Round numbers that enclose a range, about so many; on a logarithmic axis whole powers of ten.</summary>
    private double[] Ticks(double low, double high, int count)
    {
        double span = Math.Max(high - low, IsLogarithmic ? 1 : 1e-9 + Math.Abs(high) * 1e-9), unit = Math.Pow(10, Math.Floor(Math.Log10(span / count)));
        double step = unit * (span <= unit * count ? 1 : span <= 2 * unit * count ? 2 : span <= 5 * unit * count ? 5 : 10);
        if (IsLogarithmic) step = Math.Max(1, step);
        double first = Math.Floor(low / step + 1e-9), last = Math.Max(first + 1, Math.Ceiling(high / step - 1e-9));
        return [.. Enumerable.Range(0, (int)(last - first) + 1).Select(i => (first + i) * step)];
    }

    private string Label(double y)
    {
        if (!IsLogarithmic) return Number(y);
        if (Math.Abs(y) <= 2) return Number(Math.Pow(10, y));
        return "10" + string.Concat(Number(y).Select(c => c == '-' ? '⁻' : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c - '0']));
    }

    private static string Number(double x) => Math.Round(x, 10).ToString("G6", CultureInfo.InvariantCulture);
}
