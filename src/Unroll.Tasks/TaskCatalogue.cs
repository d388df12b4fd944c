using Unroll.Generators;

namespace Unroll.Tasks;

/// <summary>All tasks by name. A class that derives from <see cref="TaskDefinition"/> in this project is found when it is compiled; nothing is
/// registered by hand.</summary>
[Catalogue(typeof(TaskDefinition))]
public static partial class TaskCatalogue
{
    /// <summary>Every task, in the order of their names.</summary>
    public static IReadOnlyList<TaskDefinition> All { get; } = [.. Discover().OrderBy(task => task.Name, StringComparer.Ordinal)];

    /// <summary>Finds a task by its name or an alias; null when there is none.</summary>
    /// <param name="name">The name.</param>
    public static TaskDefinition? Find(string name) => All.FirstOrDefault(task =>
        string.Equals(task.Name, name, StringComparison.OrdinalIgnoreCase) || task.Aliases.Contains(name, StringComparer.OrdinalIgnoreCase));

    /// <summary>Gets a task by its name or an alias.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="BadUsageException">There is none; the message names the nearest.</exception>
    public static TaskDefinition Get(string name) => Find(name) ?? throw new BadUsageException(
        $"There is no task '{name}'.{NearestWord.Suggest(name, All.SelectMany(task => task.Aliases.Prepend(task.Name)))} The tasks are {string.Join(", ", All.Select(task => task.Name))}.");
}
