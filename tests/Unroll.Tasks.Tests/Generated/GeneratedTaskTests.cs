using Unroll.Tasks.Generated;
using Unroll.Tasks.Sequences;
using Unroll.Tensors;
using Unroll.Training;

namespace Unroll.Tasks.Tests.Generated;

public sealed class GeneratedTaskTests
{
    public static TheoryData<string> Tasks => SequencesTests.Tasks;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static (TaskDefinition Task, TaskSettings Settings) Setup(string name, params (string Name, string Value)[] values)
    {
        TaskDefinition task = TaskCatalogue.Get(name);
        var settings = new TaskSettings(task.Options).Set("length", "12").Set("hidden", "16").Set("batch", "16").Set("learning-rate", "0.01").Set("steps", "60");
        foreach (var (option, value) in values) settings.Set(option, value);
        return (task, settings);
    }

    private static (TrainingJob Job, RunResult Result) Train(TaskDefinition task, TaskSettings settings)
    {
        TrainingJob job = task.Prepare(settings).Job;
        return (job, new Trainer(job, CommonOptions.ToTrainerOptions(settings, job.StepsPerEpoch)).Run(Token));
    }

    [Theory]
    [MemberData(nameof(Tasks))]
    public void Training_lowers_the_loss_and_a_saved_model_is_judged_the_same(string name)
    {
        // The parity of a few bits takes longer to get anywhere.
        var (task, settings) = Setup(name, ("length", name == "parity" ? "3" : "12"));
        double before = Validation(task.Prepare(settings).Job);
        var (job, result) = Train(task, settings);
        Assert.True(result.Metrics["loss"] < 0.98 * before, $"{before} → {result.Metrics["loss"]}");

        TaskModel model = task.Open(job.ToModelFile());
        var judging = new TaskSettings(task.EvaluationOptions);
        Evaluation again = model.Evaluate(judging, Token);
        Assert.Equal(result.Metrics, again.Metrics);
        Assert.Equal(GeneratedJob.ValidationExamples, again.Examples);
        Assert.NotEqual(again.Metrics["loss"], model.Evaluate(judging.Set("seed", "9").Set("examples", "150"), Token).Metrics["loss"]);
        if (name != "embedded-reber") Assert.NotEqual(again.Metrics["loss"], model.Evaluate(judging.Set("length", "30"), Token).Metrics["loss"]);
    }

    private static double Validation(TrainingJob job)
    {
        job.Initialize(new RandomState(1).Fork("weights"));
        return job.Validate(Token)["loss"];
    }

    [Fact]
    public void The_metrics_are_those_of_the_answers_one_sequence_at_a_time()
    {
        var (task, settings) = Setup("embedded-reber");
        var source = ((GeneratedTask)task).Source(settings);
        var network = new SequenceNetwork(source.Format, settings);
        network.Initialize(new RandomState(4));
        var metrics = GeneratedTask.MetricsOf(source.Format, SequenceScorer.Of(network, source).Score(source, 5, 130, Token));
        var batch = new SequenceBatch(source, 1);
        double nats = 0, right = 0, solved = 0, judged = 0;
        for (int i = 0; i < 130; i++)
        {
            batch.Fill(source, SequenceBatch.StreamOf(5, "kept aside"), i, 1);
            float[] logits = network.Forward(batch).Outputs.ToArray();
            int wrong = 0;
            for (int step = 0; step < batch.Lengths[0] - 1; step++)
            {
                bool ok = true;
                for (int j = 0; j < 7; j++)
                {
                    (double logit, double target) = (logits[step * 7 + j], batch.Values[step * 7 + j]);
                    nats -= target * Math.Log(1 / (1 + Math.Exp(-logit))) + (1 - target) * Math.Log(1 / (1 + Math.Exp(logit)));
                    ok &= logit > 0 == target > 0;
                }
                judged++;
                if (ok) right++;
                else wrong++;
            }
            if (wrong == 0) solved++;
        }
        Assert.Equal(nats / judged, metrics["loss"], 1e-5);
        Assert.Equal(right / judged, metrics["accuracy"], 1e-9);
        Assert.Equal(solved / 130, metrics["success_rate"], 1e-9);
    }

    [Fact]
    public void A_number_is_right_within_the_tolerance_of_the_paper()
    {
        var (task, settings) = Setup("adding");
        SequenceSource source = ((GeneratedTask)task).Source(settings);
        var batch = new SequenceBatch(source, 1);
        batch.Fill(source, 1, 0, 1);
        float answer = batch.Values[0];
        Assert.True(batch.IsRight(0, [answer + 0.039f]) && batch.IsRight(0, [answer - 0.039f]));
        Assert.False(batch.IsRight(0, [answer + 0.041f]) || batch.IsRight(0, [answer - 0.041f]) || batch.IsRight(0, [float.NaN]));
    }

    [Theory]
    [InlineData("adding")]
    [InlineData("embedded-reber")]
    [InlineData("copy")]
    public void A_training_step_allocates_nothing_once_it_is_running(string name)
    {
        var (task, settings) = Setup(name, ("layers", "2"), ("dropout", "0.1"));
        Assert.Equal(0, TrainingSteps.AllocatedBy(task.Prepare(settings).Job));
    }

    [Fact]
    public void A_run_ends_when_it_is_solved_stays_so_when_resumed_and_keeps_that_model()
    {
        string folder = Directory.CreateTempSubdirectory("unroll-solved-").FullName;
        try
        {
            var (task, settings) = Setup("noisy-sequences", ("steps", "2000"), ("validate-every", "10"));
            TrainingJob job = task.Prepare(settings).Job;
            var options = CommonOptions.ToTrainerOptions(settings, job.StepsPerEpoch) with { Folder = folder };
            RunResult result = new Trainer(job, options).Run(Token);
            Assert.Equal(RunOutcome.Solved, result.Outcome);
            Assert.InRange(result.Steps, 10, 1990);
            Assert.InRange(result.Metrics["success_rate"], 0.99, 1);
            Assert.Equal(result.Metrics, task.Open(Files.ModelFile.Read(result.Model!)).Evaluate(new TaskSettings(task.EvaluationOptions), Token).Metrics);
            RunResult again = new Trainer(task.Prepare(settings).Job, options).Resume(Token);
            Assert.Equal((RunOutcome.Solved, result.Steps), (again.Outcome, again.Steps));
            RunResult on = new Trainer(task.Prepare(settings.Set("until-solved", "0")).Job, options with { Steps = result.Steps + 5 }).Resume(Token);
            Assert.Equal((RunOutcome.Completed, result.Steps + 5), (on.Outcome, on.Steps));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
