using Unroll.Tasks.Pixels;
using Unroll.Tasks.Sequences;
using Unroll.Tensors;
using Unroll.Training;

namespace Unroll.Tasks.Tests.Pixels;

public sealed class PixelsTaskTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("unroll-pixels-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static (StoredTask Task, TaskSettings Settings) Setup(params (string Name, string Value)[] values)
    {
        var task = (StoredTask)TaskCatalogue.Get("pixels");
        var settings = new TaskSettings(task.Options).Set("hidden", "12");
        foreach (var (name, value) in values) settings.Set(name, value);
        return (task, settings);
    }

    private void Write(string part, LabelledImages images)
    {
        byte[] Size(int size) => [(byte)(size >> 24), (byte)(size >> 16), (byte)(size >> 8), (byte)size];
        File.WriteAllBytes(Path.Combine(_folder, $"{part}-images-idx3-ubyte"), [0, 0, 8, 3, .. Size(images.Labels.Length), .. Size(images.Side), .. Size(images.Side), .. images.Pixels]);
        File.WriteAllBytes(Path.Combine(_folder, $"{part}-labels-idx1-ubyte"), [0, 0, 8, 1, .. Size(images.Labels.Length), .. images.Labels]);
    }

    [Theory]
    [InlineData("size")]
    [InlineData("permuted")]
    [InlineData("rows")]
    public void A_sequence_is_its_image_in_the_order_asked_for_and_the_class_is_asked_for_at_its_end(string how)
    {
        var (task, settings) = Setup((how, how == "size" ? "6" : "true"));
        settings.Set("size", "6");
        LabelledImages images = DigitPainter.Draw(new RandomState(1).Fork("digits"), 4500, 6);
        StoredSequences training = task.Read(settings).Training, validation = task.Read(settings).Validation;
        Assert.Equal((4000, 500), (training.Count, validation.Count));
        SequenceBatch batch = validation.NewBatch(2);
        batch.Fill(validation, [3, 499]);
        Assert.Equal(how == "rows" ? 6 : 36, batch.Steps);
        float[] read = batch.Inputs[36..].ToArray(), image = [.. images.Pixels[^36..].Select(pixel => pixel / 255f)];
        Assert.Equal([images.Labels[4003], images.Labels[4499]], batch.Classes.ToArray());
        Assert.Equal([batch.Steps - 1, 2 * batch.Steps - 1], batch.Rows.ToArray());
        if (how == "permuted")
        {
            Assert.NotEqual(image, read);
            int[] order = PixelSequences.OrderOf(1, 6);
            Assert.Equal(Enumerable.Range(0, 36), order.Order());
            Assert.Equal(order.Select(pixel => image[pixel]), read);
            Assert.NotEqual(order, PixelSequences.OrderOf(2, 6));
        }
        else Assert.Equal(image, read);
    }

    [Fact]
    public void Drawn_digits_are_learned_row_by_row_and_a_saved_model_is_judged_the_same()
    {
        var (task, settings) = Setup(("rows", "true"), ("hidden", "32"), ("steps", "160"), ("learning-rate", "0.01"));
        TrainingJob job = task.Prepare(settings).Job;
        RunResult result = new Trainer(job, CommonOptions.ToTrainerOptions(settings, job.StepsPerEpoch)).Run(Token);
        Assert.InRange(result.Metrics["accuracy"], 0.8, 1);
        TaskModel model = task.Open(job.ToModelFile());
        Evaluation again = model.Evaluate(new TaskSettings(task.EvaluationOptions), Token);
        Assert.Equal(result.Metrics, again.Metrics);
        Assert.Equal(500, again.Examples);

        // The accuracy and loss of a file, an image at a time.
        int side = settings.Whole("size");
        Write("t10k", DigitPainter.Draw(new RandomState(8), 30, side));
        Evaluation test = model.Evaluate(new TaskSettings(task.EvaluationOptions).Set("data", _folder), Token);
        Assert.Equal((30, 30L), (test.Examples, test.Symbols));
        double loss = 0, right = 0;
        for (int i = 0; i < 30; i++)
        {
            LabelledImages image = ImageFolder.Read(_folder, "t10k").Part(i, 1);
            Write("valid", image);
            string one = Directory.CreateDirectory(Path.Combine(_folder, "one")).FullName;
            foreach (string file in Directory.GetFiles(_folder, "valid-*")) File.Move(file, Path.Combine(one, Path.GetFileName(file)), overwrite: true);
            var metrics = model.Evaluate(new TaskSettings(task.EvaluationOptions).Set("data", one), Token).Metrics;
            loss += metrics["loss"] / 30;
            right += metrics["accuracy"];
        }
        Assert.Equal(loss, test.Metrics["loss"], 1e-5);
        Assert.Equal(right / 30, test.Metrics["accuracy"], 1e-9);

        Write("t10k", DigitPainter.Draw(new RandomState(8), 5, side + 1));
        Assert.Contains($"the model reads {side} × {side}", Assert.Throws<BadInputException>(() => model.Evaluate(new TaskSettings(task.EvaluationOptions).Set("data", _folder), Token)).Message);
    }

    [Fact]
    public void Validation_images_are_those_of_the_folder_or_the_last_of_training()
    {
        Write("train", DigitPainter.Draw(new RandomState(8), 55, 5));
        var (task, settings) = Setup(("data", _folder));
        StoredParts parts = task.Read(settings);
        Assert.Equal((50, 5, "5"), (parts.Training.Count, parts.Validation.Count, settings.Text("size")));
        Write("valid", DigitPainter.Draw(new RandomState(9), 7, 5));
        Assert.Equal((55, 7), (task.Read(settings).Training.Count, task.Read(settings).Validation.Count));
        Write("train", DigitPainter.Draw(new RandomState(8), 9, 6));
        Assert.Contains("images of 6 × 6 pixels; expected a side of 5", Assert.Throws<BadInputException>(() => task.Read(settings)).Message);
        File.Delete(Path.Combine(_folder, "valid-images-idx3-ubyte"));
        Assert.Contains("9 training images; it takes at least 10", Assert.Throws<BadInputException>(() => task.Read(Setup(("data", _folder)).Settings)).Message);
        Assert.Contains("exclude each other", Assert.Throws<BadUsageException>(() => task.Read(Setup(("rows", "true"), ("permuted", "true")).Settings)).Message);
    }

    [Fact]
    public void Digits_follow_from_the_seed_come_equally_often_and_differ_by_more_than_chance()
    {
        LabelledImages images = DigitPainter.Draw(new RandomState(3), 600, 14), again = DigitPainter.Draw(new RandomState(3), 600, 14);
        Assert.Equal(images.Pixels, again.Pixels);
        Assert.Equal(images.Labels, again.Labels);
        Assert.All(Enumerable.Range(0, 10), digit => Assert.InRange(images.Labels.Count(label => label == digit), 30, 90));
        // The nearest mean image of the first half says what most of the second half are.
        double[][] means = [.. Enumerable.Range(0, 10).Select(digit => Mean(Enumerable.Range(0, 300).Where(i => images.Labels[i] == digit)))];
        int right = Enumerable.Range(300, 300).Count(i => means.Select((mean, digit) => (Distance: mean.Select((value, p) => Math.Pow(value - images.Pixels[i * 196 + p], 2)).Sum(), digit)).Min().digit == images.Labels[i]);
        Assert.InRange(right, 200, 295);

        double[] Mean(IEnumerable<int> of) => [.. Enumerable.Range(0, 196).Select(p => of.Average(i => (double)images.Pixels[i * 196 + p]))];
    }
}
