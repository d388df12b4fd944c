using System.Text;
using Unroll.Data;
using Unroll.Files;
using Unroll.Tasks.LanguageModel;
using Unroll.Tensors;
using Unroll.Training;

namespace Unroll.Tasks.Tests.LanguageModel;

public sealed class LanguageModelTests : IDisposable
{
    private const string Text = "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness,\n";

    private readonly string _path = Path.GetTempFileName();

    public LanguageModelTests() => File.WriteAllText(_path, string.Concat(Enumerable.Repeat(Text, 12)));

    public void Dispose() => File.Delete(_path);

    private (TaskDefinition Task, TaskSettings Settings) Setup(params (string Name, string Value)[] values)
    {
        TaskDefinition task = TaskCatalogue.Get("lm");
        var settings = new TaskSettings(task.Options).Set("data", _path).Set("hidden", "12").Set("batch", "4").Set("sequence", "10").Set("steps", "6");
        foreach (var (name, value) in values) settings.Set(name, value);
        return (task, settings);
    }

    private static LanguageModelNetwork Network(TaskSettings settings, Vocabulary vocabulary, ulong seed = 3)
    {
        var network = LanguageModelNetwork.Create(settings, vocabulary.Count);
        network.Initialize(new RandomState(seed));
        return network;
    }

    /// <summary>The mean loss and the accuracy by the plainest way: one symbol at a time, softmax in double precision.</summary>
    private static (double Loss, double Accuracy) Reference(LanguageModelNetwork network, int[] symbols)
    {
        var session = new LanguageModelSession(network);
        session.Start();
        double nats = 0;
        int correct = 0;
        for (int i = 0; i + 1 < symbols.Length; i++)
        {
            float[] logits = session.Step([symbols[i]]).ToArray();
            double max = logits.Max();
            nats += max + Math.Log(logits.Sum(logit => Math.Exp(logit - max))) - logits[symbols[i + 1]];
            if (Array.IndexOf(logits, logits.Max()) == symbols[i + 1]) correct++;
        }
        return (nats / (symbols.Length - 1), (double)correct / (symbols.Length - 1));
    }

    [Theory]
    [InlineData("char", "lstm")]
    [InlineData("word", "gru")]
    [InlineData("byte", "elman")]
    [InlineData("word", "lstm", "4,9")]
    [InlineData("word", "lstm", "4,9", true)]
    public void Every_symbol_after_the_first_is_judged_once_from_all_before_it(string level, string cell, string? cutoffs = null, bool tie = false)
    {
        var (_, settings) = Setup(("level", level), ("cell", cell));
        if (tie) settings.Set("tie", "true");
        if (cutoffs is not null) settings.Set("softmax", "adaptive").Set("cutoffs", cutoffs);
        byte[] utf8 = Encoding.UTF8.GetBytes(Text + Text);
        var vocabulary = Vocabulary.Build(Vocabulary.ParseLevel(level), utf8);
        var network = Network(settings, vocabulary);
        int[] symbols = vocabulary.Encode(utf8).Symbols;
        var metrics = new LanguageModelScorer(network, vocabulary).Score(symbols, 1, TestContext.Current.CancellationToken);
        var (loss, accuracy) = Reference(network, symbols);
        Assert.Equal(loss, metrics["loss"], 1e-5);
        Assert.Equal(accuracy, metrics["accuracy"], 1e-9);
        Assert.Equal(Math.Exp(metrics["loss"]), metrics["perplexity"], 1e-9);
    }

    [Fact]
    public void Bits_per_character_of_bytes_count_characters_not_bytes()
    {
        byte[] utf8 = Encoding.UTF8.GetBytes("aéé");
        var (_, settings) = Setup(("level", "byte"));
        var network = Network(settings, Vocabulary.Bytes());
        var metrics = new LanguageModelScorer(network, Vocabulary.Bytes()).Score(Vocabulary.Bytes().Encode(utf8).Symbols, 1, TestContext.Current.CancellationToken);
        // Four bytes are judged, which begin two characters.
        Assert.Equal(metrics["bits_per_byte"] * 2, metrics["bits_per_character"], 1e-9);
    }

    [Fact]
    public void Rows_run_side_by_side_as_they_would_alone()
    {
        var (_, settings) = Setup();
        var vocabulary = Vocabulary.Build(TextLevel.Char, Encoding.UTF8.GetBytes(Text));
        var network = Network(settings, vocabulary);
        var (alone, together) = (new LanguageModelSession(network), new LanguageModelSession(network));
        alone.Start();
        alone.Step([3]);
        float[] expected = alone.Step([5]).ToArray();
        together.Start(3);
        together.Step([1, 3, 2]);
        together.Reorder([1, 1, 0]);
        float[] actual = together.Step([5, 4, 5]).ToArray();
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 1e-5f);
    }

    [Fact]
    public void The_state_is_carried_from_step_to_step_and_begins_afresh_with_each_epoch()
    {
        var (task, settings) = Setup();
        var job = task.Prepare(settings).Job;
        job.Initialize(new RandomState(1));
        var tape = new Tape();
        float Loss(int step)
        {
            tape.Begin();
            float loss = job.Step(step).Loss.Item;
            tape.End();
            job.AfterStep();
            return loss;
        }
        job.BeginEpoch(0, new RandomState(1));
        float first = Loss(0), second = Loss(1);
        job.BeginEpoch(0, new RandomState(1));
        Assert.Equal(first, Loss(0));
        job.BeginEpoch(0, new RandomState(1));
        Assert.NotEqual(second, Loss(1));
    }

    [Fact]
    public void A_tied_embedding_is_the_last_layer_s_weights()
    {
        var (task, settings) = Setup(("tie", "true"));
        var job = task.Prepare(settings).Job;
        Assert.Equal(2, job.Model.Parameters.Count(parameter => parameter.Name is "embedding.weight" or "output_bias"));
        Assert.DoesNotContain(job.Model.Parameters, parameter => parameter.Name.StartsWith("output.", StringComparison.Ordinal));
        RunResult result = new Trainer(job, CommonOptions.ToTrainerOptions(settings, job.StepsPerEpoch)).Run(TestContext.Current.CancellationToken);
        Assert.True(double.IsFinite(result.TrainingLoss));
    }

    [Theory]
    [InlineData(false, "100,400", "cut at 100, 400")]
    [InlineData(true, "100,400,1000", "cut at 100, 400, 1000, tied to the embedding")]
    public void Cutoffs_that_were_not_given_are_kept_with_the_model(bool tie, string cutoffs, string described)
    {
        File.WriteAllText(_path, string.Join(' ', Enumerable.Range(0, 1600).Select(i => $"word{i}")));
        var (task, settings) = Setup(("valid", _path), ("level", "word"), ("softmax", "adaptive"));
        if (tie) settings.Set("tie", "true");
        var file = task.Prepare(settings).Job.ToModelFile();
        // 1601 with the unknown word, by 16 and by 4.
        Assert.Equal(cutoffs, Recipe.FromJson(file.Recipe, "the recipe").Options["cutoffs"]);
        Assert.Contains(described, string.Join('\n', task.Open(file).Describe()));
    }

    [Fact]
    public void A_model_file_whose_cutoffs_its_vocabulary_lacks_is_bad_input()
    {
        var (task, settings) = Setup(("level", "word"), ("softmax", "adaptive"), ("cutoffs", "4,9"));
        var file = task.Prepare(settings).Job.ToModelFile();
        var damaged = new ModelFile(task.Name, file.Recipe.Replace("4,9", "4,99", StringComparison.Ordinal));
        foreach (var (key, value) in file.Metadata) damaged.Metadata[key] = value;
        Assert.Contains("--cutoffs 4,99: the vocabulary has", Assert.Throws<BadInputException>(() => task.Open(damaged)).Message);
    }

    [Fact]
    public void Characters_stand_by_frequency_where_the_softmax_is_adaptive()
    {
        var (_, settings) = Setup(("softmax", "adaptive"), ("cutoffs", "3"));
        Vocabulary vocabulary = LanguageModelText.Read(settings).Vocabulary;
        Assert.Equal([" ", "t", "s"], Enumerable.Range(0, 3).Select(i => vocabulary[i]));
    }

    [Theory]
    [InlineData("full")]
    [InlineData("adaptive")]
    [InlineData("adaptive", true)]
    public void A_training_step_allocates_nothing_once_it_is_running(string softmax, bool tie = false)
    {
        var (task, settings) = Setup(("dropout", "0.2"), ("softmax", softmax));
        if (tie) settings.Set("tie", "true");
        if (softmax == "adaptive") settings.Set("cutoffs", "4,9");
        Assert.Equal(0, TrainingSteps.AllocatedBy(task.Prepare(settings).Job));
    }

    [Fact]
    public void A_model_without_a_line_break_begins_with_any_of_its_symbols()
    {
        var (_, settings) = Setup();
        var vocabulary = Vocabulary.Build(TextLevel.Char, "abc"u8);
        var network = Network(settings, vocabulary);
        string Write(int length, ulong seed) => string.Concat(LanguageModelWriter.Write(network, vocabulary, new GenerationRequest(length) { Seed = seed }, Assert.Fail));
        Assert.Equal(7, Write(7, 1).Length);
        Assert.Equal("", Write(0, 1));
        Assert.True(Enumerable.Range(0, 20).Select(seed => Write(1, (ulong)seed)).Distinct().Count() == 3);
    }
}
