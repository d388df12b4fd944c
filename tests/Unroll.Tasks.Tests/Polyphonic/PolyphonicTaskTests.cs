using Unroll.Tasks.Polyphonic;
using Unroll.Tasks.Sequences;
using Unroll.Tensors;
using Unroll.Training;

namespace Unroll.Tasks.Tests.Polyphonic;

public sealed class PolyphonicTaskTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("unroll-polyphonic-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static (StoredTask Task, TaskSettings Settings) Setup(params (string Name, string Value)[] values)
    {
        var task = (StoredTask)TaskCatalogue.Get("polyphonic");
        var settings = new TaskSettings(task.Options).Set("hidden", "12");
        foreach (var (name, value) in values) settings.Set(name, value);
        return (task, settings);
    }

    private string PathOf(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>A file of so many pieces of 2 to 12 steps of up to 3 notes.</summary>
    private string Ragged(int pieces)
    {
        var random = new RandomState(6);
        return PathOf($"{pieces}.jsonl", string.Join('\n', Enumerable.Range(0, pieces).Select(_ =>
            $"[{string.Join(',', Enumerable.Range(0, 2 + random.NextInt(11)).Select(_ => $"[{string.Join(',', Enumerable.Range(0, random.NextInt(4)).Select(_ => random.NextInt(88)))}]"))}]")));
    }

    [Fact]
    public void The_nll_is_that_of_every_note_of_every_step_after_the_first_and_accuracy_counts_frames()
    {
        string[] lines = ["[[3,50],[3],[],[87,3]]", "[[10],[11,12,13]]", "[[0],[0],[0,1],[1],[],[2]]"];
        var (task, settings) = Setup(("data", PathOf("train.jsonl", string.Join('\n', lines))), ("valid", PathOf("valid.jsonl", string.Join('\n', lines))));
        StoredParts parts = task.Read(settings);
        TrainingJob job = task.Prepare(settings).Job;
        job.Initialize(new RandomState(5));
        foreach (Parameter parameter in job.Model.Parameters)
        {
            // Far enough from 0 that some notes are thought likely.
            var random = new RandomState(9).Fork(parameter.Name);
            foreach (ref float value in parameter.Values) value = (float)(0.7 * random.NextGaussian());
        }
        var metrics = job.Validate(Token);

        double nats = 0, both = 0, either = 0;
        int steps = 0;
        for (int piece = 0; piece < lines.Length; piece++)
        {
            // One step at a time, from the state that the step before left.
            var network = (SequenceNetwork)job.Model;
            var session = network.Recurrent.NewSession();
            var h = new float[12];
            (float[] weight, float[] bias) = (Array("output.weight"), Array("output.bias"));
            var pieces = (Pieces)parts.Training;
            for (int step = 0; step + 1 < pieces.StepsOf(piece); step++)
            {
                var x = new float[88];
                foreach (byte note in pieces[piece, step]) x[note] = 1;
                session.Step(x, h);
                for (int note = 0; note < 88; note++)
                {
                    double logit = bias[note] + Enumerable.Range(0, 12).Sum(i => (double)weight[note * 12 + i] * h[i]), p = 1 / (1 + Math.Exp(-logit));
                    bool sounds = pieces[piece, step + 1].Contains((byte)note), said = p > 0.5;
                    nats -= Math.Log(sounds ? p : 1 - p);
                    if (sounds && said) both++;
                    if (sounds || said) either++;
                }
                steps++;
            }
        }
        Assert.Equal(3 + 1 + 5, steps);
        Assert.True(both > 0);
        Assert.Equal(nats / steps, metrics["nll"], 1e-3);
        Assert.Equal(metrics["loss"], metrics["nll"]);
        Assert.Equal(both / either, metrics["accuracy"], 1e-9);

        float[] Array(string name) => job.Model.Parameters.Single(parameter => parameter.Name == name).Values.ToArray();
    }

    [Fact]
    public void The_sample_is_learned_and_a_saved_model_is_judged_the_same_on_what_was_kept_aside()
    {
        var (task, settings) = Setup(("epochs", "4"), ("hidden", "32"));
        TrainingJob job = task.Prepare(settings).Job;
        RunResult result = new Trainer(job, CommonOptions.ToTrainerOptions(settings, job.StepsPerEpoch)).Run(Token);
        // Each note by its share alone comes to 15 nats.
        Assert.InRange(result.Metrics["nll"], 2, 11);
        TaskModel model = task.Open(job.ToModelFile());
        Evaluation again = model.Evaluate(new TaskSettings(task.EvaluationOptions), Token);
        Assert.Equal(result.Metrics, again.Metrics);
        Assert.Equal(40, again.Examples);
        Assert.Contains("kept aside", Assert.Single(again.Notes));
        Evaluation other = model.Evaluate(new TaskSettings(task.EvaluationOptions).Set("data", PathOf("a.jsonl", "[[1],[2],[3]]\n[[4],[5]]")), Token);
        Assert.Equal((2, 3L), (other.Examples, other.Symbols));
    }

    [Theory]
    [InlineData("valid-share", "0.4", 6, 4)]
    [InlineData("valid-share", "0.01", 9, 1)]
    [InlineData("sequence", "2", 18, 1)]
    public void Without_validation_data_the_last_pieces_are_kept_aside_and_only_training_pieces_are_cut(string option, string value, int training, int validation)
    {
        string data = PathOf("data.jsonl", string.Concat(Enumerable.Range(0, 10).Select(i => $"[[{i}],[1],[2],[3]]\n")));
        var (task, settings) = Setup(("data", data), (option, value));
        StoredParts parts = task.Read(settings);
        Assert.Equal((training, validation), (parts.Training.Count, parts.Validation.Count));
        Assert.Equal(10 - validation, ((Pieces)parts.Validation)[0, 0][0]);
        Assert.Equal(3, parts.Validation.LengthOf(0));
        var (_, one) = Setup(("data", PathOf("one.jsonl", "[[1],[2]]")));
        Assert.Contains("only one piece", Assert.Throws<BadInputException>(() => task.Read(one)).Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(50)]
    [InlineData(73)]
    public void A_resumed_run_ends_like_one_never_stopped_and_other_data_are_refused(int stop)
    {
        var (task, settings) = Setup(("data", Ragged(110)), ("dropout", "0.2"), ("layers", "2"), ("validate-every", "40"));
        Assert.Equal(25, task.Prepare(settings).Job.StepsPerEpoch);
        float[][] whole = Train("whole", 80, resume: false);
        Assert.NotEqual(whole, Train("part", stop, resume: false));
        Assert.Equal(whole, Train("part", 80, resume: true));
        settings.Set("data", Ragged(111));
        Assert.Contains("not what the run was begun with", Assert.Throws<BadInputException>(() => Train("part", 90, resume: true)).Message);

        float[][] Train(string name, int steps, bool resume)
        {
            TrainingJob job = task.Prepare(settings).Job;
            var trainer = new Trainer(job, CommonOptions.ToTrainerOptions(settings, 25) with { Folder = Path.Combine(_folder, name), Steps = steps, Seed = 1 });
            _ = resume ? trainer.Resume(Token) : trainer.Run(Token);
            return [.. job.Model.Parameters.Select(parameter => parameter.Values.ToArray())];
        }
    }

    [Fact]
    public void A_training_step_allocates_nothing_whatever_the_lengths_of_its_pieces()
    {
        var (task, settings) = Setup(("data", Ragged(30)), ("layers", "2"), ("dropout", "0.1"));
        Assert.Equal(0, TrainingSteps.AllocatedBy(task.Prepare(settings).Job));
    }

    [Fact]
    public void Pieces_of_the_sample_are_chords_of_one_major_key_with_a_melody_that_meets_them()
    {
        Pieces pieces = PieceGenerator.Generate(new RandomState(4), 60);
        var keys = new HashSet<int>();
        for (int piece = 0; piece < pieces.Count; piece++)
        {
            int[][] steps = [.. Enumerable.Range(0, pieces.StepsOf(piece)).Select(step => pieces[piece, step].ToArray().Select(note => (int)note).ToArray())];
            Assert.True(steps.Length is >= 32 and <= 64 && steps.Length % 4 == 0);
            // A note's name is counted from C; note 0 is an A.
            int[] names = [.. steps.SelectMany(step => step).Select(note => (note + 9) % 12).Distinct()];
            int[] fitting = [.. Enumerable.Range(0, 12).Where(key => names.All(name => new[] { 0, 2, 4, 5, 7, 9, 11 }.Contains((name - key + 12) % 12)))];
            Assert.NotEmpty(fitting);
            keys.UnionWith(fitting);
            for (int step = 0; step < steps.Length; step++)
            {
                Assert.Equal(5, steps[step].Length);
                int[] chord = [.. steps[step][1..4].Select(note => note % 12).Order()];
                Assert.Contains(steps[step][0] % 12, chord);
                if (step % 4 == 0) Assert.Contains(steps[step][4] % 12, chord);
                else Assert.Equal(steps[step - 1][..4], steps[step][..4]);
            }
            Assert.Equal(steps[0][..4], steps[^1][..4]);
        }
        Assert.True(keys.Count >= 10);
    }
}
