using Unroll.Files;
using Unroll.Optimizers;
using Unroll.Tensors;
using Unroll.Tests.Training;
using Unroll.Training;

namespace Unroll.Tests.Optimizers;

/// <summary>Averaged SGD beside plain SGD whose weights are kept after every step and averaged in double precision.</summary>
public sealed class AsgdTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Validation losses that fall until the third and are best again at the sixth.</summary>
    private static readonly double[] Losses = [5, 4, 3, 4, 4.5, 1, 2, 2, 2];

    private static TrainerOptions Options(OptimizerOptions optimizer, string? folder = null) => new()
    {
        Folder = folder,
        Steps = 27,
        Seed = 3,
        Optimizer = optimizer,
        ValidateEvery = 3,
        CheckpointEvery = 4,
    };

    private static float[] Weights(TrainingJob job) => [.. job.Model.Parameters.SelectMany(parameter => parameter.Values.ToArray())];

    private static double[] Mean(IEnumerable<float[]> weights)
    {
        float[][] all = [.. weights];
        return [.. Enumerable.Range(0, all[0].Length).Select(i => all.Average(w => (double)w[i]))];
    }

    /// <summary>The weights after every step of plain SGD.</summary>
    private static List<float[]> Iterates()
    {
        var weights = new List<float[]>();
        var job = new TinyJob { FakeLoss = number => Losses[number - 1] };
        new Trainer(job, Options(new SgdOptions { LearningRate = 0.05f })).Observe(new Listener { Stepped = _ => weights.Add(Weights(job)) }).Run(Token);
        return weights;
    }

    private static void Near(double[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++) Assert.InRange(actual[i] - expected[i], -1e-6, 1e-6);
    }

    [Fact]
    public void The_means_are_validated_and_saved_and_the_weights_trained_on()
    {
        List<float[]> iterates = Iterates();
        using var folder = new TemporaryFolder();
        var validated = new List<float[]>();
        TinyJob job = null!;
        job = new TinyJob { FakeLoss = number => Losses[number - 1], OnValidate = () => validated.Add(Weights(job)) };
        var options = Options(new AsgdOptions { LearningRate = 0.05f, AverageAfter = 1 }, folder.Path);
        new Trainer(job, options).Run(Token);

        // The fifth loss, at step 15, is the first above the lowest of those before the last two: 4.5 > min(5, 4, 3).
        for (int i = 0; i < 5; i++) Assert.Equal(iterates[3 * i + 2], validated[i]);
        for (int i = 5; i < 9; i++) Near(Mean(iterates[15..(3 * i + 3)]), validated[i]);
        SafetensorsFile saved = SafetensorsFile.Read(folder.File("model.safetensors"));
        Near(Mean(iterates[15..18]), [.. job.Model.Parameters.SelectMany(parameter => saved.Find(parameter.Name)!.As<float>(DataType.F32).ToArray())]);
        Assert.Equal(iterates[^1], Weights(job));
    }

    [Fact]
    public void Averaging_from_the_first_step_needs_no_validation()
    {
        List<float[]> iterates = Iterates();
        using var folder = new TemporaryFolder();
        var job = new TinyJob { HasValidation = false };
        new Trainer(job, Options(new AsgdOptions { LearningRate = 0.05f, AverageAfter = 0 }, folder.Path)).Run(Token);
        SafetensorsFile saved = SafetensorsFile.Read(folder.File("model.safetensors"));
        Near(Mean(iterates), [.. job.Model.Parameters.SelectMany(parameter => saved.Find(parameter.Name)!.As<float>(DataType.F32).ToArray())]);
    }

    /// <summary>Algorithm 1 of Merity, Keskar &amp; Socher 2018: T is set when t &gt; n and v &gt; min of logs[0 … t − n − 1], where t losses were logged before v.</summary>
    [Fact]
    public void Averaging_is_triggered_as_the_paper_says()
    {
        var random = new RandomState(4);
        for (int n = 0; n < 5; n++)
        {
            for (int run = 0; run < 40; run++)
            {
                double[] losses = [.. Enumerable.Range(0, 14).Select(i => 3 - 0.2 * i + 0.9 * random.NextGaussian())];
                int expected = -1;
                for (int t = n + 1; t < losses.Length && expected < 0; t++)
                    if (Enumerable.Range(0, t - n).Any(l => losses[t] > losses[l])) expected = t;
                if (n == 0) expected = 0;
                var optimizer = (Asgd)new AsgdOptions { AverageAfter = n }.Create();
                int found = n == 0 && optimizer.AverageFrom == 0 ? 0 : -1;
                for (int t = 0; t < losses.Length && found < 0; t++)
                {
                    optimizer.Steps = 10 * (t + 1);
                    optimizer.OnValidation(losses.AsSpan(0, t + 1));
                    if (optimizer.AverageFrom == optimizer.Steps) found = t;
                }
                Assert.Equal(expected, found);
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Killed_after_any_step_a_resumed_run_ends_as_one_never_killed(int averageAfter)
    {
        // So large a rate that the validation loss soon rises.
        var optimizer = new AsgdOptions { LearningRate = 0.6f, AverageAfter = averageAfter };
        using var whole = new TemporaryFolder();
        new Trainer(new TinyJob(), Options(optimizer, whole.Path)).Run(Token);
        Assert.DoesNotContain("\"optimizer.average_from\":-1", RunFiles.Of(whole.Path).Values);
        for (int kill = 1; kill < 27; kill += 2)
        {
            using var folder = new TemporaryFolder();
            using var source = new CancellationTokenSource();
            var listener = new Listener { Stepped = step => { if (step.Step == kill) source.Cancel(); } };
            Assert.Equal(RunOutcome.Interrupted, new Trainer(new TinyJob(), Options(optimizer, folder.Path)).Observe(listener).Run(source.Token).Outcome);
            new Trainer(new TinyJob(), Options(optimizer, folder.Path)).Resume(Token);
            Assert.Equal(RunFiles.Of(whole.Path), RunFiles.Of(folder.Path));
        }
    }

    [Fact]
    public void A_negative_number_of_validations_is_refused() => Assert.Throws<BadUsageException>(() => new AsgdOptions { AverageAfter = -1 }.Create());
}
