using Unroll.Tasks.Classification;
using Unroll.Tensors;
using Unroll.Training;

namespace Unroll.Tasks.Tests.Classification;

/// <summary>The task as a whole, and with it what all tasks that learn from examples share.</summary>
public sealed class ClassificationTaskTests : IDisposable
{
    private static readonly ClassificationTask Task = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("unroll-classify-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static TaskSettings Settings(params (string Name, string Value)[] values)
    {
        var settings = new TaskSettings(Task.Options).Set("hidden", "8").Set("embedding", "8");
        foreach ((string name, string value) in values) settings.Set(name, value);
        return settings;
    }

    private string Write(string name, int texts, int seed = 1)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllLines(path, ReviewGenerator.Generate(new RandomState((ulong)seed), texts).Select((text, i) => $"{text.Label}\t{text.Text} {i}"));
        return path;
    }

    [Fact]
    public void The_sample_is_learned_and_a_saved_model_is_judged_the_same_on_what_was_kept_aside()
    {
        TaskSettings settings = Settings(("epochs", "3"), ("hidden", "16"), ("learning-rate", "0.01"), ("dropout", "0"), ("embedding-dropout", "0"), ("word-dropout", "0"), ("class-weights", "negative:2"));
        TrainingJob job = Task.Prepare(settings).Job;
        RunResult result = new Trainer(job, CommonOptions.ToTrainerOptions(settings, job.StepsPerEpoch)).Run(Token);
        Assert.InRange(result.Metrics["accuracy"], 0.85, 1);
        TaskModel model = Task.Open(job.ToModelFile());
        Evaluation again = model.Evaluate(new TaskSettings(Task.EvaluationOptions), Token);
        Assert.Equal(result.Metrics, again.Metrics);
        Assert.Equal(400, again.Examples);
        Assert.Contains("kept aside in training", Assert.Single(again.Notes));
        Assert.Equal(["classes", "confusion"], again.Tables.Select(table => table.Name));
        Evaluation other = model.Evaluate(new TaskSettings(Task.EvaluationOptions).Set("data", Write("other", 30)), Token);
        Assert.Equal(30, other.Examples);
    }

    [Fact]
    public void What_is_kept_aside_follows_from_the_seed_and_is_never_learned()
    {
        string data = Write("data", 50);
        (IReadOnlyList<LabelledText> training, IReadOnlyList<LabelledText> validation, _) = Task.Parts(Settings(("data", data), ("valid-share", "0.3")));
        Assert.Equal((35, 15), (training.Count, validation.Count));
        Assert.Empty(training.Intersect(validation));
        Assert.Equal(File.ReadAllLines(data).Order(), training.Concat(validation).Select(text => $"{text.Label}\t{text.Text}").Order());
        Assert.Equal(validation, Task.Parts(Settings(("data", data), ("valid-share", "0.3"))).Validation);
        Assert.NotEqual(validation, Task.Parts(Settings(("data", data), ("valid-share", "0.3"), ("seed", "2"))).Validation);
        // The same texts in the file's order, so that a larger share only adds to a smaller one's.
        Assert.Subset(validation.ToHashSet(), Task.Parts(Settings(("data", data), ("valid-share", "0.2"))).Validation.ToHashSet());

        (IReadOnlyList<LabelledText> all, IReadOnlyList<LabelledText> given, _) = Task.Parts(Settings(("data", data), ("valid", Write("valid", 5)), ("valid-share", "0.3")));
        Assert.Equal((50, 5), (all.Count, given.Count));
        Assert.Equal((1600, 400), (Task.Parts(Settings()).Training.Count, Task.Parts(Settings()).Validation.Count));
    }

    [Fact]
    public void Data_of_too_few_texts_is_refused()
    {
        Assert.Contains("no texts", Assert.Throws<BadInputException>(() => Task.Parts(Settings(("data", Write("none", 0))))).Message);
        Assert.Contains("only one of the texts", Assert.Throws<BadInputException>(() => Task.Parts(Settings(("data", Write("one", 1))))).Message);
        Assert.Contains("empty: no texts", Assert.Throws<BadInputException>(() => Task.Parts(Settings(("data", Write("two", 2)), ("valid", Write("empty", 0))))).Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(13)]
    [InlineData(20)]
    public void A_resumed_run_ends_like_one_never_stopped_and_other_data_are_refused(int stop)
    {
        TaskSettings settings = Settings(("data", Write("data", 90)), ("batch", "8"), ("word-dropout", "0.2"), ("validate-every", "7"), ("class-weights", "balanced"));
        float[][] whole = Train("whole", 30, resume: false);
        Assert.NotEqual(whole, Train("part", stop, resume: false));
        Assert.Equal(whole, Train("part", 30, resume: true));
        settings.Set("data", Write("more", 91));
        Assert.Contains("not what the run was begun with", Assert.Throws<BadInputException>(() => Train("part", 40, resume: true)).Message);

        float[][] Train(string name, int steps, bool resume)
        {
            TrainingJob job = Task.Prepare(settings).Job;
            var trainer = new Trainer(job, CommonOptions.ToTrainerOptions(settings, job.StepsPerEpoch) with { Folder = Path.Combine(_folder, name + "-run"), Steps = steps, Epochs = null, Seed = 1 });
            _ = resume ? trainer.Resume(Token) : trainer.Run(Token);
            return [.. job.Model.Parameters.Select(parameter => parameter.Values.ToArray())];
        }
    }

    [Theory]
    [InlineData("attention", "none")]
    [InlineData("max", "balanced")]
    [InlineData("mean", "none")]
    [InlineData("last", "none")]
    public void A_training_step_allocates_nothing_whatever_the_lengths_of_its_texts(string pooling, string weights)
    {
        TaskSettings settings = Settings(("data", Write("data", 60)), ("batch", "8"), ("word-dropout", "0.1"), ("pooling", pooling), ("class-weights", weights));
        Assert.Equal(0, TrainingSteps.AllocatedBy(Task.Prepare(settings).Job));
    }
}
