using Unroll.Files;
using Unroll.Layers;
using Unroll.Tasks.Conversation;
using Unroll.Tasks.LanguageModel;
using Unroll.Tensors;

namespace Unroll.Tasks.Tests.Conversation;

public sealed class ConversationTests
{
    private static readonly Dialogue[] Some =
    [
        new([new("U", "Hello."), new("S", "Hello, what do you want?"), new("U", "A  cup of tea")], "first"),
        new([new("S", "")], "second"),
        new([new("U", "tea?"), new("S", "A cup of tea, do you want a cup?"), new("U", "Hello"), new("U", "tea?"), new("S", "tea.")], "third"),
    ];

    private static TaskSettings Settings(params string[] options)
    {
        TaskDefinition task = TaskCatalogue.Get("chat");
        var settings = new TaskSettings(task.Options).Set("hidden", "12").Set("context", "10").Set("embedding", "7").Set("min-count", "1").Set("dropout", "0").Set("embedding-dropout", "0");
        foreach (string option in options) settings.Set(option.Split('=')[0], option.Split('=')[1]);
        return settings;
    }

    private static ConversationModel Model(TaskSettings settings)
    {
        var model = new ConversationModel(TurnWords.Build(Some, settings), settings);
        model.Module.Initialize(new RandomState(7));
        return model;
    }

    [Theory]
    [InlineData("gru")]
    [InlineData("lstm")]
    [InlineData("qrnn")]
    public void The_loss_of_a_batch_is_that_of_its_conversations(string cell)
    {
        ConversationModel model = Model(Settings($"cell={cell}", "layers=2"));
        Dialogues set = model.Encode(Some);
        double nats = 0;
        int judged = 0;
        for (int i = 0; i < set.Count; i++)
        {
            nats += (double)model.Loss(set, [i]).Item * set.JudgedOf(i);
            judged += set.JudgedOf(i);
        }
        Assert.Equal(nats / judged, model.Loss(set, [2, 0, 1]).Item, 1e-5);
        Assert.Equal((Some.Length, nats / judged), (set.Count, model.Judge(set, null, TestContext.Current.CancellationToken).Metrics["loss"]), (a, b) => a.Item1 == b.Item1 && Math.Abs(a.Item2 - b.Item2) < 1e-5);
    }

    [Fact]
    public void A_training_step_allocates_nothing()
    {
        TaskSettings settings = Settings("max-turns=2", "batch=8", "dropout=0.2");
        Assert.Equal(0, TrainingSteps.AllocatedBy(TaskCatalogue.Get("chat").Prepare(settings).Job));
    }

    [Fact]
    public void Turn_by_turn_and_word_by_word_a_conversation_has_the_same_likelihood()
    {
        TaskSettings settings = Settings();
        ConversationModel model = Model(settings);
        var network = (ConversationNetwork)model.Module;
        Dialogues set = model.Encode(Some);
        for (int number = 0; number < set.Count; number++)
        {
            double nats = 0;
            var memory = new CarriedState(network.Context, 1);
            Tensor given = Tensor.Zeros([1, network.Context.OutputSize]);
            for (int turn = set.FirstOf(number); turn < set.FirstOf(number) + set.TurnsOf(number); turn++)
            {
                int[] words = set.Turns[turn].ToArray();
                RecurrentState state = default;
                for (int i = 0; i < words.Length - 1; i++)
                {
                    (Tensor logits, state) = network.Write([words[i]], given, state);
                    nats -= logits.LogSoftmax().Span[words[i + 1]];
                }
                (given, RecurrentState next) = network.Hear(words.AsSpan(0, words.Length - 1), [words.Length - 1], memory.Value);
                memory.Keep(next);
            }
            Assert.Equal(nats / set.JudgedOf(number), model.Loss(set, [number]).Item, 1e-5);
        }
    }

    [Fact]
    public void Words_come_back_as_they_were_said_and_speakers_are_known()
    {
        TaskSettings settings = Settings();
        var words = TurnWords.Build(Some, settings);
        Assert.Equal(["U", "S"], words.Speakers);
        var numbers = new List<int>();
        words.Visit("A  cup of  tea, what do you want?", 0, numbers.Add);
        Assert.Equal(" A cup of tea, what do you want?", string.Concat(numbers.Select(number => words.Words[number])));
        numbers.Clear();
        words.Visit("a coffee", 1, numbers.Add);
        Assert.Single(numbers);
        Assert.Contains("'X' is none of those the model knows: U, S", Assert.Throws<BadInputException>(() => words.NumberOf("X", "here")).Message);
        Assert.Equal(words.Words.Tokens, TurnWords.Restore(words.Words.ToJson(), settings).Words.Tokens);
        Assert.Throws<BadInputException>(() => TurnWords.Restore("[\"<unk>\",\"</s>\",\" a\"]", settings));
    }

    [Fact]
    public void A_model_out_of_its_file_says_the_same()
    {
        TaskSettings settings = Settings();
        ConversationModel model = Model(settings);
        var file = new ModelFile("chat", CommonOptions.ToRecipe(TaskCatalogue.Get("chat"), settings).ToJson());
        model.Save(file);
        file.Add(model.Module.Parameters);
        var again = ConversationModel.Restore(file, settings);
        file.CopyTo(again.Module.Parameters);
        foreach (var options in new[] { new ReplyOptions { Length = 9 }, new ReplyOptions { Length = 9, Seed = 4, Sampling = new(1) } })
            Assert.Equal(string.Concat(model.Begin(options).Reply("Hello.")), string.Concat(again.Begin(options).Reply("Hello.")));
        Assert.Throws<BadUsageException>(() => model.Begin(new ReplyOptions { Length = 0 }));
    }

    [Fact]
    public void The_memory_of_turns_changes_the_reply()
    {
        // Untrained, but what was said before must reach the writer.
        ConversationModel model = Model(Settings());
        var (one, other) = ((LearnedConversation)model.Begin(new()), (LearnedConversation)model.Begin(new()));
        one.Hear("U", "tea?");
        other.Hear("U", "Hello.");
        _ = string.Concat(one.Reply("A cup"));
        _ = string.Concat(other.Reply("A cup"));
        Assert.NotEqual(one.LogProbability, other.LogProbability);
    }

    [Theory]
    [InlineData("hello", "not JSON")]
    [InlineData("{}", "no \"turns\"")]
    [InlineData("3", "no list")]
    [InlineData("[[\"U\",\"a\"],[\"S\"]]", "turn 2 is")]
    [InlineData("[[\"\",\"a\"]]", "turn 1 is")]
    [InlineData("[7]", "turn 1 is '7'")]
    public void What_is_no_conversation_is_refused_with_its_place(string line, string found)
    {
        string message = Assert.Throws<BadInputException>(() => DialogueReader.Read(line, "file, line 3")).Message;
        Assert.StartsWith("file, line 3: ", message);
        Assert.Contains(found, message);
        Assert.Contains("expected a conversation such as", message);
    }

    [Fact]
    public void Two_who_take_turns_need_no_names() =>
        Assert.Equal([new("A", "Hi"), new("B", "Hello"), new("A", "Bye")], DialogueReader.Read("""["Hi","Hello","Bye"]""", "").Turns);
}
