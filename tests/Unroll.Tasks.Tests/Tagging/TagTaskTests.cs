using System.Text.Json;
using Unroll.Data;
using Unroll.Tasks.Tagging;
using Unroll.Tensors;
using Unroll.Training;

namespace Unroll.Tasks.Tests.Tagging;

public sealed class TagTaskTests : IDisposable
{
    private const string Names = "Ann\tB-per\nLee\tI-per\nsaw\tO\nOslo\tB-loc\n.\tO\n\nIn\tO\nRio\tB-loc\nBo\tB-per\nslept\tO\n\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("unroll-tag-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("recurrent", "off")]
    [InlineData("convolution", "on")]
    [InlineData("none", "on")]
    public void The_invented_language_is_learned(string characters, string crf)
    {
        TaskModel model = Train(("characters", characters), ("crf", crf), ("hidden", "24"), ("embedding", "24"), ("character-embedding", "8"), ("character-hidden", "12"),
            ("steps", "150"), ("learning-rate", "0.01"), ("dropout", "0.2"), ("embedding-dropout", "0.2"));
        Evaluation evaluation = model.Evaluate(new TaskSettings(new TagTask().EvaluationOptions), Token);
        Assert.InRange(evaluation.Metrics["accuracy"], characters == "none" ? 0.75 : 0.93, 1);
        Assert.InRange(evaluation.Metrics["accuracy_unknown"], characters == "none" ? 0.1 : 0.85, 1);
        Assert.DoesNotContain("f1", evaluation.Metrics);
    }

    [Theory]
    [InlineData("keep")]
    [InlineData("bioes")]
    public void Names_are_learned_and_told_as_they_were_written(string scheme)
    {
        TaskModel model = Train(("data", Write("train", Repeat(Names, 8))), ("valid", Write("valid", Names)), ("scheme", scheme), ("hidden", "16"), ("embedding", "16"),
            ("character-hidden", "8"), ("epochs", "30"), ("batch", "4"), ("learning-rate", "0.02"), ("dropout", "0"), ("embedding-dropout", "0"), ("word-dropout", "0"));
        Evaluation evaluation = model.Evaluate(Given(("data", Write("test", Names))), Token);
        Assert.Equal((1, 1, 1, 1), (evaluation.Metrics["accuracy"], evaluation.Metrics["precision"], evaluation.Metrics["recall"], evaluation.Metrics["f1"]));
        Assert.Equal((2, 9), (evaluation.Examples, evaluation.Symbols));
        Assert.Equal(["loc", "per"], evaluation.Tables.Single().Rows.Select(row => row.Name));

        Prediction[] answers = Predict(model, ["Ann Lee saw Oslo .", "", "  In\tRio  Bo slept "]);
        Assert.Equal(["Ann/B-per Lee/I-per saw/O Oslo/B-loc ./O", "", "In/O Rio/B-loc Bo/B-per slept/O"], answers.Select(answer => answer.Text));
        JsonElement json = Json(answers[0]);
        Assert.Equal(["per 0-2 Ann Lee", "loc 3-4 Oslo"], json.GetProperty("entities").EnumerateArray().Select(entity =>
            $"{entity.GetProperty("type")} {entity.GetProperty("start")}-{entity.GetProperty("end")} {entity.GetProperty("text")}"));
        Assert.Equal(5, json.GetProperty("tokens").GetArrayLength());
        Assert.Equal(0, Json(answers[1]).GetProperty("tags").GetArrayLength());

        json = Json(Predict(model, ["Ann Lee saw Oslo ."], ("n-best", "4"))[0]);
        double[] probabilities = [.. json.GetProperty("n_best").EnumerateArray().Select(way => way.GetProperty("probability").GetDouble())];
        Assert.Equal(4, probabilities.Length);
        Assert.Equal(probabilities.OrderDescending(), probabilities);
        Assert.InRange(probabilities.Sum(), 0.5, 1 + 1e-6);
        Assert.Equal(json.GetProperty("tags").ToString(), json.GetProperty("n_best")[0].GetProperty("tags").ToString());
    }

    [Fact]
    public void An_unknown_tag_at_evaluation_is_named_with_its_line()
    {
        TaskModel model = Train(("data", Write("train", Repeat(Names, 2))), ("hidden", "4"), ("steps", "1"));
        string test = Write("test", Names + "He\tO\nleft\tB-time\n");
        BadInputException error = Assert.Throws<BadInputException>(() => model.Evaluate(Given(("data", test)), Token));
        Assert.Contains($"{test}, line 13: the tag 'B-time' is none of those the model knows", error.Message);
        // An entity of a known type is known in every form.
        Assert.InRange(model.Evaluate(Given(("data", Write("test", "Rio\tB-loc\nGrande\tI-loc\n"))), Token).Metrics["accuracy"], 0, 1);
    }

    [Fact]
    public void Entities_that_break_the_rules_are_scored_and_predictions_keep_the_rules()
    {
        TaskModel model = Train(("data", Write("train", Repeat(Names, 4))), ("hidden", "4"), ("steps", "2"));
        Assert.Equal(2, model.Evaluate(Given(("data", Write("test", "Ann\tI-per\nsaw\tO\nRio\tI-loc\n"))), Token).Tables.Single().Rows.Sum(row => row.Values[0]));
        foreach (Prediction way in Predict(model, ["Rio saw Ann Lee"], ("n-best", "200")))
            foreach (JsonElement path in Json(way).GetProperty("n_best").EnumerateArray())
            {
                string[] tags = [.. path.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()!)];
                Assert.Equal(tags, EntityTags.Convert(tags, EntityScheme.Bio));
            }
    }

    [Fact]
    public void A_line_of_a_hundred_thousand_tokens_is_answered_beside_others()
    {
        TaskModel model = Train(("data", Write("train", Repeat(Names, 2))), ("hidden", "4"), ("embedding", "4"), ("character-embedding", "2"), ("character-hidden", "2"), ("steps", "1"));
        string line = string.Join(' ', Enumerable.Repeat("Ann", 100_000));
        Prediction[] answers = Predict(model, [.. Enumerable.Repeat("Bo slept", 20), line, new string('x', 100_000)]);
        Assert.Equal(100_000, Json(answers[20]).GetProperty("tags").GetArrayLength());
        Assert.Equal(1, Json(answers[21]).GetProperty("tags").GetArrayLength());
        Assert.Equal(answers[0].Text, answers[19].Text);
    }

    [Fact]
    public void Word_vectors_begin_the_embedding()
    {
        string vectors = Write("vectors.txt", "rio 1 2 3\nann 4 5 6\nfish 7 8 9\n");
        var task = new TagTask();
        TaskSettings settings = Settings(task, ("data", Write("train", Repeat(Names, 2))), ("vectors", vectors), ("hidden", "4"));
        PreparedTraining training = task.Prepare(settings);
        training.Job.Initialize(new RandomState(1));
        Parameter table = training.Job.Model.Parameters.Single(parameter => parameter.Name == "encoder.embedding.weight");
        Assert.Equal(3, table.Shape[1]);
        Assert.Contains(table.Values.ToArray().Chunk(3), row => row.SequenceEqual([1f, 2, 3]));
        Assert.Contains(table.Values.ToArray().Chunk(3), row => row.SequenceEqual([4f, 5, 6]));
        Assert.DoesNotContain(table.Values.ToArray().Chunk(3), row => row.SequenceEqual([7f, 8, 9]));
        Assert.Contains(training.Facts, fact => fact.Text.Contains("2 vectors of 3 numbers", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a\tX\n\nb\tX\n", "all 1 tokens have the tag")]
    [InlineData("a\tX\n\n", "only one of the sentences")]
    [InlineData("\n\n", "no sentences")]
    public void Data_that_nothing_can_be_learned_from_is_refused(string text, string message)
    {
        var task = new TagTask();
        Assert.Contains(message, Assert.Throws<BadInputException>(() => task.Prepare(Settings(task, ("data", Write("train", text)), ("valid-share", "0.01")))).Message, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("recurrent", "on")]
    [InlineData("convolution", "off")]
    public void A_training_step_allocates_nothing(string characters, string crf)
    {
        var task = new TagTask();
        Assert.Equal(0, TrainingSteps.AllocatedBy(task.Prepare(Settings(task, ("data", Write("train", Repeat(Names, 20))), ("characters", characters), ("crf", crf), ("hidden", "6"), ("embedding", "6"),
            ("character-embedding", "4"), ("character-hidden", "4"), ("batch", "4"))).Job));
    }

    [Fact]
    public void A_scheme_is_for_entities_only()
    {
        var task = new TagTask();
        Assert.Contains("--scheme bioes is for tags of entities",
            Assert.Throws<BadUsageException>(() => task.Prepare(Settings(task, ("data", Write("train", Repeat("a\tDET\nb\tNOUN\n\n", 3))), ("scheme", "bioes")))).Message);
    }

    private TaskModel Train(params (string Name, string Value)[] values)
    {
        var task = new TagTask();
        PreparedTraining training = task.Prepare(Settings(task, values));
        TaskSettings settings = Settings(task, values);
        string folder = Path.Combine(_folder, "run" + Directory.GetDirectories(_folder).Length);
        TrainerOptions options = CommonOptions.ToTrainerOptions(settings, training.Job.StepsPerEpoch);
        new Trainer(training.Job, options).Run(Token);
        return task.Open(training.Job.ToModelFile());
    }

    private static TaskSettings Settings(TagTask task, params (string Name, string Value)[] values)
    {
        var settings = new TaskSettings(task.Options);
        foreach ((string name, string value) in values) settings.Set(name, value);
        return settings;
    }

    private static TaskSettings Given(params (string Name, string Value)[] values)
    {
        var settings = new TaskSettings(new TagTask().EvaluationOptions);
        foreach ((string name, string value) in values) settings.Set(name, value);
        return settings;
    }

    private static Prediction[] Predict(TaskModel model, string[] lines, params (string Name, string Value)[] values)
    {
        var settings = new TaskSettings(new TagTask().PredictionOptions);
        foreach ((string name, string value) in values) settings.Set(name, value);
        return [.. ((IPredictor)model).Predict(lines, settings, 64, Token)];
    }

    private static JsonElement Json(Prediction prediction) => JsonDocument.Parse(JsonText.OfObject(prediction.Json)).RootElement;

    private static string Repeat(string text, int times) => string.Concat(Enumerable.Repeat(text, times));

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
