using System.Text;
using Unroll.Layers;
using Unroll.Tasks.LanguageModel;
using Unroll.Tensors;
using Unroll.Training;

namespace Unroll.Tasks.Tests.LanguageModel;

/// <summary>Language models of words: recipes, activation regularisation, lengths that vary, sizes of layers.</summary>
public sealed class WordModelTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public WordModelTests()
    {
        var random = new Random(1);
        var text = new StringBuilder();
        for (int line = 0; line < 60; line++) text.AppendJoin(' ', Enumerable.Range(0, 12).Select(_ => $"w{Math.Min(random.Next(30), random.Next(30))}")).Append(" <unk>\n");
        File.WriteAllText(_path, text.ToString());
    }

    public void Dispose() => File.Delete(_path);

    private (TaskDefinition Task, TaskSettings Settings) Setup(params (string Name, string Value)[] values)
    {
        TaskDefinition task = TaskCatalogue.Get("lm");
        var settings = new TaskSettings(task.Options).Set("data", _path).Set("valid", _path);
        foreach (var (name, value) in values) settings.Set(name, value);
        return (task, settings);
    }

    private TrainingJob Job(params (string Name, string Value)[] values)
    {
        var (task, settings) = Setup([("level", "token"), ("hidden", "7"), ("batch", "3"), ("sequence", "6"), ("steps", "20"), .. values]);
        TrainingJob job = task.Prepare(settings).Job;
        job.Initialize(new RandomState(1));
        job.BeginEpoch(0, new RandomState(2));
        return job;
    }

    [Fact]
    public void A_recipe_sets_what_is_not_given_and_the_model_keeps_all_of_it()
    {
        var (task, settings) = Setup(("recipe", "zaremba-small"), ("hidden", "9"), ("batch", "5"));
        PreparedTraining prepared = task.Prepare(settings);
        IReadOnlyDictionary<string, string> kept = Recipe.FromJson(prepared.Job.ToModelFile().Recipe, "the recipe").Options;
        Assert.Equal(("9", "5"), (kept["hidden"], kept["batch"]));
        Assert.Equal(("token", "20", "13", "0.25", "sgd"), (kept["level"], kept["sequence"], kept["epochs"], kept["clip"], kept["optimizer"]));
        TrainerOptions options = CommonOptions.ToTrainerOptions(settings, prepared.Job.StepsPerEpoch);
        int epoch = prepared.Job.StepsPerEpoch;
        Assert.Equal([1, 1, 0.5, 0.25], new[] { 0, 4 * epoch - 1, 4 * epoch, 5 * epoch }.Select(step => options.Schedule.Factor(step, default)));
        Assert.All(prepared.Job.Model.Parameters, parameter => Assert.Equal(0, parameter.Values.ToArray().Sum()));
        prepared.Job.Initialize(new RandomState(1));
        Parameter embedding = prepared.Job.Model.Parameters.First(parameter => parameter.Name == "embedding.weight"), recurrent = prepared.Job.Model.Parameters.First(parameter => parameter.Name == "rnn.weight_hh_l0");
        foreach (Parameter parameter in (Parameter[])[embedding, recurrent]) Assert.InRange(parameter.Values.ToArray().Max(Math.Abs), 0.08f, 0.1f);
        Assert.Equal(9, task.Open(prepared.Job.ToModelFile()).Module.Parameters.First(parameter => parameter.Name == "embedding.weight").Shape[1]);
    }

    [Theory]
    [InlineData("zaremba-small")]
    [InlineData("zaremba-medium")]
    [InlineData("awd-lstm")]
    [InlineData("fast")]
    public void Every_recipe_trains(string recipe)
    {
        var (task, settings) = Setup(("recipe", recipe), ("hidden", "8"), ("batch", "4"), ("epochs", "1"));
        if (recipe is "awd-lstm" or "fast") settings.Set("embedding", "6").Set("last-hidden", "6");
        TrainingJob job = task.Prepare(settings).Job;
        RunResult result = new Trainer(job, CommonOptions.ToTrainerOptions(settings, job.StepsPerEpoch)).Run(TestContext.Current.CancellationToken);
        Assert.True(double.IsFinite(result.TrainingLoss) && result.Skipped == 0 && result.BestLoss < 4, $"{result.TrainingLoss}, {result.BestLoss}");
    }

    [Fact]
    public void A_flag_of_a_recipe_can_be_switched_off()
    {
        var (task, settings) = Setup(("recipe", "awd-lstm"), ("tie", "false"), ("batch", "4"), ("hidden", "8"), ("last-hidden", "6"), ("embedding", "5"));
        TaskModel model = task.Open(task.Prepare(settings).Job.ToModelFile());
        Assert.Equal(5, model.Module.Parameters.Single(parameter => parameter.Name == "embedding.weight").Shape[1]);
        Assert.Contains(model.Module.Parameters, parameter => parameter.Name == "output.weight");
        Assert.Equal(("false", "true"), (settings.Text("tie"), settings.Text("variational")));
    }

    [Fact]
    public void A_recipe_that_does_not_exist_is_refused_with_those_that_do() =>
        Assert.Contains("zaremba-small, zaremba-medium, awd-lstm or fast", Assert.Throws<BadUsageException>(() => Setup(("recipe", "zaremba-large"))).Message);

    [Fact]
    public void A_tied_embedding_is_as_large_as_the_last_layer()
    {
        TrainingJob job = Job(("tie", "true"), ("last-hidden", "4"), ("layers", "3"));
        Shape Of(string name) => job.Model.Parameters.First(parameter => parameter.Name == name).Shape;
        Assert.Equal(4, Of("embedding.weight")[1]);
        Assert.Equal([28, 4], Of("rnn.weight_ih_l0"));
        Assert.Equal([16, 7], Of("rnn.weight_ih_l2"));
        Assert.Equal([16, 4], Of("rnn.weight_hh_l2"));
        Assert.Contains("--last-hidden 5", Assert.Throws<BadUsageException>(() => Job(("tie", "true"), ("embedding", "5"))).Message);
    }

    /// <summary>α·mean(m ⊙ h)² + β·mean(hₜ₊₁ − hₜ)², written out over a batch.</summary>
    [Theory]
    [InlineData(2, 0)]
    [InlineData(0, 1)]
    [InlineData(2, 1)]
    public void Activation_regularisation_is_what_the_paper_says(double alpha, double beta)
    {
        const int Batch = 3, Time = 5, Units = 4;
        var shape = new LanguageModelShape("lstm", Units, new RecurrentOptions(), Units, false) { ActivationWeight = (float)alpha, TemporalWeight = (float)beta };
        var random = new Random(3);
        float[] Numbers() => [.. Enumerable.Range(0, Batch * Time * Units).Select(_ => (float)random.NextDouble() - 0.5f)];
        float[] output = Numbers(), dropped = Numbers();
        double expected = alpha * dropped.Average(v => (double)v * v), changes = 0;
        for (int b = 0; b < Batch; b++)
            for (int t = 0; t + 1 < Time; t++)
                for (int u = 0; u < Units; u++) changes += Math.Pow(output[(b * Time + t + 1) * Units + u] - output[(b * Time + t) * Units + u], 2);
        expected += beta * changes / (Batch * (Time - 1) * Units);
        Assert.Equal(expected, shape.Penalty(Tensor.From(output, [Batch, Time, Units]), Tensor.From(dropped, [Batch, Time, Units])).Item, 1e-5);
    }

    [Fact]
    public void Without_activation_regularisation_there_is_none()
    {
        Assert.True(Step(Job()).Penalty.IsEmpty);
        Assert.False(Step(Job(("activation-reg", "2"), ("temporal-activation-reg", "1"))).Penalty.IsEmpty);
        // Of one step there is no change.
        Assert.True(Step(Job(("temporal-activation-reg", "1"), ("sequence", "1"))).Penalty.IsEmpty);
        // The loss that is reported is the same.
        Assert.Equal(Step(Job()).Loss.Item, Step(Job(("activation-reg", "2"))).Loss.Item);
    }

    private static StepLoss Step(TrainingJob job, int step = 0)
    {
        var tape = new Tape();
        tape.Begin();
        StepLoss loss = job.Step(step);
        tape.End();
        job.AfterStep();
        return loss;
    }

    [Fact]
    public void Lengths_vary_and_the_step_size_with_them_and_every_symbol_is_read_once()
    {
        TrainingJob job = Job(("random-lengths", "true"), ("sequence", "20"), ("batch", "2"));
        int symbols = 0;
        var lengths = new HashSet<int>();
        for (int step = 0; step < job.StepsPerEpoch; step++)
        {
            int length = Step(job, step).Symbols / 2;
            Assert.Equal(length / 20.0, job.LearningRateFactor, 1e-12);
            lengths.Add(length);
            symbols += 2 * length;
        }
        Assert.Equal(job.SymbolsPerEpoch, symbols);
        Assert.True(lengths.Count > 5, string.Join(' ', lengths));
        Assert.Equal(1, Job().LearningRateFactor);
    }

    [Fact]
    public void Lengths_are_distributed_as_they_should_be()
    {
        var lengths = new RandomLengths(70, 700_000);
        lengths.Draw(3);
        int[] all = [.. Enumerable.Range(0, lengths.Count).Select(lengths.LengthOf)];
        Assert.Equal(700_000, all.Sum());
        Assert.Equal(lengths.Longest, all.Max());
        Assert.Equal(0.05, all.Count(length => length < 52) / (double)all.Length, 0.01);
        int[] usual = [.. all.Where(length => length >= 52)];
        Assert.Equal(70, usual.Average(), 0.5);
        Assert.Equal(5, Math.Sqrt(usual.Average(length => Math.Pow(length - usual.Average(), 2))), 0.3);
        int first = lengths.LengthOf(0) + lengths.LengthOf(1);
        lengths.Draw(4);
        Assert.NotEqual(all, Enumerable.Range(0, lengths.Count).Select(lengths.LengthOf));
        lengths.Draw(3);
        Assert.Equal(first, lengths.From(2));
        // Streams hardly longer than a piece.
        foreach (int stream in (int[])[1, 2, 3, 7, 80])
        {
            var few = new RandomLengths(2, stream);
            few.Draw(1);
            Assert.All(Enumerable.Range(0, few.Count), piece => Assert.True(few.LengthOf(piece) > 0));
            Assert.Equal(stream, few.From(few.Count));
        }
    }

    [Fact]
    public void A_run_with_all_of_it_is_resumed_bit_for_bit()
    {
        (string, string)[] values = [("recipe", "awd-lstm"), ("embedding", "6"), ("hidden", "8"), ("last-hidden", "6"), ("batch", "3"), ("sequence", "12"), ("epochs", "3"), ("validate-every", "7"), ("average-after", "0")];
        byte[] Run(params int[] stops)
        {
            string folder = Directory.CreateTempSubdirectory().FullName;
            try
            {
                foreach (int stop in (int[])[.. stops, int.MaxValue])
                {
                    var (task, settings) = Setup(values);
                    TrainingJob job = task.Prepare(settings).Job;
                    TrainerOptions options = CommonOptions.ToTrainerOptions(settings, job.StepsPerEpoch) with { Folder = folder };
                    using var source = new CancellationTokenSource();
                    new Trainer(job, options).Observe(new Stopper(stop, source)).Resume(source.Token);
                }
                return File.ReadAllBytes(new RunFolder(folder).Model);
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        byte[] whole = Run();
        Assert.Equal(whole, Run(5, 9, 30));
    }

    private sealed class Stopper(int last, CancellationTokenSource source) : IRunObserver
    {
        public void OnStep(in StepDone step)
        {
            if (step.Step == last) source.Cancel();
        }
    }

    [Fact]
    public void A_step_with_all_of_it_allocates_nothing_once_it_is_running()
    {
        Assert.Equal(0, TrainingSteps.AllocatedBy(Job(("tie", "true"), ("last-hidden", "4"), ("weight-drop", "0.5"), ("embedding-dropout", "0.1"), ("input-dropout", "0.3"), ("dropout", "0.3"), ("dropout-inputs", "true"),
            ("variational", "true"), ("output-dropout", "0.4"), ("activation-reg", "2"), ("temporal-activation-reg", "1"))));
    }

    [Fact]
    public void A_model_of_tokens_writes_lines()
    {
        var (task, settings) = Setup(("level", "token"), ("hidden", "6"), ("steps", "1"));
        var model = (ITextGenerator)task.Open(task.Prepare(settings).Job.ToModelFile());
        string text = string.Concat(model.Generate(new GenerationRequest(40) { Prime = "w1 w2", Seed = 2 }, Assert.Fail));
        Assert.StartsWith("w1 w2", text, StringComparison.Ordinal);
        Assert.DoesNotContain("<eos>", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\n ", text, StringComparison.Ordinal);
    }
}
