using Unroll.Files;
using Unroll.Training;

namespace Unroll.Tasks.Tests.LanguageModel;

/// <summary>The lectures' first example: from "hell" the network learns to say "ello". The second l must be followed by another letter than the
/// first, which only a state can tell.</summary>
public sealed class HelloTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("unroll-hello-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("elman")]
    [InlineData("lstm")]
    [InlineData("gru")]
    public void From_hell_the_network_learns_ello(string cell)
    {
        string path = Path.Combine(_folder, "hello.txt");
        File.WriteAllText(path, "hello");
        TaskDefinition task = TaskCatalogue.Get("language-model");
        var settings = new TaskSettings(task.Options).Set("data", path).Set("cell", cell).Set("hidden", "8").Set("layers", "1").Set("sequence", "4").Set("steps", "150").Set("learning-rate", "0.05");
        PreparedTraining prepared = task.Prepare(settings);
        Assert.Contains(prepared.Facts, fact => fact.Text.StartsWith("4 characters: 'e' 'h' 'l' 'o'"));
        RunResult result = new Trainer(prepared.Job, CommonOptions.ToTrainerOptions(settings, prepared.Job.StepsPerEpoch)).Run(TestContext.Current.CancellationToken);
        Assert.InRange(result.Metrics["loss"], 0, 0.05);
        Assert.Equal(1, result.Metrics["accuracy"]);

        string file = Path.Combine(_folder, "hello.safetensors");
        prepared.Job.ToModelFile().Save(file);
        var model = (ITextGenerator)task.Open(ModelFile.Read(file));
        var greedy = new GenerationRequest(4) { Prime = "h", Sampling = new(0) };
        Assert.Equal("hello", string.Concat(model.Generate(greedy, Assert.Fail)));
    }
}
