using System.Text;
using System.Text.Json;
using Unroll.Data;
using Unroll.Tasks.Ranking;
using Unroll.Tensors;
using Unroll.Training;

namespace Unroll.Tasks.Tests.Ranking;

public sealed class RankingTaskTests : IDisposable
{
    private const string Two = "who taught Anna ?\tBert taught Anna .\t1\nwho taught Anna ?\tAnna taught Bert .\t0\nwho taught Anna ?\tCarl met Anna .\t0\nwhom did Carl meet ?\tCarl met Dora .\t1\nwhom did Carl meet ?\tDora met Carl .\t0\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("unroll-rank-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static (RankingTask Task, TaskSettings Settings) Setup(params (string Name, string Value)[] values)
    {
        var task = (RankingTask)TaskCatalogue.Get("rank");
        var settings = new TaskSettings(task.Options).Set("hidden", "6").Set("embedding", "5");
        foreach (var (name, value) in values) settings.Set(name, value);
        return (task, settings);
    }

    private string PathOf(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text, new UTF8Encoding(false));
        return path;
    }

    private List<AskedQuestion> Read(string text)
    {
        var (task, settings) = Setup(("data", PathOf("read", text)));
        return [.. task.Read(settings, "data", settings)];
    }

    /// <summary>Settings with every default filled in, for a model by itself.</summary>
    private static RankingModel ModelOf(IReadOnlyList<AskedQuestion> questions, params (string Name, string Value)[] values)
    {
        var (task, settings) = Setup([("min-count", "1"), ("dropout", "0"), ("embedding-dropout", "0"), .. values]);
        foreach (TaskOption option in task.Options.Where(option => option.Default is not null && !settings.IsGiven(option.Name))) settings.Set(option.Name, option.Default!);
        RankingModel model = RankingModel.Create(questions, settings);
        foreach (Parameter parameter in model.Module.Parameters)
        {
            var random = new RandomState(9).Fork(parameter.Name);
            foreach (ref float value in parameter.Values) value = (float)(0.5 * random.NextGaussian());
        }
        return model;
    }

    private static float[] Scores(RankingModel model, IEnumerable<string> lines, int together) =>
        [.. model.Predict(lines, new TaskSettings([]), together, Token).Select(prediction => float.Parse(prediction.Text, System.Globalization.CultureInfo.InvariantCulture))];

    [Fact]
    public void Lines_of_a_question_are_read_as_one_with_or_without_its_number_whatever_ends_them()
    {
        List<AskedQuestion> read = Read("\uFEFFwhy ?\tso .\t1\r\nwhy ?\t\t0\r\r\n\nhow ?\tthus .\t0\rwhy ?\tno .\t0");
        Assert.Equal(["why ?", "how ?", "why ?"], read.Select(question => question.Text));
        Assert.Equal([new("so .", true), new("", false)], read[0].Candidates);
        Assert.Equal([new("thus .", false)], read[1].Candidates);
        Assert.Equal(2, Read("1\twhy ?\tso .\t1\n2\twhy ?\tno .\t0\n").Count);
        Assert.Empty(Read("\n \n"));
    }

    [Theory]
    [InlineData("why ?\tso .\t1\nwhy ? so .\n", "line 2: no tabulator; expected a question, a candidate and 0 or 1")]
    [InlineData("why ?\t1\n", "line 1: 2 columns")]
    [InlineData("1\twhy ?\tso\t.\t1\n", "line 1: 5 columns")]
    [InlineData("why ?\tso .\t2\n", "line 1: the label is '2'; expected 1")]
    [InlineData("why ?\tso .\t\n", "line 1: the label is ''")]
    [InlineData("\n \tso .\t1\n", "line 2: the question is empty")]
    public void Lines_of_another_format_are_refused(string text, string message) => Assert.Contains(message, Assert.Throws<BadInputException>(() => Read(text)).Message);

    [Fact]
    public void Questions_without_a_choice_are_refused_or_named()
    {
        var (task, settings) = Setup(("data", PathOf("wrong", "a ?\tb\t0\na ?\tc\t0\nd ?\te\t1\n")));
        Assert.Contains("None of the ", Assert.Throws<BadInputException>(() => task.Prepare(settings)).Message);
        (task, settings) = Setup(("data", PathOf("train", Two + "why ?\tno .\t0\n")), ("valid", PathOf("valid", "why ?\tno .\t0\n")));
        PreparedTraining prepared = task.Prepare(settings);
        Assert.Equal(2, prepared.Warnings.Count);
        Assert.Contains("1 of 3 questions do not have both", prepared.Warnings[1]);
        prepared.Job.Initialize(new RandomState(1));
        Assert.Equal(["loss"], prepared.Job.Validate(Token).Keys);
    }

    [Fact]
    public void A_line_of_a_hundred_thousand_words_is_read_as_far_as_it_is_asked_to()
    {
        string much = string.Join(' ', Enumerable.Repeat("word", 100_000));
        List<AskedQuestion> read = Read($"why ?\t{much}\t1\nwhy ?\tno .\t0\n");
        RankingModel model = ModelOf(read, ("max-length", "50"));
        Assert.Equal(50, model.Encode(read).LengthOf(0));
        Assert.Equal(Scores(model, [$"why ?\t{much}"], 1), Scores(model, [$"why ?\t{much} word"], 1));
    }

    [Theory]
    [InlineData("siamese", "cosine", "last", "none")]
    [InlineData("siamese", "bilinear", "mean", "words")]
    [InlineData("siamese", "features", "attention", "both")]
    [InlineData("attentive", "cosine", "max", "score")]
    [InlineData("attentive", "features", "max", "both")]
    public void A_score_does_not_depend_on_what_else_is_in_the_batch(string encoder, string score, string pooling, string overlap)
    {
        RankingModel model = ModelOf(Read(Two), ("encoder", encoder), ("score", score), ("pooling", pooling), ("overlap", overlap));
        string[] lines = [.. Two.TrimEnd('\n').Split('\n').Select(line => line[..^2]), "who taught Anna ?\t", "\t", "unknown words here\tAnna"];
        float[] alone = Scores(model, lines, 1), together = Scores(model, lines, 64);
        Assert.Equal(lines.Length, alone.Length);
        for (int i = 0; i < lines.Length; i++) Assert.Equal(alone[i], together[i], 1e-5f);
        Assert.True(alone.Distinct().Count() >= 5);
    }

    [Theory]
    [InlineData("pairwise")]
    [InlineData("pointwise")]
    public void The_loss_and_metrics_are_those_of_the_scores(string kind)
    {
        List<AskedQuestion> questions = Read(Two + "why ?\tno .\t0\n");
        RankingModel model = ModelOf(questions, ("loss", kind), ("margin", "0.7"));
        RankedTexts set = model.Encode(questions);
        double[][] scores = [.. questions.Select(question => Scores(model, question.Candidates.Select(candidate => $"{question.Text}\t{candidate.Text}"), 1).Select(score => (double)score).ToArray())];
        double expected;
        if (kind == "pairwise")
        {
            expected = ((Hinge(scores[0][0], scores[0][1]) + Hinge(scores[0][0], scores[0][2])) / 2 + Hinge(scores[1][0], scores[1][1])) / 2;
        }
        else
        {
            double[] all = [.. scores.SelectMany(some => some)];
            bool[] right = [.. questions.SelectMany(question => question.Candidates).Select(candidate => candidate.IsRight == true)];
            expected = all.Select((score, i) => Math.Log(1 + Math.Exp(right[i] ? -score : score))).Average();
        }
        Dictionary<string, double> metrics = model.Judge(set, null, Token).Metrics;
        Assert.Equal(expected, metrics["loss"], 1e-5);
        var tape = new Tape { Training = false };
        tape.Begin();
        Assert.Equal(expected, model.Loss(set, [0, 1, 2]).Item, 1e-5);
        tape.End();

        var judged = new RankingScores();
        for (int i = 0; i < questions.Count; i++) judged.Add([.. scores[i].Select(score => (float)score)], set.LabelsOf(i));
        Assert.Equal((judged.Map, judged.Mrr), (metrics["map"], metrics["mrr"]));
        // Shared words: 2 of 2 (taught, Anna), 2, 1 and 1 (Carl; met is not meet), 1: of equal ones the last is first.
        Assert.Equal((0.5, 0.5), (metrics["baseline_map"], metrics["baseline_mrr"]));
        Assert.Contains("1 of 3 questions have no right candidate", Assert.Single(model.Judge(set, null, Token).Notes));

        static double Hinge(double better, double worse) => Math.Max(0, 0.7 - better + worse);
    }

    [Fact]
    public void Word_overlap_is_that_worked_out_by_hand()
    {
        List<AskedQuestion> questions = Read("who saw the red hen ?\tthe hen saw a fox .\t1\nwho saw the red hen ?\tthe fox the fox\t0\nwho saw the red hen ?\t...\t0\n");
        RankedTexts set = ModelOf(questions).Encode(questions);
        // Three sentences; in them: the 2, hen, saw, a 1, fox 2; who and red are in the question alone.
        double once = Math.Log(4 / 2.0), twice = Math.Log(4 / 3.0), never = Math.Log(4.0);
        double asked = never + once + twice + never + once, squares = 2 * never * never + 2 * once * once + twice * twice;
        Check(0, 3 / 5.0, (twice + 2 * once) / asked, (twice * twice + 2 * once * once) / Math.Sqrt(squares * (3 * once * once + 2 * twice * twice)));
        Check(1, 1 / 5.0, twice / asked, twice * twice / Math.Sqrt(squares * 2 * twice * twice));
        Check(2, 0, 0, 0);

        void Check(int candidate, params double[] expected)
        {
            for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], set.OverlapOf(candidate)[i], 1e-6);
        }
    }

    [Fact]
    public void The_sample_has_one_right_candidate_that_words_alone_do_not_find_and_can_be_learned()
    {
        IReadOnlyList<AskedQuestion> sample = FactGenerator.Generate(new RandomState(1), 160);
        Assert.All(sample, question => Assert.Single(question.Candidates, candidate => candidate.IsRight == true));
        Assert.Equal(sample.SelectMany(question => question.Candidates), FactGenerator.Generate(new RandomState(1), 160).SelectMany(question => question.Candidates));
        string data = PathOf("sample", string.Concat(sample.SelectMany(question => question.Candidates.Select(candidate => $"{question.Text}\t{candidate.Text}\t{(candidate.IsRight == true ? 1 : 0)}\n"))));
        var (task, settings) = Setup(("data", data), ("valid", data), ("hidden", "32"), ("embedding", "30"), ("dropout", "0"), ("embedding-dropout", "0"), ("learning-rate", "0.01"), ("min-count", "1"));
        TrainingJob job = task.Prepare(settings).Job;
        var trainer = new Trainer(job, CommonOptions.ToTrainerOptions(settings, job.StepsPerEpoch) with { Steps = 400, Seed = 1 });
        IReadOnlyDictionary<string, double> metrics = trainer.Run(Token).Metrics;
        Assert.True(metrics["map"] > 0.85, $"map {metrics["map"]}");
        Assert.True(metrics["baseline_map"] < 0.7, $"baseline {metrics["baseline_map"]}");
    }

    [Theory]
    [InlineData(3)]
    [InlineData(11)]
    public void A_resumed_run_ends_like_one_never_stopped_and_other_data_are_refused(int stop)
    {
        var (task, settings) = Setup(("data", PathOf("train", Many(30))), ("batch", "4"), ("validate-every", "10"));
        float[][] whole = Train("whole", 20, resume: false);
        Assert.NotEqual(whole, Train("part", stop, resume: false));
        Assert.Equal(whole, Train("part", 20, resume: true));
        settings.Set("data", PathOf("other", Many(31)));
        Assert.Contains("not what the run was begun with", Assert.Throws<BadInputException>(() => Train("part", 24, resume: true)).Message);

        float[][] Train(string name, int steps, bool resume)
        {
            TrainingJob job = task.Prepare(settings).Job;
            var trainer = new Trainer(job, CommonOptions.ToTrainerOptions(settings, job.StepsPerEpoch) with { Folder = Path.Combine(_folder, name), Steps = steps, Seed = 1 });
            _ = resume ? trainer.Resume(Token) : trainer.Run(Token);
            return [.. job.Model.Parameters.Select(parameter => parameter.Values.ToArray())];
        }
    }

    [Fact]
    public void Word_vectors_begin_the_embedding()
    {
        var (task, settings) = Setup(("data", PathOf("train", Two)), ("valid", PathOf("valid", Two)), ("min-count", "1"), ("vectors", PathOf("vectors.txt", "anna 1 2 3\ncarl 4 5 6\nfish 7 8 9\n")));
        PreparedTraining training = task.Prepare(settings);
        training.Job.Initialize(new RandomState(1));
        float[][] rows = [.. training.Job.Model.Parameters.Single(parameter => parameter.Name == "encoder.embedding.weight").Values.ToArray().Chunk(3)];
        foreach (float first in (float[])[1, 4]) Assert.Single(rows, row => row.SequenceEqual([first, first + 1, first + 2]));
        Assert.DoesNotContain(rows, row => row.SequenceEqual([7f, 8, 9]));
        Assert.Contains(training.Facts, fact => fact.Text.Contains("2 vectors of 3 numbers", StringComparison.Ordinal));
        // A model needs the file no more.
        File.Delete(settings.Text("vectors"));
        Assert.Equal(3, task.Open(training.Job.ToModelFile()).Module.Parameters.Single(parameter => parameter.Name == "encoder.embedding.weight").Shape[1]);
    }

    [Fact]
    public void The_best_model_is_that_of_the_greatest_map_or_of_the_least_loss_where_there_is_none()
    {
        var (task, settings) = Setup(("data", PathOf("train", Two)));
        TrainingJob job = task.Prepare(settings).Job;
        Assert.True(job.Criterion(new Dictionary<string, double> { ["loss"] = 2, ["map"] = 0.8 }) < job.Criterion(new Dictionary<string, double> { ["loss"] = 1, ["map"] = 0.7 }));
        Assert.True(job.Criterion(new Dictionary<string, double> { ["loss"] = 1, ["map"] = 0.7 }) < job.Criterion(new Dictionary<string, double> { ["loss"] = 2, ["map"] = 0.7 }));
        Assert.True(job.Criterion(new Dictionary<string, double> { ["loss"] = 1 }) < job.Criterion(new Dictionary<string, double> { ["loss"] = 2 }));
    }

    [Theory]
    [InlineData("pairwise", "attentive")]
    [InlineData("pointwise", "siamese")]
    public void A_training_step_allocates_nothing(string loss, string encoder)
    {
        var (task, settings) = Setup(("data", PathOf("train", Many(20))), ("batch", "4"), ("loss", loss), ("encoder", encoder));
        Assert.Equal(0, TrainingSteps.AllocatedBy(task.Prepare(settings).Job));
    }

    [Fact]
    public void A_saved_model_scores_the_same()
    {
        var (task, settings) = Setup(("data", PathOf("train", Two)), ("valid", PathOf("valid", Two)), ("loss", "pointwise"));
        TrainingJob job = task.Prepare(settings).Job;
        new Trainer(job, CommonOptions.ToTrainerOptions(settings, job.StepsPerEpoch) with { Folder = Path.Combine(_folder, "run"), Steps = 2, Seed = 1 }).Run(Token);
        var model = (RankingModel)task.Open(Files.ModelFile.Read(Path.Combine(_folder, "run", "model.safetensors")));
        Prediction prediction = Assert.Single(model.Predict(["who taught Anna ?\tBert taught Anna ."], new TaskSettings(task.PredictionOptions), 1, Token));
        using JsonDocument document = JsonDocument.Parse(JsonText.OfObject(prediction.Json));
        float score = document.RootElement.GetProperty("score").GetSingle();
        Assert.Equal(prediction.Text, score.ToString("R", System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(1 / (1 + Math.Exp(-score)), document.RootElement.GetProperty("probability").GetDouble(), 1e-5);
        Assert.Equal(0.5, document.RootElement.GetProperty("overlap").GetDouble(), 0.5);
    }

    /// <summary>So many questions of the sample, as lines.</summary>
    private static string Many(int questions) => string.Concat(FactGenerator.Generate(new RandomState(3), questions)
        .SelectMany((question, i) => question.Candidates.Select(candidate => $"{i}\t{question.Text}\t{candidate.Text}\t{(candidate.IsRight == true ? 1 : 0)}\n")));
}
