using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using Unroll.Cells;
using Unroll.Cli.Comparing;
using Unroll.Cli.Studies;
using Unroll.Tasks;

namespace Unroll.Cli.Tests;

public sealed class CompareTests
{
    private static readonly string[] Small = ["--length", "10", "--hidden", "4", "--batch", "4", "--steps", "20", "--validate-every", "10"];

    private static JsonElement[] Array(JsonElement of, string name) => [.. of.GetProperty(name).EnumerateArray()];

    private static double Number(JsonElement of, string name) => of.GetProperty(name).GetDouble();

    /// <summary>A run without what a clock decides.</summary>
    private static string Timeless(JsonElement run) => string.Join('\n', run.EnumerateObject().Where(property => property.Name is not ("seconds" or "folder")).Select(property => $"{property.Name} {property.Value}"));

    [Fact]
    public void Every_run_gives_the_figures_of_the_ordinary_training_with_its_options_and_seed_for_any_number_of_threads()
    {
        using var session = new CommandSession();
        using JsonDocument compared = JsonDocument.Parse(session.Succeed(["compare", "temporal-order", .. Small, "--vary", "cell=gru,lstm", "--seeds", "2,5", "--threads", "2", "--out", "@/all", "--json"]));
        JsonElement[] entrants = Array(compared.RootElement, "entrants");
        Assert.Equal(["gru", "lstm"], entrants.Select(entrant => entrant.GetProperty("name").GetString()!).Order());
        foreach (JsonElement entrant in entrants)
        {
            foreach (JsonElement run in Array(entrant, "runs"))
            {
                string cell = entrant.GetProperty("options").GetProperty("cell").GetString()!, seed = run.GetProperty("seed").ToString();
                using JsonDocument alone = JsonDocument.Parse(session.Succeed(["train", "temporal-order", .. Small, "--cell", cell, "--seed", seed, "--threads", "1", "--out", $"@/{cell}-{seed}", "--quiet", "--json"]));
                Assert.Equal(Number(alone.RootElement, "best_loss"), Number(run.GetProperty("best"), "loss"));
                Assert.Equal(Number(alone.RootElement, "best_step"), Number(run, "best_step"));
                Assert.Equal(20, Number(run, "steps"));
                Assert.Equal(Weights(session.PathOf($"{cell}-{seed}")), Weights(run.GetProperty("folder").GetString()!));
            }
        }

        static byte[] Weights(string folder) => File.ReadAllBytes(Path.Combine(folder, "model.safetensors"))[^400..];
    }

    [Fact]
    public void The_table_names_every_entrant_its_size_and_figures_and_the_folder_holds_page_rows_plot_and_json()
    {
        using var session = new CommandSession();
        string told = session.Succeed(["compare", "temporal-order", .. Small, "--vary", "cell=gru,elman", "--vary", "forget-bias=0,1", "--seeds", "2", "--out", "@/all"]);
        string[] lines = told.Split('\n');
        Assert.StartsWith("cell, forget-bias", lines[0]);
        Assert.Matches(@"hidden +parameters +loss +least–greatest +accuracy +success rate +seconds$", lines[0]);
        Assert.Equal(["elman, forget-bias 0", "elman, forget-bias 1", "gru, forget-bias 0", "gru, forget-bias 1"], lines[1..5].Select(line => line.Split("  ")[0]).Order());
        // The forget bias is nothing to either, so both rows are the same: two and two.
        Assert.Equal(2, lines[1..5].Select(line => line[line.IndexOf("  ", StringComparison.Ordinal)..line.LastIndexOf(' ')].Trim()).Distinct().Count());
        Assert.Contains("least to greatest", told);

        string[] rows = File.ReadAllLines(session.PathOf("all/runs.csv"));
        Assert.Equal("cell,forget-bias,hidden,parameters,seed,outcome,steps,symbols,best_step,loss,accuracy,success_rate,seconds", rows[0]);
        Assert.Equal(9, rows.Length);
        Assert.All(rows[1..], row => Assert.Equal(13, row.Split(',').Length));
        XElement svg = XDocument.Load(session.PathOf("all/curves.svg")).Root!;
        Assert.Equal(4, svg.Elements().Count(e => e.Attribute("class")?.Value.StartsWith("line s", StringComparison.Ordinal) == true));
        Assert.Equal(4, svg.Elements().Count(e => e.Attribute("class")?.Value.StartsWith("band b", StringComparison.Ordinal) == true));
        string page = File.ReadAllText(session.PathOf("all/table.md"));
        Assert.Contains("| cell, forget-bias | hidden |", page);
        Assert.Contains("unroll compare temporal-order --length 10", page);
        Assert.Contains("--vary cell=gru,elman --vary forget-bias=0,1 --seeds 2", page);

        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(session.PathOf("all/compare.json")));
        JsonElement root = json.RootElement;
        Assert.Equal("temporal-order", root.GetProperty("task").GetString());
        Assert.Equal([1, 2], Array(root, "seeds").Select(seed => seed.GetInt32()));
        double[] medians = [.. Array(root, "entrants").Select(entrant => Number(entrant.GetProperty("loss"), "median"))];
        Assert.Equal(medians.Order(), medians);
        foreach (JsonElement entrant in Array(root, "entrants"))
        {
            double[] best = [.. Array(entrant, "runs").Select(run => Number(run.GetProperty("best"), "loss"))];
            Assert.Equal(best.Average(), Number(entrant.GetProperty("loss"), "median"), 1e-12);
            Assert.Equal((best.Min(), best.Max()), (Number(entrant.GetProperty("loss"), "low"), Number(entrant.GetProperty("loss"), "high")));
            Assert.All(Array(entrant, "runs"), run => Assert.Equal([10, 20], Array(run, "validations").Select(at => at.GetProperty("step").GetInt32())));
            Assert.All(Array(entrant, "runs"), run => Assert.Equal(Number(run.GetProperty("best"), "loss"), Array(run, "validations").Min(at => Number(at, "loss"))));
        }
    }

    [Fact]
    public void An_interrupted_comparison_goes_on_and_ends_as_if_it_had_not_been()
    {
        using var session = new CommandSession();
        string[] compare = ["compare", "temporal-order", .. Small, "--vary", "cell=gru,lstm", "--seeds", "2", "--checkpoint-every", "3", "--json"];
        string whole = Figures(session.Succeed([.. compare, "--out", "@/whole"]));
        using var interrupt = new CancellationTokenSource();
        interrupt.CancelAfter(TimeSpan.FromMilliseconds(60));
        int code = session.Run(TextReader.Null, interrupt.Token, [.. compare, "--out", session.PathOf("cut")]);
        if (code != ExitCode.Done) Assert.Equal(ExitCode.Interrupted, code);
        Assert.Equal(whole, Figures(session.Succeed([.. compare, "--out", "@/cut"])));
        // Nothing is done twice, and more seeds and more values may come.
        Assert.Equal(whole, Figures(session.Succeed([.. compare, "--out", "@/cut"])));
        Assert.Equal("", session.Error);
        session.Succeed(["compare", "temporal-order", .. Small, "--vary", "cell=gru,lstm,elman", "--seeds", "3", "--out", "@/cut"]);
        Assert.Equal(5, session.Error.Split('\n').Count(line => line.StartsWith("run ", StringComparison.Ordinal)));

        static string Figures(string json)
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return string.Join("\n\n", Array(document.RootElement, "entrants").SelectMany(entrant => Array(entrant, "runs")).Select(Timeless));
        }
    }

    [Fact]
    public void A_comparison_stopped_before_its_first_run_says_how_to_go_on()
    {
        using var session = new CommandSession();
        Assert.Equal(ExitCode.Interrupted, session.Run(TextReader.Null, new CancellationToken(canceled: true), ["compare", "temporal-order", .. Small, "--vary", "cell=gru,lstm", "--seeds", "2,7", "--out", session.PathOf("cut")]));
        Assert.Contains("compare temporal-order --length 10", session.Error);
        Assert.Contains($"--vary cell=gru,lstm --seeds 2,7 --out {session.PathOf("cut")}", session.Error);
        Assert.Contains("0/2", session.Out);
        Assert.Contains("–", session.Out);
        Assert.Contains("gru", session.Succeed(["compare", "temporal-order", .. Small, "--vary", "cell=gru,lstm", "--seeds", "2,7", "--out", "@/cut"]));
    }

    [Fact]
    public void A_run_that_diverges_is_counted_and_named_and_the_others_go_on()
    {
        using var session = new CommandSession();
        string[] compare = ["compare", "adding", "--length", "10", "--cell", "elman-identity", "--hidden", "4", "--batch", "4", "--steps", "60", "--validate-every", "5", "--optimizer", "sgd", "--clip", "0", "--vary", "learning-rate=0.01,1e30",
            "--seeds", "2", "--out", "@/all"];
        string told = session.Succeed(compare);
        Assert.Matches(@"\nlearning-rate 0\.01 .* 0/2 ", told);
        Assert.Matches(@"\nlearning-rate 1E\+30 .* 2/2 ", told);
        Assert.Contains("learning-rate 1E+30, seed 2: 10 steps in a row were skipped", told);
        using JsonDocument json = JsonDocument.Parse(session.Succeed([.. compare, "--json"]));
        Assert.Equal("", session.Error);
        JsonElement[] entrants = Array(json.RootElement, "entrants");
        Assert.Equal([0, 2], entrants.Select(entrant => entrant.GetProperty("diverged").GetInt32()));
        Assert.All(Array(entrants[1], "runs"), run => Assert.Equal("diverged", run.GetProperty("outcome").GetString()));
        Assert.All(Array(entrants[1], "runs"), run => Assert.Contains("not finite", run.GetProperty("failure").GetString()));
    }

    [Fact]
    public void Entrants_that_solve_the_task_come_first_and_the_steps_it_took_are_told()
    {
        using var session = new CommandSession();
        string[] lines = session.Succeed("compare", "noisy-sequences", "--length", "8", "--hidden", "8", "--learning-rate", "0.02", "--steps", "400", "--vary", "clip=1,0.00000001", "--vary", "optimizer=sgd,adam", "--seeds", "1", "--out", "@/all").Split('\n');
        Assert.Matches("solved +after steps +sequences", lines[0]);
        Assert.Matches(@"^clip \S+, optimizer adam .* 1/1 +[1-4]00 ", lines[1]);
        Assert.Matches(@"^clip 1E-08, optimizer sgd .* 0/1 +– +– ", lines[4]);
    }

    public static TheoryData<string> Cells => [.. CellCatalogue.All.Select(cell => cell.Name)];

    [Theory]
    [MemberData(nameof(Cells))]
    public void A_budget_is_met_by_the_hidden_size_whose_count_is_nearest(string cell)
    {
        TaskDefinition task = TaskCatalogue.Get("adding");
        var shared = new TaskSettings(task.Options);
        Entrant entrant = Assert.Single(new Comparison(task, shared, [new Variation(CommonOptions.Cell, [cell])], [1], 1500).Checked().Entrants());
        long CountOf(int hidden) => task.Prepare(new TaskSettings(task.Options).Set("cell", cell).Set("hidden", hidden.ToString(CultureInfo.InvariantCulture))).Job.Model.ParameterCount;
        int nearest = Enumerable.Range(1, 400).MinBy(hidden => Math.Abs(CountOf(hidden) - 1500));
        Assert.Equal(nearest, entrant.Hidden);
        Assert.Equal(CountOf(nearest), entrant.Parameters);
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(9, 1, 3)]
    [InlineData(12, 1, 3)]
    [InlineData(13, 1, 4)]
    [InlineData(1_000_000, 1, 1000)]
    [InlineData(25, 5, 5)]
    public void The_nearest_square_is_found_in_few_counts(long budget, int least, int expected)
    {
        int counts = 0;
        Assert.Equal(expected, EqualBudget.Nearest(Count, budget, least, 1000));
        Assert.InRange(counts, 1, 8);

        long Count(int hidden)
        {
            counts++;
            return (long)hidden * hidden;
        }
    }

    [Fact]
    public void A_budget_that_no_size_meets_is_refused_with_the_least_and_the_greatest()
    {
        Assert.Contains("25 parameters at least, with --hidden 5", Assert.Throws<BadUsageException>(() => EqualBudget.Nearest(n => (long)n * n, 24, 5, 9)).Message);
        Assert.Contains("81 parameters at most, with --hidden 9", Assert.Throws<BadUsageException>(() => EqualBudget.Nearest(n => (long)n * n, 82, 5, 9)).Message);
    }

    [Theory]
    [InlineData("TASK is missing", "--vary", "cell=gru,lstm")]
    [InlineData("There is no task 'ading'. Did you mean 'adding'?", "ading")]
    [InlineData("the task has no option --cel. Did you mean 'cell'?", "adding", "--vary", "cel=gru")]
    [InlineData("--cell lsmt: expected a cell that 'unroll cells' lists. Did you mean 'lstm'?", "adding", "--vary", "cell=gru,lsmt")]
    [InlineData("--dropout 2: expected a number from 0 to 0.99", "adding", "--vary", "dropout=0,2")]
    [InlineData("--vary cell=: expected OPTION=VALUE,VALUE such as", "adding", "--vary", "cell=")]
    [InlineData("--vary cell: expected OPTION=VALUE,VALUE such as", "adding", "--vary", "cell")]
    [InlineData("--vary cell=gru,,lstm: expected OPTION=VALUE,VALUE such as", "adding", "--vary", "cell=gru,,lstm")]
    [InlineData("gru is there twice", "adding", "--vary", "cell=gru,lstm,gru")]
    [InlineData("--vary cell= is given twice", "adding", "--vary", "cell=gru", "--vary", "cell=lstm")]
    [InlineData("seeds are given by --seeds", "adding", "--vary", "seed=1,2")]
    [InlineData("no option --seed. Did you mean '--seeds'?", "adding", "--seed", "1")]
    [InlineData("--cell is given and varied", "adding", "--cell", "gru", "--vary", "cell=gru,lstm")]
    [InlineData("--seeds x: expected how many seeds, such as 5 (1 to 5), or a list", "adding", "--seeds", "x")]
    [InlineData("--seeds 1,1: expected", "adding", "--seeds", "1,1")]
    [InlineData("--seeds 0: expected", "adding", "--seeds", "0")]
    [InlineData("--seeds 1.5: expected", "adding", "--seeds", "1.5")]
    [InlineData("lstm, --parameters 3: it has 18 parameters at least, with --hidden 1", "adding", "--vary", "cell=lstm", "--parameters", "3")]
    [InlineData("--parameters chooses --hidden for each entrant", "adding", "--hidden", "4", "--parameters", "300")]
    [InlineData("--parameters chooses --hidden for each entrant", "adding", "--vary", "hidden=4,5", "--parameters", "300")]
    [InlineData("--bidirectional: a language model reads forward only", "language-model", "--vary", "bidirectional=true,false")]
    [InlineData("There is no study 'pascanu2014'. Did you mean 'pascanu2013'?", "--study", "pascanu2014")]
    [InlineData("has its own task", "adding", "--study", "pascanu2013")]
    [InlineData("says itself what is varied", "--study", "pascanu2013", "--vary", "cell=gru")]
    public void A_wrong_argument_is_refused_with_what_was_expected(string expected, params string[] arguments)
    {
        using var session = new CommandSession();
        Assert.Contains(expected, session.Fail(ExitCode.Usage, ["compare", .. arguments]));
    }

    [Fact]
    public void A_folder_that_holds_something_else_is_left_alone()
    {
        using var session = new CommandSession();
        string[] compare = ["compare", "temporal-order", .. Small, "--vary", "cell=gru", "--seeds", "1", "--out", "@/all"];
        session.Succeed(compare);
        Assert.Contains("holds another comparison (--length: '10' there, '11' here)", session.Fail(ExitCode.Usage, ["compare", "temporal-order", "--length", "11", .. compare[4..]]));
        Assert.Contains("holds another comparison (--clip: not given there, '2' here)", session.Fail(ExitCode.Usage, [.. compare, "--clip", "2"]));
        Assert.Contains("holds another comparison (varied: 'cell' there, 'cell, init' here)", session.Fail(ExitCode.Usage, [.. compare, "--vary", "init=glorot"]));
        Assert.Contains("holds another comparison (task: 'temporal-order' there, 'adding' here)", session.Fail(ExitCode.Usage, ["compare", "adding", .. compare[2..]]));
        session.Succeed([.. compare, "--threads", "2"]);
        Assert.Contains("holds something else than a comparison", session.Fail(ExitCode.Usage, [.. compare[..^1], session.PathOf("all/runs")]));
        File.WriteAllText(session.PathOf("all/runs/cell=gru/seed-1/result.json"), "{\"outcome\":1}");
        Assert.Contains("is no sound result of a run", session.Fail(ExitCode.Input, compare));
        File.WriteAllText(session.PathOf("all/compare.json"), "{");
        Assert.Contains("does not say what is compared", session.Fail(ExitCode.Input, compare));
    }

    public static TheoryData<string> Studies => [.. StudyCatalogue.All.Select(study => study.Name)];

    [Theory]
    [MemberData(nameof(Studies))]
    public void A_study_s_options_fit_its_task_and_it_is_listed_with_its_paper(string name)
    {
        Study study = StudyCatalogue.Get(name);
        var command = Unroll.Cli.Commands.CompareCommand.For(["compare", "--study", name]);
        TaskSettings settings = ArgumentParser.Parse(command, study.Options).Settings;
        Assert.NotEmpty(settings.All("vary"));
        Assert.All(settings.All("vary"), text => Variation.Parse(text, TaskCatalogue.Get(study.Task).Options));
        using var session = new CommandSession();
        string listed = session.Succeed("compare", "--studies");
        Assert.Contains($"{name}\n  {study.Paper}\n  {study.Claim}\n  unroll compare {study.Arguments}\n", listed);
    }

    [Fact]
    public void A_study_runs_with_what_is_given_in_the_place_of_its_own_and_says_what_it_saw()
    {
        using var session = new CommandSession();
        string[] study = ["compare", "--study", "pascanu2013", "--length", "10", "--steps", "3", "--batch", "2", "--seeds", "1", "--out", "@/all"];
        string told = session.Succeed(study);
        Assert.StartsWith("Pascanu, Mikolov & Bengio 2013", told);
        Assert.Matches(@"\nSeen: without clipping the best learning rate is \S+: \d of 1 runs solved", told);
        using JsonDocument json = JsonDocument.Parse(session.Succeed([.. study, "--json"]));
        Assert.Equal("pascanu2013", json.RootElement.GetProperty("study").GetString());
        Assert.Contains("unroll compare --study pascanu2013 --length 10", json.RootElement.GetProperty("command").GetString());
        Assert.All(Array(json.RootElement, "entrants"), entrant => Assert.Equal(3, Number(Array(entrant, "runs")[0], "steps")));
    }

    [Fact]
    public void The_paper_s_figures_stand_beside_those_of_its_data()
    {
        using var session = new CommandSession();
        string piece = "[[1,2],[3],[],[4,5]]\n";
        foreach (string name in new[] { "JSB.train.jsonl", "jsb.valid.jsonl", "other.jsonl" }) session.Write(name, string.Concat(Enumerable.Repeat(piece, 4)));
        string[] study = ["compare", "--study", "chung2014", "--hidden", "2", "--epochs", "1", "--seeds", "1", "--valid", "@/jsb.valid.jsonl"];
        string[] lines = session.Succeed([.. study, "--data", "@/JSB.train.jsonl", "--out", "@/jsb"]).Split('\n');
        Assert.EndsWith("paper (test)", lines[3]);
        Assert.Equal(["elman 9.10", "gru 8.54", "lstm 8.67"], lines[4..7].Select(line => $"{line[..line.IndexOf(' ', StringComparison.Ordinal)]} {line[(line.LastIndexOf(' ') + 1)..]}").Order());
        Assert.DoesNotContain("paper (test)", session.Succeed([.. study, "--data", "@/other.jsonl", "--out", "@/other"]));
    }
}
