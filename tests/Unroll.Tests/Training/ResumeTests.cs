using Unroll.Files;
using Unroll.Optimizers;
using Unroll.Training;

namespace Unroll.Tests.Training;

/// <summary>A run that was killed at any moment and resumed ends as one that never was.</summary>
public sealed class ResumeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private sealed class Killed : Exception;

    private static TrainerOptions Options(string folder) => new()
    {
        Folder = folder,
        Recipe = new Recipe("tiny", 7, new Dictionary<string, string> { ["hidden"] = "5" }),
        Steps = 19,
        Seed = 7,
        Optimizer = new AdamOptions { LearningRate = 0.05f },
        Schedule = Schedule.Plateau(patience: 0, factor: 0.5).WarmUp(3),
        Clipping = Clipping.GlobalNorm(0.3),
        ReportEvery = 2,
        ValidateEvery = 3,
        CheckpointEvery = 4,
    };

    private static readonly Lazy<RunFiles> Whole = new(() =>
    {
        using var folder = new TemporaryFolder();
        new Trainer(new TinyJob(), Options(folder.Path)).Run(Token);
        return RunFiles.Of(folder.Path);
    });

    [Fact]
    public void Killed_after_any_step_a_resumed_run_ends_as_one_never_killed()
    {
        for (int kill = 1; kill <= 19; kill++)
        {
            using var folder = new TemporaryFolder();
            var killer = new Listener { Stepped = step => { if (step.Step == kill) throw new Killed(); } };
            Assert.Throws<Killed>(() => new Trainer(new TinyJob(), Options(folder.Path)).Observe(killer).Run(Token));
            // What a kill may leave: half a line, half an event, half a temporary file.
            File.AppendAllText(folder.File("metrics.jsonl"), "{\"event\":\"repo");
            File.AppendAllText(Directory.GetFiles(folder.Path, "events.*")[0], "half");
            File.WriteAllText(folder.File("checkpoint.safetensors.tmp"), "half");
            RunResult result = new Trainer(new TinyJob(), Options(folder.Path)).Resume(Token);
            Assert.Equal(RunOutcome.Completed, result.Outcome);
            Assert.Equal(Whole.Value, RunFiles.Of(folder.Path));
        }
    }

    [Fact]
    public void Cancelled_after_any_step_and_resumed_it_ends_the_same()
    {
        using var folder = new TemporaryFolder();
        RunResult result;
        int runs = 0;
        do
        {
            using var source = new CancellationTokenSource();
            var listener = new Listener { Stepped = _ => source.Cancel() };
            result = new Trainer(new TinyJob(), Options(folder.Path)).Observe(listener).Resume(source.Token);
            runs++;
        }
        while (result.Outcome == RunOutcome.Interrupted && runs < 100);
        Assert.Equal(RunOutcome.Completed, result.Outcome);
        Assert.Equal(Whole.Value, RunFiles.Of(folder.Path));
    }

    [Fact]
    public void A_cancelled_validation_is_done_anew_on_resuming()
    {
        using var folder = new TemporaryFolder();
        using var source = new CancellationTokenSource();
        var job = new TinyJob { OnValidate = source.Cancel };
        RunResult result = new Trainer(job, Options(folder.Path)).Run(source.Token);
        Assert.Equal((RunOutcome.Interrupted, 3L), (result.Outcome, result.Steps));
        new Trainer(new TinyJob(), Options(folder.Path)).Resume(Token);
        Assert.Equal(Whole.Value, RunFiles.Of(folder.Path));
    }

    [Fact]
    public void Whichever_write_fails_the_run_resumes_to_the_same_end()
    {
        int failures = 0;
        for (int writes = 0; ; writes += 9)
        {
            using var folder = new TemporaryFolder();
            var disk = new FailingDisk(writes);
            AtomicFile.Intercept.Value = disk.Guard;
            try
            {
                new Trainer(new TinyJob(), Options(folder.Path)).Run(Token);
                break;
            }
            catch (RunFailedException exception)
            {
                failures++;
                Assert.Contains("No space left", exception.Message);
                Assert.DoesNotContain('\n', exception.Message);
            }
            finally
            {
                AtomicFile.Intercept.Value = null;
            }
            if (File.Exists(folder.File("checkpoint.safetensors"))) SafetensorsFile.Read(folder.File("checkpoint.safetensors"));
            new Trainer(new TinyJob(), Options(folder.Path)).Resume(Token);
            Assert.Equal(Whole.Value, RunFiles.Of(folder.Path));
        }
        Assert.True(failures > 10, $"only {failures} failures were tried");
    }

    [Fact]
    public void A_run_made_longer_ends_in_the_weights_of_one_that_was_long_from_the_start()
    {
        using var folder = new TemporaryFolder();
        new Trainer(new TinyJob(), Options(folder.Path) with { Steps = 12 }).Run(Token);
        new Trainer(new TinyJob(), Options(folder.Path)).Resume(Token);
        Assert.Equal(Whole.Value, RunFiles.Of(folder.Path));
    }

    [Fact]
    public void A_run_that_has_ended_ends_again_at_once()
    {
        using var folder = new TemporaryFolder();
        new Trainer(new TinyJob(), Options(folder.Path)).Run(Token);
        byte[] before = File.ReadAllBytes(folder.File("checkpoint.safetensors"));
        var listener = new Listener();
        RunResult again = new Trainer(new TinyJob(), Options(folder.Path)).Observe(listener).Resume(Token);
        Assert.Equal((RunOutcome.Completed, 19L), (again.Outcome, again.Steps));
        Assert.Empty(listener.Steps);
        Assert.Equal(before, File.ReadAllBytes(folder.File("checkpoint.safetensors")));
    }

    [Fact]
    public void A_folder_with_a_run_in_it_is_not_overwritten()
    {
        using var folder = new TemporaryFolder();
        new Trainer(new TinyJob(), Options(folder.Path)).Run(Token);
        var error = Assert.Throws<BadUsageException>(() => new Trainer(new TinyJob(), Options(folder.Path)).Run(Token));
        Assert.Contains("already holds a run", error.Message);
    }

    [Fact]
    public void Two_runs_cannot_share_a_folder()
    {
        using var folder = new TemporaryFolder();
        using FileStream held = new RunFolder(folder.Path).Hold();
        var error = Assert.Throws<RunFailedException>(() => new Trainer(new TinyJob(), Options(folder.Path)).Run(Token));
        Assert.Contains("no other run uses it", error.Message);
    }

    [Fact]
    public void Another_optimizer_or_another_amount_of_data_is_refused()
    {
        using var folder = new TemporaryFolder();
        new Trainer(new TinyJob(), Options(folder.Path) with { Steps = 4 }).Run(Token);
        string Refusal(TinyJob job, TrainerOptions options) => Assert.Throws<BadInputException>(() => new Trainer(job, options).Resume(Token)).Message;
        Assert.Contains("begun with optimizer: adam, and was now to go on with sgd", Refusal(new TinyJob(), Options(folder.Path) with { Optimizer = new SgdOptions() }), StringComparison.Ordinal);
        Assert.Contains("accumulated for a step: 1, and was now to go on with 2", Refusal(new TinyJob(), Options(folder.Path) with { GradientAccumulation = 2 }), StringComparison.Ordinal);
        Assert.Contains("was written for another model", Refusal(new TinyJob(6), Options(folder.Path)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_checkpoint_is_refused()
    {
        using var folder = new TemporaryFolder();
        new Trainer(new TinyJob(), Options(folder.Path) with { Steps = 4 }).Run(Token);
        byte[] bytes = File.ReadAllBytes(folder.File("checkpoint.safetensors"));
        bytes[^3] ^= 4;
        File.WriteAllBytes(folder.File("checkpoint.safetensors"), bytes);
        Assert.Contains("damaged", Assert.Throws<BadInputException>(() => new Trainer(new TinyJob(), Options(folder.Path)).Resume(Token)).Message);
    }

    /// <summary>A disk that takes so many writes and then fails in the middle of one.</summary>
    private sealed class FailingDisk(int writes)
    {
        private int _left = writes;

        public Stream Guard(Stream inner) => new Guarded(this, inner);

        private sealed class Guarded(FailingDisk disk, Stream inner) : Stream
        {
            public override bool CanRead => false;

            public override bool CanSeek => false;

            public override bool CanWrite => true;

            public override long Length => inner.Length;

            public override long Position { get => inner.Position; set => throw new NotSupportedException(); }

            public override void Write(ReadOnlySpan<byte> buffer)
            {
                if (disk._left-- > 0)
                {
                    inner.Write(buffer);
                    return;
                }
                inner.Write(buffer[..(buffer.Length / 2)]);
                inner.Flush();
                throw new IOException("No space left on device");
            }

            public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

            public override void Flush() => inner.Flush();

            public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

            public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

            public override void SetLength(long value) => throw new NotSupportedException();
        }
    }
}
