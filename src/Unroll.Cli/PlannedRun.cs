using Unroll.Tasks;
using Unroll.Training;

namespace Unroll.Cli;

/// <summary>A training about to begin, or to go on, in a folder of its own: the one way from a task's settings to a trainer.</summary>
/// <param name="Prepared">Data and model.</param>
/// <param name="Trainer">What trains it.</param>
internal sealed record PlannedRun(PreparedTraining Prepared, Trainer Trainer)
{
    /// <summary>Prepares a run.</summary>
    /// <param name="task">The task.</param>
    /// <param name="settings">Its settings.</param>
    /// <param name="folder">The run folder.</param>
    /// <param name="resumes">Whether the folder has the recipe already.</param>
    /// <exception cref="BadInputException">The data cannot be used.</exception>
    /// <exception cref="BadUsageException">The settings do not go together.</exception>
    public static PlannedRun Of(TaskDefinition task, TaskSettings settings, string folder, bool resumes = false)
    {
        PreparedTraining prepared = task.Prepare(settings);
        Recipe recipe = resumes ? Recipe.Read(new RunFolder(folder).Recipe) : CommonOptions.ToRecipe(task, settings);
        TrainerOptions options = CommonOptions.ToTrainerOptions(settings, prepared.Job.StepsPerEpoch) with { Folder = folder, Recipe = recipe };
        return new PlannedRun(prepared, new Trainer(prepared.Job, options));
    }

    /// <summary>The task's own settings out of all that were given; paths are made to hold wherever the run is resumed.</summary>
    public static TaskSettings SettingsOf(TaskDefinition task, TaskSettings given)
    {
        var settings = new TaskSettings(task.Options);
        foreach (TaskOption option in task.Options.Where(option => given.Options.Contains(option) && given.IsGiven(option.Name)))
            foreach (string value in given.All(option.Name)) settings.Set(option.Name, option.Kind == OptionKind.Path ? Path.GetFullPath(value) : value);
        return settings;
    }

    /// <summary>The word for how a run ended, in JSON.</summary>
    public static string Word(RunOutcome outcome) => outcome switch
    {
        RunOutcome.Completed => "completed",
        RunOutcome.StoppedEarly => "stopped-early",
        RunOutcome.Solved => "solved",
        _ => "interrupted",
    };
}
