using Unroll.Files;
using Unroll.Tensors;
using Unroll.Training;

namespace Unroll.Tasks.Tests;

/// <summary>A training that begins with another's model.</summary>
public sealed class StartingModelTests
{
    public static TheoryData<string> Tasks => [.. TaskCatalogue.All.Select(task => task.Name)];

    [Theory]
    [MemberData(nameof(Tasks))]
    public void A_training_begins_with_a_models_weights_and_what_it_is_built_of(string name)
    {
        string folder = Directory.CreateTempSubdirectory("unroll").FullName;
        try
        {
            TaskDefinition task = TaskCatalogue.Get(name);
            var settings = new TaskSettings(task.Options).Set("hidden", "6").Set("cell", "mgu").Set("batch", "3").Set("seed", "5");
            TrainingJob first = task.Prepare(settings).Job;
            first.Initialize(new RandomState(1));
            string path = Path.Combine(folder, "model.safetensors");
            first.ToModelFile().Save(path);

            var later = new TaskSettings(task.Options).Set("from", path).Set("seed", "5").Set("learning-rate", "0.5");
            TrainingJob second = task.Prepare(later).Job;
            second.Initialize(new RandomState(2));
            Assert.Equal(first.Model.Parameters.Select(parameter => parameter.Name), second.Model.Parameters.Select(parameter => parameter.Name));
            foreach ((Parameter one, Parameter other) in first.Model.Parameters.Zip(second.Model.Parameters)) Assert.Equal(one.Values.ToArray(), other.Values.ToArray());
            Assert.Equal("mgu", later.Text("cell"));
            // How it is trained is not taken over.
            Assert.NotEqual("3", later.Find("batch"));
            Assert.Equal("0.5", later.Text("learning-rate"));
            // What comes of it can be opened without the model it began with.
            ModelFile file = second.ToModelFile();
            File.Delete(path);
            Assert.Equal("mgu", task.Open(file).Cell);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void What_does_not_fit_is_told()
    {
        string folder = Directory.CreateTempSubdirectory("unroll").FullName;
        try
        {
            TaskDefinition tag = TaskCatalogue.Get("tag"), adding = TaskCatalogue.Get("adding");
            string path = Path.Combine(folder, "model.safetensors");
            adding.Prepare(new TaskSettings(adding.Options).Set("hidden", "6")).Job.ToModelFile().Save(path);
            Assert.Contains("'adding'; one of the task 'tag' was expected", Assert.Throws<BadInputException>(() => tag.Prepare(new TaskSettings(tag.Options).Set("from", path))).Message, StringComparison.Ordinal);
            TrainingJob other = adding.Prepare(new TaskSettings(adding.Options).Set("from", path).Set("hidden", "7")).Job;
            Assert.Contains("Build the model with the sizes it was trained with", Assert.Throws<BadInputException>(() => other.Initialize(new RandomState(1))).Message, StringComparison.Ordinal);
            Assert.Contains("There is no file", Assert.Throws<BadInputException>(() => tag.Prepare(new TaskSettings(tag.Options).Set("from", path + "x"))).Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
