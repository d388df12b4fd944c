using Unroll.Files;
using Unroll.Training;

namespace Unroll.Tasks;

/// <summary>A trained model that a training begins with, one that was imported for instance: its weights, its vocabularies, and what it is built of.</summary>
internal static class StartingModel
{
    /// <summary>Which model.</summary>
    public static readonly TaskOption Option = new("from", OptionKind.Path, "begin with the weights and the vocabulary of this model, a file or the folder of a run; what it is built of need not be said again")
    {
        Placeholder = "MODEL",
        Group = "Model",
    };

    /// <summary>Reads the model that settings name, and sets what its recipe says of the model and of how data is read, where that was not given.</summary>
    /// <returns>The model; null where none is named.</returns>
    /// <exception cref="BadInputException">It cannot be used.</exception>
    public static ModelFile? Read(TaskDefinition task, TaskSettings settings)
    {
        if (settings.Find(Option.Name) is not { } path) return null;
        ModelFile file = ModelFile.Read(RunFolder.ModelAt(path), task.Name);
        TaskSettings theirs = CommonOptions.FromRecipe(task, Recipe.FromJson(file.Recipe, $"the recipe of {path}"));
        foreach (TaskOption option in task.Options.Where(option => IsOfModel(option) && theirs.IsGiven(option.Name) && !settings.IsGiven(option.Name)))
            foreach (string value in theirs.All(option.Name)) settings.Set(option.Name, value);
        return file;
    }

    /// <summary>How it is trained, and the files, are another matter.</summary>
    private static bool IsOfModel(TaskOption option) => option.Group is "Model" or "Task" or "Data" && option.Kind != OptionKind.Path;
}
