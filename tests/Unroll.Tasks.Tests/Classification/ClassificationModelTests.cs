using System.Text.Json;
using Unroll.Data;
using Unroll.Tasks.Classification;
using Unroll.Tasks.Examples;
using Unroll.Tensors;

namespace Unroll.Tasks.Tests.Classification;

public sealed class ClassificationModelTests
{
    private static readonly ClassificationTask Task = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static TaskSettings Settings(params (string Name, string Value)[] values)
    {
        var settings = new TaskSettings(Task.Options).Set("hidden", "6").Set("embedding", "5").Set("min-count", "1");
        foreach ((string name, string value) in values) settings.Set(name, value);
        return settings;
    }

    private static LabelledText[] Texts(int labels, int count)
    {
        var random = new RandomState(7);
        return [.. Enumerable.Range(0, count).Select(i => new LabelledText($"l{i % labels}", string.Join(' ', Enumerable.Range(0, random.NextInt(9)).Select(_ => $"w{random.NextInt(12)}")), $"text {i}"))];
    }

    private static ClassificationModel Model(IReadOnlyList<LabelledText> texts, params (string Name, string Value)[] values)
    {
        ClassificationModel model = ClassificationModel.Create(texts, Settings(values));
        model.Module.Initialize(new RandomState(3));
        // Far enough from 0 that the answers differ.
        foreach (Parameter parameter in model.Module.Parameters)
            foreach (ref float value in parameter.Values) value *= 3;
        return model;
    }

    private static JsonElement[] Predict(ClassificationModel model, IEnumerable<string> lines, int together = 64, bool words = false)
    {
        var settings = new TaskSettings(Task.PredictionOptions).Set("show-words", words ? "true" : "false");
        return [.. model.Predict(lines, settings, together, Token).Select(prediction =>
        {
            using JsonDocument document = JsonDocument.Parse(JsonText.OfObject(prediction.Json));
            return document.RootElement.Clone();
        })];
    }

    private static double Probability(JsonElement answer, string label) => answer.GetProperty("probabilities").GetProperty(label).GetDouble();

    private static float LossOf(ClassificationModel model, LabelledText[] texts, out float[][] gradients)
    {
        foreach (Parameter parameter in model.Module.Parameters) parameter.Gradient.Clear();
        LabelledTexts set = model.Encode(texts);
        var tape = new Tape { Training = false };
        tape.Begin();
        Tensor loss = model.Loss(set, [.. Enumerable.Range(0, texts.Length)]);
        float value = loss.Item;
        tape.Backward(loss);
        tape.End();
        gradients = [.. model.Module.Parameters.Select(parameter => parameter.Gradient.ToArray())];
        return value;
    }

    [Theory]
    [InlineData(2, "none")]
    [InlineData(2, "l0:3,l1:0.5")]
    [InlineData(2, "balanced")]
    [InlineData(4, "none")]
    [InlineData(4, "l3:5")]
    public void The_loss_is_the_weighted_mean_of_what_the_probabilities_say(int labels, string weights)
    {
        LabelledText[] texts = Texts(labels, 14);
        ClassificationModel model = Model(texts, ("class-weights", weights));
        double[] weight = [.. texts.Select(text => weights switch
        {
            "none" => 1,
            "balanced" => (double)texts.Length / (labels * texts.Count(other => other.Label == text.Label)),
            _ => weights.Split(',').Where(pair => pair.StartsWith(text.Label + ":", StringComparison.Ordinal)).Select(pair => double.Parse(pair[3..], System.Globalization.CultureInfo.InvariantCulture)).FirstOrDefault(1),
        })];
        JsonElement[] answers = Predict(model, texts.Select(text => text.Text));
        double expected = texts.Select((text, i) => -weight[i] * Math.Log(Probability(answers[i], text.Label!))).Sum() / weight.Sum();
        Assert.Equal(expected, LossOf(model, texts, out _), 1e-4);
        Judgement judgement = model.Judge(model.Encode(texts), null, Token);
        Assert.Equal(expected, judgement.Metrics["loss"], 1e-4);
        Assert.Equal(texts.Select((text, i) => answers[i].GetProperty("label").GetString() == text.Label ? 1.0 : 0).Average(), judgement.Metrics["accuracy"], 1e-9);
        Assert.All(answers, answer => Assert.Equal(1, answer.GetProperty("probabilities").EnumerateObject().Sum(pair => pair.Value.GetDouble()), 1e-5));
    }

    [Theory]
    [InlineData(2, "l0:7,l1:7")]
    [InlineData(3, "l0:7,l1:7,l2:7")]
    public void Weights_that_are_all_the_same_change_neither_loss_nor_gradients(int labels, string weights)
    {
        LabelledText[] texts = Texts(labels, 9);
        float plain = LossOf(Model(texts), texts, out float[][] gradients), weighted = LossOf(Model(texts, ("class-weights", weights)), texts, out float[][] same);
        Assert.Equal(plain, weighted, 1e-5);
        Assert.Contains(gradients.SelectMany(values => values), value => Math.Abs(value) > 1e-3);
        foreach ((float[] a, float[] b) in gradients.Zip(same))
            foreach ((float x, float y) in a.Zip(b)) Assert.Equal(x, y, 1e-5);
    }

    [Theory]
    [InlineData("last")]
    [InlineData("mean")]
    [InlineData("max")]
    [InlineData("attention")]
    public void An_answer_is_the_same_alone_and_among_others_and_a_text_of_no_words_has_one(string pooling)
    {
        LabelledText[] texts = Texts(3, 20);
        ClassificationModel model = Model(texts, ("pooling", pooling));
        string[] lines = [.. texts.Select(text => text.Text), "", "  ", "w1"];
        JsonElement[] together = Predict(model, lines), alone = Predict(model, lines, 1);
        Assert.Equal(lines.Length, together.Length);
        foreach ((JsonElement a, JsonElement b) in together.Zip(alone))
            for (int label = 0; label < 3; label++) Assert.Equal(Probability(a, $"l{label}"), Probability(b, $"l{label}"), 1e-5);
        Assert.Equal(Probability(together[^3], "l0"), Probability(together[^2], "l0"));
        Assert.NotEqual(Probability(together[^3], "l0"), Probability(together[^1], "l0"));
    }

    [Fact]
    public void Line_breaks_of_web_pages_and_capitals_make_no_words()
    {
        LabelledText[] texts = [new("a", "one two. three", "1"), new("b", "four <b>", "2")];
        ClassificationModel model = Model(texts);
        LabelledTexts set = model.Encode([new(null, "One two.<br /><br />THREE", "1"), new(null, "one two . three", "2"), new(null, "<BR>one<br/>two .\tthree<br\t/>", "3")]);
        Assert.Equal(set.Texts[1], set.Texts[0]);
        Assert.Equal(set.Texts[1], set.Texts[2]);
        Assert.DoesNotContain(0, set.Texts[0].ToArray());
        ClassificationModel cased = Model(texts, ("lower", "false"));
        Assert.Contains(0, cased.Encode([new(null, "One two", "1")]).Texts[0].ToArray());
    }

    [Fact]
    public void Of_a_long_text_the_first_and_the_last_words_are_read()
    {
        LabelledText[] texts = [new("a", "a b c d e f g", "1"), new("b", "a", "2")];
        foreach ((string longest, string read) in new[] { ("0", "a b c d e f g"), ("7", "a b c d e f g"), ("5", "a b c f g"), ("4", "a b f g"), ("1", "a") })
        {
            ClassificationModel model = Model(texts, ("max-length", longest));
            LabelledTexts set = model.Encode([texts[0], new("a", read, "3")]);
            Assert.Equal(set.Texts[1], set.Texts[0]);
            Assert.Equal(read, string.Join(' ', Predict(model, [texts[0].Text], words: true)[0].GetProperty("words").EnumerateArray().Select(word => word.GetProperty("word").GetString())));
        }
    }

    [Theory]
    [InlineData("0")]
    [InlineData("400")]
    public void A_line_of_100_000_words_is_answered(string longest)
    {
        ClassificationModel model = Model(Texts(2, 4), ("max-length", longest), ("bidirectional", "false"));
        double probability = Predict(model, [string.Concat(Enumerable.Repeat("w1 w2 ", 50_000))])[0].GetProperty("probability").GetDouble();
        Assert.InRange(probability, 0.5, 1);
    }

    [Fact]
    public void Words_are_shown_as_they_stand_there_with_weights_that_sum_to_1()
    {
        ClassificationModel model = Model(Texts(2, 20));
        JsonElement[] answers = Predict(model, ["W1 never-seen,<br />w2!", ""], words: true);
        Assert.Equal(["W1", "never-seen", ",", "w2", "!"], answers[0].GetProperty("words").EnumerateArray().Select(word => word.GetProperty("word").GetString()));
        Assert.Equal(1, answers[0].GetProperty("words").EnumerateArray().Sum(word => word.GetProperty("weight").GetDouble()), 1e-5);
        Assert.Equal(0, answers[1].GetProperty("words").GetArrayLength());
        Assert.False(Predict(model, ["w1"])[0].TryGetProperty("words", out _));
        Assert.Contains("pools with 'max' and gives words no weights; one trained with --pooling attention does",
            Assert.Throws<BadUsageException>(() => Predict(Model(Texts(2, 4), ("pooling", "max")), ["w1"], words: true)).Message);
    }

    [Fact]
    public void Words_are_dropped_while_training_alone()
    {
        LabelledText[] texts = Texts(2, 30);
        ClassificationModel model = Model(texts, ("word-dropout", "0.5"), ("dropout", "0"), ("embedding-dropout", "0"));
        LabelledTexts set = model.Encode(texts);
        int[] all = [.. Enumerable.Range(0, texts.Length)];
        double judged = model.Judge(set, null, Token).Metrics["loss"];
        Assert.Equal(judged, Loss(training: false), 1e-5);
        Assert.NotEqual(judged, Loss(training: true), 1e-4);

        float Loss(bool training)
        {
            var tape = new Tape(new RandomState(1)) { Training = training };
            tape.Begin();
            float loss = model.Loss(set, all).Item;
            tape.End();
            return loss;
        }
    }

    [Fact]
    public void Word_vectors_of_a_file_are_what_training_begins_with()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "2 3\nw1 0.5 -1 2\nother 1 1 1\n");
            LabelledText[] texts = [new("a", "w1 w2", "1"), new("b", "w2", "2")];
            TaskSettings settings = Settings(("vectors", path));
            ClassificationModel model = ClassificationModel.Create(texts, settings);
            model.Module.Initialize(new RandomState(1));
            model.AfterInitialize!();
            Parameter table = model.Module.Parameters.Single(parameter => parameter.Name == "encoder.embedding.weight");
            Assert.Equal((3, 3), (table.Shape[0], table.Shape[1]));
            // <unk>, w2, w1 by falling frequency.
            float[] vector = [0.5f, -1, 2];
            Assert.Equal(vector, table.Values[6..].ToArray());
            Assert.NotEqual(vector, table.Values[3..6].ToArray());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void What_cannot_be_learned_or_judged_is_refused()
    {
        Assert.Contains("All 3 texts have the label 'l0'", Assert.Throws<BadInputException>(() => Model(Texts(1, 3))).Message);
        ClassificationModel model = Model(Texts(3, 9));
        Assert.Contains("file, line 4: the label 'other' is none of those the model learned: l0, l1, l2. Correct it, or train with texts that have it.",
            Assert.Throws<BadInputException>(() => model.Encode([new("other", "w1", "file, line 4")])).Message);
    }
}
