using System.Globalization;

namespace Unroll.Tasks;

/// <summary>The values of a task's options for one run: checked as they are set, and each option's default where nothing was.</summary>
public sealed class TaskSettings
{
    private readonly Dictionary<string, TaskOption> _options;
    private readonly Dictionary<string, List<string>> _given = new(StringComparer.Ordinal);

    /// <summary>Settings in which nothing has been given.</summary>
    /// <param name="options">The options there are.</param>
    public TaskSettings(IReadOnlyList<TaskOption> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options;
        _options = options.ToDictionary(option => option.Name, StringComparer.Ordinal);
    }

    /// <summary>The options there are.</summary>
    public IReadOnlyList<TaskOption> Options { get; }

    /// <summary>Sets an option; a second value for one that takes several is added to the first.</summary>
    /// <param name="name">The option's name without dashes.</param>
    /// <param name="value">Its value as text.</param>
    /// <returns>These settings.</returns>
    /// <exception cref="BadUsageException">There is no such option, or it does not take the value.</exception>
    public TaskSettings Set(string name, string value)
    {
        if (!_options.TryGetValue(name, out TaskOption? option))
            throw new BadUsageException($"There is no option --{name}.{NearestWord.Suggest(name, _options.Keys)}");
        string kept = option.Read(value);
        if (option.Several && _given.TryGetValue(name, out List<string>? values)) values.Add(kept);
        else _given[name] = [kept];
        return this;
    }

    /// <summary>Whether an option was given a value.</summary>
    /// <param name="name">The option's name without dashes.</param>
    public bool IsGiven(string name) => _given.ContainsKey(name);

    /// <summary>Gives every option that was given none its default, so that a recipe of these settings stays the same in a version with other defaults.</summary>
    internal void GiveDefaults()
    {
        foreach (TaskOption option in Options.Where(option => option.Default is not null && !IsGiven(option.Name))) Set(option.Name, option.Default!);
    }

    /// <summary>The value of an option as text, its default where none was given; null where it has none.</summary>
    /// <param name="name">The option's name without dashes.</param>
    public string? Find(string name) => _given.TryGetValue(name, out List<string>? values) ? values[^1] : Option(name).Default;

    /// <summary>The value of an option that always has one, as text.</summary>
    /// <param name="name">The option's name without dashes.</param>
    public string Text(string name) => Find(name) ?? throw new BadUsageException($"--{name} is needed.");

    /// <summary>All values of an option that takes several.</summary>
    /// <param name="name">The option's name without dashes.</param>
    public IReadOnlyList<string> All(string name) => _given.TryGetValue(name, out List<string>? values) ? values : Option(name).Default is { } value ? [value] : [];

    /// <summary>The value of an option that is a whole number.</summary>
    /// <param name="name">The option's name without dashes.</param>
    public int Whole(string name) => int.Parse(Text(name), CultureInfo.InvariantCulture);

    /// <summary>The value of an option that is a number.</summary>
    /// <param name="name">The option's name without dashes.</param>
    public double Number(string name) => double.Parse(Text(name), CultureInfo.InvariantCulture);

    /// <summary>Whether an option that is a flag is set.</summary>
    /// <param name="name">The option's name without dashes.</param>
    public bool Flag(string name) => Find(name) == "true";

    private TaskOption Option(string name) => _options.TryGetValue(name, out TaskOption? option)
        ? option
        : throw new ArgumentException($"The task has no option '{name}'.", nameof(name));
}
