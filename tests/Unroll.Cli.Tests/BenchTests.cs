using System.Text.Json;
using Unroll.Cells;
using Unroll.Cli.Measuring;
using Unroll.Tensors;

namespace Unroll.Cli.Tests;

public sealed class BenchTests
{
    public static TheoryData<string> Cells => [.. CellCatalogue.All.Select(cell => cell.Name)];

    [Fact]
    public void A_table_shows_the_peak_and_each_shape_on_each_number_of_threads()
    {
        using var session = new CommandSession();
        int before = Parallelism.Threads;
        string table = session.Succeed("bench", "--shapes", "2,3,4,5", "7,1,3,2", "--threads", "1", "3", "--seconds", "0.002");
        Assert.Matches(@"^Peak: \d+ GF/s on 1 thread, \d+ GF/s on 3 threads\.\n", table);
        string[] rows = [.. table.Split('\n').Where(line => line.Contains(" %"))];
        Assert.Equal(4, rows.Length);
        Assert.Matches(@"^2,3,4,5 +1  +\d+\.\d{3}  +\d+  +\d+\.\d %  +\d+\.\d{3}  +\d+  +\d+\.\d %$", rows[0]);
        Assert.Matches(@"^7,1,3,2 +3 ", rows[3]);
        Assert.Contains("lstm 7,1,3,2 on 3 threads", session.Error);
        Assert.Equal(before, Parallelism.Threads);
    }

    [Fact]
    public void Cells_after_the_first_are_compared_with_it()
    {
        using var session = new CommandSession();
        string table = session.Succeed("bench", "--cell", "gru", "elman", "gru", "--shapes", "2,3,4,5", "--threads", "1", "--seconds", "0.002");
        string[] rows = [.. table.Split('\n').Where(line => line.Contains(" %"))];
        Assert.Equal(2, rows.Length);
        Assert.Matches(@"^gru    2,3,4,5 +1 .* 1\.00$", rows[0]);
        Assert.Matches(@"^elman  2,3,4,5 +1 .* \d+\.\d\d$", rows[1]);
        Assert.Contains("over gru's", table);

        using JsonDocument document = JsonDocument.Parse(session.Succeed("bench", "--cell", "lstm", "all", "--shapes", "1,1,2,2", "--threads", "1", "--seconds", "0.0001", "--json"));
        JsonElement[] results = [.. document.RootElement.GetProperty("results").EnumerateArray()];
        Assert.Equal(CellCatalogue.All.Select(cell => cell.Name).Order(), results.Select(result => result.GetProperty("cell").GetString()!).Order());
        Assert.All(results, result => Assert.True(result.GetProperty("training_speed_over_first").GetDouble() > 0));
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Every_cell_can_be_measured_and_the_figures_fit_together(string cell)
    {
        using var session = new CommandSession();
        using JsonDocument document = JsonDocument.Parse(session.Succeed("bench", "--cell", cell, "--shapes", "3,2,5,4", "--threads", "2", "--seconds", "0.001", "--json"));
        JsonElement root = document.RootElement, row = root.GetProperty("results")[0];
        Assert.Equal(cell, root.GetProperty("cell").GetString());
        Assert.Equal([3, 2, 5, 4, 2], new[] { "time", "batch", "input", "hidden", "threads" }.Select(name => row.GetProperty(name).GetInt32()));
        double peak = root.GetProperty("peaks")[0].GetProperty("gflops").GetDouble();
        double operations = new LayerWork(CellCatalogue.Find(cell).Create(), new LayerShape(3, 2, 5, 4)).Operations;
        foreach ((string mode, int passes) in new[] { ("training", 3), ("inference", 1) })
        {
            JsonElement figures = row.GetProperty(mode);
            double median = figures.GetProperty("median_ms").GetDouble(), speed = figures.GetProperty("gflops").GetDouble();
            Assert.InRange(figures.GetProperty("minimum_ms").GetDouble(), double.Epsilon, median);
            Assert.True(figures.GetProperty("steps").GetInt32() >= 1);
            Assert.Equal(passes * operations, speed * median * 1e6, passes * operations * 1e-9);
            Assert.Equal(speed / peak, figures.GetProperty("share_of_peak").GetDouble(), 1e-9);
        }
    }

    [Theory]
    [InlineData("lstm", 4)]
    [InlineData("gru", 3)]
    [InlineData("elman", 1)]
    [InlineData("lstm-course", 4)]
    public void Operations_are_two_for_each_weight_of_each_step_and_sequence(string cell, int gates) =>
        Assert.Equal(2.0 * 7 * 3 * (5 + 6) * gates * 6, new LayerWork(CellCatalogue.Find(cell).Create(), new LayerShape(7, 3, 5, 6)).Operations);

    /// <summary>The figures are PyTorch 1.13's, from bench/peers/torch_entrant.py: the entrants compute with the same numbers.</summary>
    [Fact]
    public void What_is_timed_is_what_the_race_s_other_entrants_compute()
    {
        var work = new LayerWork(new Lstm(), new LayerShape(1, 1, 1, 1));
        work.Infer();
        Assert.Equal(0.0273567159f, work.Output.Item, 1e-6f);
        work.Train();
        Assert.Equal(0.0273567159f, work.Output.Item, 1e-6f);
        Assert.Equal(-0.0101355305f, work.Tape.Gradient(work.Input)[0], 1e-6f);
        Assert.Equal(0.0219293796f, work.Tape.Gradient(work.State[0, 0])[0], 1e-6f);
        Assert.Equal(-0.0494195148f, work.Tape.Gradient(work.State[0, 1])[0], 1e-6f);
        Parameter input = work.Layer.Parameters.Single(parameter => parameter.Name == "weight_ih_l0");
        Assert.Equal([0.00198479672f, -0.00138244091f, 0.0133866398f, 0.000753169588f], input.Gradient.ToArray(), (a, b) => Math.Abs(a - b) < 1e-6f);
    }

    [Fact]
    public void Lengths_leave_the_rest_of_a_sequence_out()
    {
        var work = new LayerWork(new Gru(), new LayerShape(4, 2, 3, 5), [4, 1]);
        work.Train();
        float[] output = work.Output.ToArray(), dx = work.Tape.Gradient(work.Input).ToArray();
        Assert.DoesNotContain(0, output[..25]);
        Assert.All(output[25..], value => Assert.Equal(0, value));
        Assert.All(dx[15..], value => Assert.Equal(0, value));
    }

    [Fact]
    public void Medians_are_the_middle_or_between_the_two()
    {
        Assert.Equal(2, Timing.Median([3, 1, 2]));
        Assert.Equal(2.5, Timing.Median([4, 1, 3, 2]));
        int steps = 0;
        Assert.Single(Timing.Repeat(() => steps++, 0));
        Assert.Equal(3, Timing.Repeat(() => steps++, 0, least: 3).Count);
        Assert.Equal(4, steps);
    }

    [Theory]
    [InlineData("--shapes 50,50,128: expected four whole numbers T,B,I,H of 1 or more", "--shapes", "50,50,128")]
    [InlineData("--shapes 50,50,128,0: expected four", "--shapes", "50,50,128,0")]
    [InlineData("--shapes 1,2,3,four: expected four", "--shapes", "1,1,1,1", "1,2,3,four")]
    [InlineData("--shapes 1,2,3,4,5: expected four", "--shapes", "1,2,3,4,5")]
    [InlineData("--shapes 1,2,3,9999999999: expected four", "--shapes", "1,2,3,9999999999")]
    [InlineData("expected sizes whose arrays have at most", "--shapes", "2147483647,2147483647,2147483647,2147483647")]
    [InlineData("expected sizes whose arrays have at most", "--shapes", "1,1,1,100000")]
    [InlineData("Did you mean 'lstm'?", "--cell", "lsmt")]
    [InlineData("--threads 0:", "--threads", "0")]
    [InlineData("--threads two:", "--threads", "1", "two")]
    [InlineData("--seconds 0:", "--seconds", "0")]
    [InlineData("no option --shape. Did you mean '--shapes'?", "--shape", "1,1,1,1")]
    [InlineData("one word too many", "gru")]
    public void A_wrong_argument_is_refused_with_what_was_expected(string expected, params string[] options)
    {
        using var session = new CommandSession();
        Assert.Contains(expected, session.Fail(ExitCode.Usage, ["bench", .. options]));
    }

    [Fact]
    public void An_interrupted_measurement_ends_as_one()
    {
        using var session = new CommandSession();
        using var interrupt = new CancellationTokenSource();
        interrupt.Cancel();
        Assert.Equal(ExitCode.Interrupted, session.Run(TextReader.Null, interrupt.Token, "bench", "--shapes", "1,1,1,1", "--seconds", "0.001"));
        Assert.Equal("", session.Out);
    }
}
