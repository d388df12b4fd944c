using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using Unroll.Cells;
using Unroll.Cli.Display;
using Unroll.Cli.Measuring;

namespace Unroll.Cli.Tests;

public sealed class GradientsTests
{
    private static readonly string[] Small = ["--hidden", "6", "--length", "12"];

    public static TheoryData<string> Cells => [.. CellCatalogue.All.Select(cell => cell.Name)];

    private static double[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(value => value.ValueKind == JsonValueKind.Null ? double.NaN : value.GetDouble())];

    [Fact]
    public void Tables_show_every_state_at_round_distances_and_a_line_says_what_they_mean()
    {
        using var session = new CommandSession();
        string[] lines = session.Succeed(["gradients", "--cell", "elman@orthogonal:0.5,lstm", "--clip", "0.01", .. Small]).Split('\n');
        Assert.StartsWith("‖∂s_T/∂s_t‖₂", lines[0]);
        Assert.Equal(["T", "−", "t", "h", "h", "c", "s"], lines[2].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(["0", "1.00e+0", "1.00e+0", "1.00e+0", "1.00e+0"], lines[3].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(["0", "1", "2", "5", "10", "12"], lines[3..9].Select(line => line.Split(' ')[0]));
        string text = string.Join('\n', lines);
        Assert.Contains("elman@orthogonal:0.5: the gradient vanishes. Each step back multiplies its norm by 0.", text);
        Assert.Contains("it is under 0.001 from ", text);
        Assert.Contains("h_12 hardly depends on x_1.", text);
        Assert.Matches(@"gates' mean opening \(0 shut, 1 open\): i 0\.\d\d, f 0\.\d\d, o 0\.\d\d\n", text);
        Assert.Matches(@"--clip 0\.01 scales it by \d\.\d\de-\d, to norm 0\.01", text);
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Every_cell_can_be_measured(string cell)
    {
        using var session = new CommandSession();
        using JsonDocument document = JsonDocument.Parse(session.Succeed("gradients", "--cell", cell, "--hidden", "4", "--length", "5", "--json"));
        JsonElement measured = document.RootElement.GetProperty("cells")[0];
        Assert.Equal(cell, measured.GetProperty("cell").GetString());
        double[] whole = Numbers(measured.GetProperty("whole").GetProperty("jacobian"));
        Assert.Equal(6, whole.Length);
        Assert.Equal(1, whole[0], 1e-12);
        Assert.All(whole, norm => Assert.True(double.IsFinite(norm) && norm >= 0));
        Assert.Equal(5, measured.GetProperty("input").GetArrayLength());
        Assert.All(measured.GetProperty("gates").EnumerateObject(), gate => Assert.All(Numbers(gate.Value), mean => Assert.InRange(mean, 0, 1)));
        Assert.True(measured.GetProperty("gradient_norm").GetDouble() >= measured.GetProperty("clipped_norm").GetDouble());
    }

    [Fact]
    public void Identity_times_a_gain_with_a_linear_cell_explodes_at_the_rate_of_the_gain()
    {
        using var session = new CommandSession();
        using JsonDocument document = JsonDocument.Parse(session.Succeed("gradients", "--cell", "elman", "--activation", "identity", "--init", "identity:2", "--hidden", "5", "--length", "30", "--json"));
        JsonElement cell = document.RootElement.GetProperty("cells")[0];
        Assert.Equal("elman-identity", cell.GetProperty("cell").GetString());
        Assert.Equal("explodes", cell.GetProperty("verdict").GetString());
        Assert.Equal(2, cell.GetProperty("rate").GetDouble(), 1e-9);
        Assert.Equal(10, cell.GetProperty("distance").GetInt32());
        Assert.Equal(5, cell.GetProperty("clipped_norm").GetDouble(), 1e-9);
    }

    [Fact]
    public void What_no_number_can_hold_is_said_to_be_infinite()
    {
        using var session = new CommandSession();
        string text = session.Succeed("gradients", "--cell", "elman", "--activation", "identity", "--init", "identity:1e8", "--hidden", "3", "--length", "60");
        Assert.Contains("the gradient explodes", text);
        Assert.Contains("∞", text);
        Assert.DoesNotContain("NaN", text);
        Assert.Contains("null", session.Succeed("gradients", "--cell", "elman", "--activation", "identity", "--init", "identity:1e8", "--hidden", "3", "--length", "60", "--json"));
    }

    [Fact]
    public void The_start_after_the_at_sign_is_the_cell_s_own()
    {
        using var session = new CommandSession();
        using JsonDocument document = JsonDocument.Parse(session.Succeed(["gradients", "--cell", "lstm@forget:20", "lstm@forget:-20,lstm", "--forget-bias", "0", "--json", .. Small]));
        double[] open = [.. document.RootElement.GetProperty("cells").EnumerateArray().Select(cell => Numbers(cell.GetProperty("gates").GetProperty("f")).Average())];
        Assert.Equal(1, open[0], 1e-6);
        Assert.Equal(0, open[1], 1e-6);
        Assert.Equal(0.5, open[2], 0.1);
    }

    [Fact]
    public void The_plot_has_a_line_and_a_name_for_each_state_and_the_table_of_numbers_is_whole()
    {
        using var session = new CommandSession();
        session.Succeed(["gradients", "--cell", "elman,lstm", "--svg", "@/plot.svg", "--csv", "@/all.csv", .. Small]);
        XElement svg = XDocument.Load(session.PathOf("plot.svg")).Root!;
        Assert.Equal(3, svg.Elements().Count(e => e.Name.LocalName == "path"));
        Assert.All(new[] { "elman", "lstm h", "lstm c" }, name => Assert.Contains(svg.Elements(), e => e.Value == name));
        string[] rows = File.ReadAllLines(session.PathOf("all.csv"));
        Assert.Equal("cell,quantity,state,step,distance,value", rows[0]);
        // elman: two quantities of 13 distances, 12 inputs; lstm: two quantities of h, c and both, 12 inputs, three gates.
        Assert.Equal(1 + 2 * 13 + 12 + 2 * 3 * 13 + 12 + 3 * 12, rows.Length);
        Assert.Contains(rows, row => row.StartsWith("lstm,jacobian,c,12,0,", StringComparison.Ordinal));
        Assert.All(rows[1..], row => Assert.True(double.TryParse(row.Split(',')[5], NumberStyles.Float, CultureInfo.InvariantCulture, out _)));
        foreach (string row in rows[1..]) Assert.Equal(12, int.Parse(row.Split(',')[3], CultureInfo.InvariantCulture) + int.Parse(row.Split(',')[4], CultureInfo.InvariantCulture));
    }

    [Fact]
    public void A_plot_leaves_out_what_cannot_be_drawn()
    {
        var plot = new LinePlot("a < b & c", "x", "y", [new PlotSeries("broken", [(0, 1), (1, 0), (2, double.NaN), (3, 1e-5), (4, 1e-6)]), new PlotSeries("empty", []), new PlotSeries("one", [(0, 5)])]) { IsLogarithmic = true };
        XElement svg = XDocument.Parse(plot.ToSvg()).Root!;
        string[] paths = [.. svg.Elements().Where(e => e.Name.LocalName == "path").Select(e => e.Attribute("d")!.Value)];
        Assert.Equal(3, paths.Length);
        Assert.Equal(2, paths[0].Count(c => c == 'M'));
        Assert.Equal(1, paths[0].Count(c => c == 'L'));
        Assert.Equal("", paths[1]);
        Assert.Contains("a < b & c", svg.Value);
        Assert.Contains("10⁻⁶", svg.Value);
        XDocument.Parse((plot with { IsLogarithmic = false }).ToSvg());
        XDocument.Parse(new LinePlot("", "", "", [new PlotSeries("flat", [(1, 3), (2, 3)])]).ToSvg());
    }

    [Fact]
    public void A_trained_model_s_first_layer_is_measured_on_text()
    {
        using var session = new CommandSession();
        session.Write("text", string.Concat(Enumerable.Repeat("the quick brown fox jumps over the lazy dog\n", 20)));
        session.Succeed("train", "--data", "@/text", "--out", "@/run", "--cell", "gru", "--hidden", "8", "--layers", "2", "--batch", "4", "--sequence", "8", "--steps", "2", "--quiet");
        using JsonDocument document = JsonDocument.Parse(session.Succeed("gradients", "--trained", "@/run", "--cell", "gru", "--hidden", "8", "--length", "20", "--json"));
        Assert.Equal(["trained gru", "gru"], document.RootElement.GetProperty("cells").EnumerateArray().Select(cell => cell.GetProperty("cell").GetString()));
        session.Write("other", "fox dog\n");
        Assert.Contains("The text has 8 symbols", session.Run("gradients", "--trained", "@/run", "--data", "@/other", "--length", "9") == ExitCode.Input ? session.Error : "");
        Assert.StartsWith("‖", session.Succeed("gradients", "--trained", "@/run", "--data", "@/other", "--length", "8"));
        Assert.Contains("a trained model has its own", session.Fail(ExitCode.Usage, "gradients", "--trained", "@/run", "--init", "identity"));
        Assert.Equal(ExitCode.Input, session.Run("gradients", "--trained", "@/nothing"));
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_a_failure_in_one_line()
    {
        using var session = new CommandSession();
        Assert.Equal(ExitCode.Failed, session.Run("gradients", "--cell", "elman", "--hidden", "2", "--length", "2", "--csv", "@/no/such/folder.csv"));
        Assert.Contains("cannot be written", session.Error);
    }

    [Theory]
    [InlineData("Did you mean 'lstm'?", "--cell", "elman,lsmt")]
    [InlineData("--length 0: expected a whole number from 1", "--length", "0")]
    [InlineData("--init orthogonal:abc: expected default, orthogonal[:GAIN] or identity[:GAIN], such as orthogonal:0.9", "--init", "orthogonal:abc")]
    [InlineData("Did you mean 'orthogonal'?", "--init", "orthogonl")]
    [InlineData("--init default:2: expected default,", "--init", "default:2")]
    [InlineData("--cell lstm@forget:x: expected after @ forget:BIAS, default,", "--cell", "lstm@forget:x")]
    [InlineData("Did you mean 'relu'?", "--activation", "rleu")]
    [InlineData("the cell whose nonlinearity can be chosen is elman", "--cell", "lstm", "--activation", "relu")]
    [InlineData("--clip -1: expected", "--clip", "-1")]
    [InlineData("name the model with --trained", "--data", "text")]
    [InlineData("no option --lenght. Did you mean '--length'?", "--lenght", "3")]
    public void A_wrong_argument_is_refused_with_what_was_expected(string expected, params string[] options)
    {
        using var session = new CommandSession();
        Assert.Contains(expected, session.Fail(ExitCode.Usage, ["gradients", .. options]));
    }

    [Fact]
    public void Verdicts_follow_from_the_last_norm()
    {
        Assert.Equal(new Verdict("vanishes", 0.1, 4), Verdict.Of([1, 0.1, 0.01, 0.002, 0.0001]) with { Rate = 0.1 });
        Assert.Equal(0.1, Verdict.Of([1, 0.1, 0.01, 0.002, 0.0001]).Rate, 1e-12);
        Assert.Equal(new Verdict("lasts", 0.5, null), Verdict.Of([1, 0.5]));
        Assert.Equal(("explodes", 2), (Verdict.Of([1, 100, double.PositiveInfinity, double.NaN]).Kind, Verdict.Of([1, 100, double.PositiveInfinity, double.NaN]).Distance));
        Assert.Equal(("vanishes", 0.0), (Verdict.Of([1, 0, 0]).Kind, Verdict.Of([1, 0, 0]).Rate));
    }
}
