using Unroll.Files;
using Unroll.Tasks;
using Unroll.Training;

namespace Unroll.Cli.Commands;

/// <summary>The word that names a model: its file, or the folder of its run.</summary>
internal static class ModelArgument
{
    /// <summary>The word.</summary>
    public static Positional Positional { get; } = new("MODEL", "a model.safetensors, or the folder of a run", true);

    /// <summary>Reads the model's file.</summary>
    /// <exception cref="BadInputException">It cannot be used.</exception>
    public static ModelFile Read(string path) => ModelFile.Read(RunFolder.ModelAt(path));

    /// <summary>The task a model does.</summary>
    /// <exception cref="BadInputException">This version has no such task.</exception>
    public static TaskDefinition TaskOf(ModelFile file, string path) => TaskCatalogue.Find(file.Task) ?? throw new BadInputException(
        $"{path} holds a model of the task '{file.Task}', which this version does not have; it has {string.Join(", ", TaskCatalogue.All.Select(task => task.Name))}.");
}
