using System.Runtime.ExceptionServices;
using Unroll.Data;
using Unroll.Decoding;
using Unroll.Tensors;
using Unroll.Training;

namespace Unroll.Tasks.Tests;

/// <summary>Several threads over one model get the bits that one thread alone gets.</summary>
public sealed class ConcurrencyTests
{
    private const int Threads = 4, Rounds = 15;

    private static readonly string[] Vocabulary = ["the", "small", "dog", "film", "music", "plot", "Anna", "Gorm", "sees", "was", "not", "clever", "a", "red", "house", ".", "Hugo", "taught", "gripping"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Tasks with options that between them lead through every layer that answers.</summary>
    public static TheoryData<string, string> Models => new()
    {
        { "classify", "" },
        { "classify", "bidirectional=true layers=2 pooling=last" },
        { "tag", "" },
        { "tag", "characters=convolution crf=on" },
        { "rank", "encoder=attentive" },
        { "rank", "score=features" },
        { "translate", "" },
        { "translate", "attention=bahdanau subwords=0" },
        { "translate", "input-feeding=true" },
        { "translate", "model=cho" },
        { "chat", "" },
        { "language-model", "level=char layers=2" },
        { "language-model", "level=word softmax=adaptive cutoffs=5,9" },
    };

    private static TaskModel Open(string name, string options)
    {
        TaskDefinition task = TaskCatalogue.Get(name);
        var settings = new TaskSettings(task.Options).Set("hidden", "12").Set("embedding", "8");
        foreach (string option in options.Split(' ', StringSplitOptions.RemoveEmptyEntries)) settings.Set(option.Split('=')[0], option.Split('=')[1]);
        using var folder = new TemporaryText(string.Join('\n', Lines(1, 60).Concat(Lines(2, 60))));
        if (name == "language-model") settings.Set("data", folder.Path);
        TrainingJob job = task.Prepare(settings).Job;
        job.Initialize(new RandomState(3));
        return task.Open(job.ToModelFile());
    }

    private sealed class TemporaryText : IDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("unroll-threads-").FullName;

        public TemporaryText(string text) => File.WriteAllText(Path, text);

        public string Path => System.IO.Path.Combine(_folder, "text.txt");

        public void Dispose() => Directory.Delete(_folder, recursive: true);
    }

    private static string[] Lines(int seed, int count, string between = " ")
    {
        var random = new RandomState((ulong)seed);
        return [.. Enumerable.Range(0, count).Select(_ => Words() + (between == "\t" ? between + Words() : ""))];

        string Words() => string.Join(' ', Enumerable.Range(0, 1 + random.NextInt(12)).Select(_ => Vocabulary[random.NextInt(Vocabulary.Length)]));
    }

    private static string[] Texts(IEnumerable<Prediction> predictions) => [.. predictions.Select(prediction => prediction.Text + "\n" + JsonText.OfObject(prediction.Json))];

    /// <summary>Runs a body on threads of their own that begin together, many times over.</summary>
    private static void AtOnce(Action<int, int> body)
    {
        using var start = new Barrier(Threads);
        ExceptionDispatchInfo? failure = null;
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(number => new Thread(() =>
        {
            try
            {
                start.SignalAndWait(Token);
                for (int round = 0; round < Rounds; round++) body(number, round);
            }
            catch (Exception error)
            {
                Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(error), null);
            }
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        failure?.Throw();
    }

    [Theory, MemberData(nameof(Models))]
    public void Threads_that_ask_one_model_get_the_answers_of_one_thread(string name, string options)
    {
        TaskModel model = Open(name, options);
        var predictor = (IPredictor)model;
        string[][] lines = [.. Enumerable.Range(0, Threads).Select(thread => Lines(10 + thread, 3 + 2 * thread, name == "rank" ? "\t" : " "))];
        string[][] alone = [.. lines.Select(own => Texts(predictor.PredictAll(own, cancellation: Token)))];
        Assert.Equal(alone[1], Texts(predictor.Predict(lines[1], new TaskSettings(TaskCatalogue.Get(name).PredictionOptions), 64, Token)));
        Assert.Equal(lines.Select(own => own.Length), alone.Select(own => own.Length));
        // The first calls of all threads on a model that has not run yet, and then many more.
        predictor = (IPredictor)Open(name, options);
        AtOnce((thread, round) => Assert.Equal(alone[(thread + round) % Threads], Texts(predictor.PredictAll(lines[(thread + round) % Threads], cancellation: Token))));
    }

    [Fact]
    public void Answers_that_nobody_reads_to_their_end_leave_the_model_free()
    {
        var predictor = (IPredictor)Open("tag", "");
        string[] lines = Lines(5, 200), all = Texts(predictor.PredictAll(lines, cancellation: Token));
        var settings = new TaskSettings(predictor.PredictionOptions);
        using IEnumerator<Prediction> first = predictor.Predict(lines, settings, 2, Token).GetEnumerator();
        Assert.True(first.MoveNext());
        // A call within another, on the same thread.
        Assert.Equal(all, Texts(predictor.PredictAll(lines, settings, Token)));
        Assert.True(first.MoveNext());
    }

    [Theory]
    [InlineData("level=char layers=2")]
    [InlineData("level=token")]
    [InlineData("level=word softmax=adaptive cutoffs=5,9")]
    [InlineData("level=byte")]
    public void Texts_read_symbol_by_symbol_at_once_get_the_bits_of_one_alone(string options)
    {
        var model = (ILanguageModel)Open("language-model", options);
        string[] texts = [.. Enumerable.Range(0, Threads).Select(thread => string.Join('\n', Lines(20 + thread, 4 + thread)))];
        float[][] Read(string text, TextSession session) => [.. model.Vocabulary.Encode(text).Symbols.Select(symbol =>
        {
            session.Read(symbol);
            return session.LogProbabilities.ToArray();
        })];
        float[][][] alone = [.. texts.Select(text => Read(text, model.BeginText()))];
        Assert.All(alone.SelectMany(text => text), logs => Assert.Equal(1, logs.Sum(log => Math.Exp(log)), 1e-5));
        TextSession[] sessions = [.. texts.Select(_ => model.BeginText())];
        AtOnce((thread, round) =>
        {
            sessions[thread].Restart();
            Assert.Equal(alone[thread], Read(texts[thread], sessions[thread]));
        });
    }

    [Fact]
    public void A_text_read_in_pieces_is_as_likely_as_its_line()
    {
        TaskModel opened = Open("language-model", "level=char");
        var model = (ILanguageModel)opened;
        TextSession session = model.BeginText();
        Assert.Equal(model.Vocabulary.Count, session.LogProbabilities.Length);
        double sum = session.Read("the red") + session.Read("") + session.Read(" dog.") + session.Read(model.Vocabulary.IndexOf("\n"));
        double line = System.Text.Json.JsonDocument.Parse(JsonText.OfObject(((IPredictor)opened).PredictAll(["the red dog."], cancellation: Token)[0].Json)).RootElement.GetProperty("log_probability").GetDouble();
        Assert.Equal(line, sum, 1e-4);
        session.Restart();
        Assert.Equal(sum, session.Read("the red dog.\n"), 1e-9);
        Assert.Throws<ArgumentException>(() => session.Read(model.Vocabulary.Count));
        Assert.Throws<ArgumentException>(() => session.Read(-1));
        Assert.Equal(0, Allocation.OfSteadySteps(step => session.Read(step % model.Vocabulary.Count)));
    }

    [Fact]
    public void Texts_and_conversations_are_written_at_once()
    {
        var generator = (ITextGenerator)Open("language-model", "level=char");
        var partner = (IConversationPartner)Open("chat", "");
        string Write(int seed) => string.Concat(generator.Generate(new GenerationRequest(40) { Prime = "the", Seed = (ulong)seed }, _ => { }));
        string Talk(int seed)
        {
            ConversationSession conversation = partner.Begin(new ReplyOptions { Length = 8, Seed = (ulong)seed, Sampling = new SamplingOptions() });
            return string.Concat(conversation.Reply("Hello!").ToList()) + "|" + string.Concat(conversation.Reply("the red house").ToList());
        }
        string[] written = [.. Enumerable.Range(0, Threads).Select(Write)], said = [.. Enumerable.Range(0, Threads).Select(Talk)];
        AtOnce((thread, _) =>
        {
            Assert.Equal(written[thread], Write(thread));
            Assert.Equal(said[thread], Talk(thread));
        });
    }
}
