using Unroll.Files;
using Unroll.Kernels;
using Unroll.Losses;
using Unroll.Optimizers;
using Unroll.Training;

namespace Unroll.Tests.Training;

public sealed class TrainerTests
{
    private static readonly TrainerOptions Options = new() { Steps = 30, ReportEvery = 10, Optimizer = new AdamOptions { LearningRate = 0.05f } };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static (RunResult Result, Listener Heard) Run(TinyJob job, TrainerOptions options)
    {
        var listener = new Listener();
        return (new Trainer(job, options).Observe(listener).Run(Token), listener);
    }

    private static float[] Weights(TinyJob job) => [.. job.Model.Parameters.SelectMany(parameter => parameter.Values.ToArray())];

    [Fact]
    public void A_run_learns_and_tells_what_it_does()
    {
        var (result, heard) = Run(new TinyJob(), Options with { Steps = 200 });
        Assert.Equal((RunOutcome.Completed, 200L, 800L, 0L), (result.Outcome, result.Steps, result.Symbols, result.Skipped));
        Assert.Equal(200 / 7.0, result.Epochs, 1e-12);
        Assert.InRange(result.BestLoss!.Value, 0, 0.02);
        Assert.Same(result, heard.End);
        Assert.Null(result.Model);

        Assert.Equal(new RunStarted(0, 200, 7, 25, null), Assert.Single(heard.Starts));
        Assert.Equal(Enumerable.Range(1, 200).Select(step => (long)step), heard.Steps.Select(step => step.Step));
        Assert.Equal(Enumerable.Range(1, 20).Select(step => 10L * step), heard.Reports.Select(report => report.Step));
        Assert.Equal([.. Enumerable.Range(1, 28).Select(epoch => 7L * epoch), 200L], heard.Validations.Select(validation => validation.Step));
        Assert.Equal(heard.Validations.Count, heard.Samples.Count);
        Assert.Empty(heard.Checkpoints);
        Assert.Empty(heard.Warnings);
        Assert.Equal(heard.Steps.Skip(10).Take(10).Average(step => step.Loss), heard.Reports[1].Loss, 1e-12);
        Assert.Equal(heard.Steps.Skip(10).Take(10).Average(step => step.GradientNorm), heard.Reports[1].GradientNorm, 1e-12);
        Assert.Equal(heard.Validations.Min(validation => validation.Metrics["loss"]), result.BestLoss);
        Assert.Equal(heard.Validations.MinBy(validation => validation.Metrics["loss"]).Step, result.BestStep);
        Assert.Equal(heard.Validations.Last().Metrics, result.Metrics);
    }

    [Fact]
    public void Epochs_and_steps_end_a_run_whichever_is_first()
    {
        Assert.Equal(14, Run(new TinyJob(), Options with { Epochs = 2 }).Result.Steps);
        Assert.Equal(5, Run(new TinyJob(), Options with { Epochs = 2, Steps = 5 }).Result.Steps);
        // Two epochs of seven batches, three a step: the last step reaches into the third epoch.
        Assert.Equal(5, Run(new TinyJob(), Options with { Epochs = 2, GradientAccumulation = 3 }).Result.Steps);
    }

    [Fact]
    public void A_seed_decides_everything()
    {
        TinyJob one = new(), same = new(), other = new();
        Run(one, Options);
        Run(same, Options with { ReportEvery = 3, ValidateEvery = 4, SampleEvery = 5 });
        Run(other, Options with { Seed = 2 });
        Assert.Equal(Weights(one), Weights(same));
        Assert.NotEqual(Weights(one), Weights(other));
    }

    [Fact]
    public void One_thread_and_two_give_the_same_files()
    {
        int threads = ThreadTeam.Threads;
        RunFiles With(int count)
        {
            using var folder = new TemporaryFolder();
            ThreadTeam.Threads = count;
            Run(new TinyJob(20_000), Options with { Folder = folder.Path, Steps = 12, Clipping = Clipping.GlobalNorm(1) });
            return RunFiles.Of(folder.Path);
        }
        try
        {
            Assert.Equal(With(1), With(2));
        }
        finally
        {
            ThreadTeam.Threads = threads;
        }
    }

    [Fact]
    public void A_steady_step_allocates_nothing()
    {
        long before = 0, after = 0;
        var meter = new Meter(step =>
        {
            if (step == 20) before = GC.GetAllocatedBytesForCurrentThread();
            if (step == 120) after = GC.GetAllocatedBytesForCurrentThread();
        });
        var options = Options with
        {
            Steps = 130,
            ReportEvery = 1000,
            ValidateEvery = 1000,
            Clipping = Clipping.GlobalNorm(0.5),
            Prior = Prior.Gaussian(1),
            Schedule = Schedule.Plateau().WarmUp(50),
            GradientAccumulation = 2,
        };
        Assert.Equal(0, Allocation.Least(() =>
        {
            new Trainer(new TinyJob(), options).Observe(meter).Run(Token);
            return after - before;
        }));
    }

    private sealed class Meter(Action<long> at) : IRunObserver
    {
        public void OnStep(in StepDone step) => at(step.Step);
    }

    /// <summary>An optimizer of the user's own, which leaves the weights and keeps the gradients it is given, those of each step joined.</summary>
    private sealed record KeeperOptions(List<List<float>> Gradients) : OptimizerOptions
    {
        public override string Name => "keeper";

        public override float LearningRate { get; init; } = 1;

        public override Optimizer Create() => new Keeper(Gradients);
    }

    private sealed class Keeper(List<List<float>> gradients) : Optimizer
    {
        protected override void Update(in ParameterUpdate update)
        {
            if (gradients.Count < update.Step) gradients.Add([]);
            for (int i = 0; i < update.Gradient.Length; i++) gradients[^1].Add(update.GradientScale * update.Gradient[i]);
        }
    }

    [Fact]
    public void Accumulated_gradients_are_averaged()
    {
        List<List<float>> gradients = [], means = [];
        TinyJob single = new(), pair = new();
        Listener collect = new(), collectPair = new();
        new Trainer(single, Options with { Steps = 6, Optimizer = new KeeperOptions(gradients) }).Observe(collect).Run(Token);
        new Trainer(pair, Options with { Steps = 3, GradientAccumulation = 2, Optimizer = new KeeperOptions(means) }).Observe(collectPair).Run(Token);
        for (int step = 0; step < 3; step++)
        {
            double norm = 0;
            for (int i = 0; i < means[step].Count; i++)
            {
                Assert.Equal((gradients[2 * step][i] + gradients[2 * step + 1][i]) / 2, means[step][i], 5e-7f);
                norm += Math.Pow(means[step][i], 2);
            }
            Assert.True(norm > 0);
            Assert.Equal(Math.Sqrt(norm), collectPair.Steps[step].GradientNorm, 1e-6);
            Assert.Equal((collect.Steps[2 * step].Loss + collect.Steps[2 * step + 1].Loss) / 2, collectPair.Steps[step].Loss, 1e-6);
            Assert.Equal(8, collectPair.Steps[step].Symbols);
        }
    }

    [Fact]
    public void Patience_ends_a_run_and_the_best_model_is_kept()
    {
        using var folder = new TemporaryFolder();
        double[] losses = [3, 2, 2.5, 1.9, 1.95, 1.95, 1, 1];
        byte[] best = [];
        var job = new TinyJob { FakeLoss = count => losses[count - 1] };
        var heard = new Listener { Stepped = step => { if (step.Step == 21) best = File.ReadAllBytes(folder.File("model.safetensors")); } };
        var options = Options with { Folder = folder.Path, Steps = 100, ValidateEvery = 5, Patience = 2 };
        RunResult result = new Trainer(job, options).Observe(heard).Run(Token);
        Assert.Equal((RunOutcome.StoppedEarly, 30L, 1.9, 20L), (result.Outcome, result.Steps, result.BestLoss!.Value, result.BestStep!.Value));
        Assert.Equal([true, true, false, true, false, false], heard.Validations.Select(validation => validation.IsBest));
        Assert.Equal(best, File.ReadAllBytes(folder.File("model.safetensors")));
        // Resuming an ended run ends it again.
        Assert.Equal((RunOutcome.StoppedEarly, 30L), new Trainer(new TinyJob(), options).Resume(Token) is var again ? (again.Outcome, again.Steps) : default);
        // A gain below the least improvement does not count for patience, but the model is still the best.
        var second = new TinyJob { FakeLoss = count => losses[count - 1] };
        RunResult strict = new Trainer(second, options with { Folder = null, MinimumImprovement = 0.5 }).Run(Token);
        Assert.Equal((20L, 1.9), (strict.Steps, strict.BestLoss!.Value));
    }

    [Fact]
    public void A_validation_loss_that_is_no_number_is_never_best()
    {
        double[] losses = [double.NaN, 2, double.NaN];
        var (result, heard) = Run(new TinyJob { FakeLoss = count => losses[count - 1] }, Options with { Steps = 15, ValidateEvery = 5 });
        Assert.Equal([false, true, false], heard.Validations.Select(validation => validation.IsBest));
        Assert.Equal(2, result.BestLoss);
    }

    [Fact]
    public void Without_validation_data_the_model_file_is_the_latest()
    {
        using var folder = new TemporaryFolder();
        var job = new TinyJob { HasValidation = false };
        long saved = 0;
        var heard = new Listener { Stepped = step => { if (step.Step == 1) saved = new FileInfo(folder.File("model.safetensors")).Length; } };
        RunResult result = new Trainer(job, Options with { Folder = folder.Path, CheckpointEvery = 10 }).Observe(heard).Run(Token);
        Assert.True(saved > 0);
        Assert.Equal((null, null), (result.BestLoss, result.BestStep));
        Assert.Empty(heard.Validations);
        Assert.Empty(result.Metrics);
        Assert.Equal([0L, 10, 20, 30], heard.Checkpoints);
        var other = new TinyJob();
        ModelFile.Read(result.Model!, "tiny").CopyTo(other.Model.Parameters);
        Assert.Equal(Weights(job), Weights(other));
    }

    [Fact]
    public void A_step_that_is_not_finite_is_skipped_and_counted()
    {
        var (result, heard) = Run(new TinyJob { IsBad = batch => batch is 4 or 5 or 9 }, Options);
        Assert.Equal((RunOutcome.Completed, 3L), (result.Outcome, result.Skipped));
        Assert.Equal([5L, 6, 10], heard.Steps.Where(step => step.Skipped).Select(step => step.Step));
        Assert.Equal(["Step 5 was skipped: the loss is not finite.", "Step 6 was skipped: the loss is not finite.", "Step 10 was skipped: the loss is not finite."], heard.Warnings);
        Assert.True(double.IsFinite(heard.Reports[0].Loss));
        Assert.True(double.IsFinite(result.TrainingLoss));
    }

    [Fact]
    public void Too_many_bad_steps_in_a_row_end_the_run_and_leave_the_last_checkpoint()
    {
        using var folder = new TemporaryFolder();
        var options = Options with { Folder = folder.Path, CheckpointEvery = 5, MaximumSkippedSteps = 3 };
        var heard = new Listener();
        string message = Assert.Throws<RunFailedException>(() => new Trainer(new TinyJob { IsBad = batch => batch is 2 or 3 or > 11 }, options).Observe(heard).Run(Token)).Message;
        Assert.Equal("3 steps in a row were skipped, up to step 15: the loss is not finite. Lower the learning rate, or clip the gradient.", message);
        Assert.Equal([0L, 5, 10], heard.Checkpoints);
        Assert.Equal(30, new Trainer(new TinyJob(), options).Resume(Token).Steps);
    }

    [Fact]
    public void The_first_bad_tensor_is_named()
    {
        var job = new TinyJob();
        var heard = new Listener { Stepped = step => { if (step.Step == 3) job.Model.Parameters[2].Values[1] = float.PositiveInfinity; } };
        Assert.Throws<RunFailedException>(() => new Trainer(job, Options).Observe(heard).Run(Token));
        Assert.Equal("Step 4 was skipped: the values of out are not finite.", heard.Warnings[0]);
    }

    [Fact]
    public void A_prior_draws_weights_towards_zero_and_is_reported()
    {
        TinyJob free = new(), drawn = new();
        var (_, plain) = Run(free, Options);
        var (_, heard) = Run(drawn, Options with { Prior = Prior.Gaussian(0.05) });
        Assert.Equal(0, plain.Reports[0].Prior);
        Assert.NotEqual(0, heard.Reports[0].Prior);
        Assert.True(Weights(drawn).Sum(Math.Abs) < 0.7 * Weights(free).Sum(Math.Abs));
    }

    [Fact]
    public void Options_that_make_no_sense_are_refused()
    {
        foreach (TrainerOptions wrong in (TrainerOptions[])
            [
                new(), Options with { Steps = 0 }, Options with { Epochs = 0 }, Options with { GradientAccumulation = 0 }, Options with { ReportEvery = 0 },
                Options with { ValidateEvery = 0 }, Options with { SampleEvery = 0 }, Options with { CheckpointEvery = 0 }, Options with { Patience = 0 },
                Options with { MinimumImprovement = -1 }, Options with { MaximumSkippedSteps = 0 }, Options with { Optimizer = new AdamOptions { Epsilon = 0 } },
            ])
            Assert.Throws<BadUsageException>(() => new Trainer(new TinyJob(), wrong));
        Assert.Throws<BadUsageException>(() => new Trainer(new TinyJob(), Options).Resume(Token));
        var used = new Trainer(new TinyJob(), Options);
        used.Run(Token);
        Assert.Throws<InvalidOperationException>(() => used.Run(Token));
    }
}
