using System.Globalization;
using Unroll.Cli.Studies;
using Unroll.Tasks;

namespace Unroll.Cli.Comparing;

/// <summary>An option and the values that entrants have of it.</summary>
/// <param name="Option">The option, one of the task's.</param>
/// <param name="Values">The values, as the option keeps them.</param>
internal sealed record Variation(TaskOption Option, IReadOnlyList<string> Values)
{
    /// <summary>What <see cref="Parse"/> takes, for messages.</summary>
    public const string Expected = "OPTION=VALUE,VALUE such as cell=elman,gru,lstm";

    /// <summary>Reads <c>OPTION=VALUE,VALUE</c>.</summary>
    /// <param name="text">The words.</param>
    /// <param name="options">The task's options.</param>
    /// <exception cref="BadUsageException">It is no such thing, or the option does not take a value.</exception>
    public static Variation Parse(string text, IReadOnlyList<TaskOption> options)
    {
        int end = text.IndexOf('=', StringComparison.Ordinal);
        string name = (end < 0 ? text : text[..end]).TrimStart('-');
        string[] values = end < 0 ? [] : [.. text[(end + 1)..].Split(',').Select(value => value.Trim())];
        if (name.Length == 0 || values.Length == 0 || values.Any(value => value.Length == 0)) throw new BadUsageException($"--vary {text}: expected {Expected}.");
        if (name == CommonOptions.Seed.Name) throw new BadUsageException($"--vary {text}: seeds are given by --seeds.");
        TaskOption option = options.FirstOrDefault(option => option.Name == name)
            ?? throw new BadUsageException($"--vary {text}: the task has no option --{name}.{NearestWord.Suggest(name, options.Select(option => option.Name))}");
        values = [.. values.Select(value => option.Read(option.Kind == OptionKind.Path ? Path.GetFullPath(value) : value))];
        if (values.GroupBy(value => value).FirstOrDefault(group => group.Count() > 1) is { } twice) throw new BadUsageException($"--vary {text}: {twice.Key} is there twice.");
        return new Variation(option, values);
    }
}

/// <summary>What is compared: a task's training with some options varied, every combination of their values, with several seeds each.</summary>
/// <param name="Task">The task.</param>
/// <param name="Shared">The options that all entrants have.</param>
/// <param name="Varied">The options that make the entrants.</param>
/// <param name="Seeds">The seeds.</param>
/// <param name="Budget">How many parameters each entrant is to have, by its hidden size; null to leave the hidden size as it is.</param>
/// <param name="Study">The study it belongs to; null for none.</param>
internal sealed record Comparison(TaskDefinition Task, TaskSettings Shared, IReadOnlyList<Variation> Varied, IReadOnlyList<int> Seeds, int? Budget, Study? Study = null)
{
    /// <summary>What <see cref="TryParseSeeds"/> takes, for messages.</summary>
    public const string ExpectedSeeds = "how many seeds, such as 5 (1 to 5), or a list of them such as 1,2,7";

    private const int MostSeeds = 10_000;

    /// <summary>Checks that the options go together.</summary>
    /// <returns>This.</returns>
    /// <exception cref="BadUsageException">They do not.</exception>
    public Comparison Checked()
    {
        string hidden = CommonOptions.Hidden.Name;
        if (Varied.GroupBy(each => each.Option.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new BadUsageException($"--vary {twice.Key}= is given twice; put all its values into one, with commas between.");
        if (Varied.FirstOrDefault(each => Shared.IsGiven(each.Option.Name)) is { } both)
            throw new BadUsageException($"--{both.Option.Name} is given and varied; leave out one of the two.");
        if (Budget is null) return this;
        if (Shared.Options.All(option => option.Name != hidden)) throw new BadUsageException($"--parameters: the task {Task.Name} has no --{hidden} by which a model could be made larger or smaller.");
        if (Shared.IsGiven(hidden) || Varied.Any(each => each.Option.Name == hidden)) throw new BadUsageException($"--parameters chooses --{hidden} for each entrant; leave out one of the two.");
        return this;
    }

    /// <summary>The entrants, each prepared once to see that it can be trained and how large it is.</summary>
    /// <exception cref="BadUsageException">One cannot be trained, or not with so few parameters.</exception>
    /// <exception cref="BadInputException">The data cannot be used.</exception>
    public IReadOnlyList<Entrant> Entrants()
    {
        IEnumerable<IReadOnlyList<(TaskOption Option, string Value)>> combinations = [[]];
        foreach (Variation each in Varied)
            combinations = [.. combinations.SelectMany(values => each.Values.Select(value => (IReadOnlyList<(TaskOption, string)>)[.. values, (each.Option, value)]))];
        return [.. combinations.Select(Enter)];
    }

    private Entrant Enter(IReadOnlyList<(TaskOption Option, string Value)> values)
    {
        TaskSettings settings = Entrant.Copy(Shared);
        foreach (var (option, value) in values)
            if (option.Kind != OptionKind.Flag || value == "true") settings.Set(option.Name, value);
        string name = CommonOptions.Hidden.Name;
        try
        {
            if (Budget is { } budget)
            {
                TaskOption option = settings.Options.First(option => option.Name == name);
                settings.Set(name, Text(EqualBudget.Nearest(hidden => Prepare(Entrant.Copy(settings).Set(name, Text(hidden))).Job.Model.ParameterCount, budget, (int)Math.Max(option.Minimum, 1), (int)option.Maximum)));
            }
            PreparedTraining prepared = Prepare(settings);
            return new Entrant(values, settings, prepared.Job.Model.ParameterCount, prepared.Units);
        }
        catch (BadUsageException error)
        {
            throw new BadUsageException($"{Entrant.NameOf(values)}{(Budget is { } budget ? $", --parameters {budget}" : "")}: {error.Message}", error);
        }
    }

    /// <summary>Preparing a training may write into its settings, so they are copied.</summary>
    private PreparedTraining Prepare(TaskSettings settings) => Task.Prepare(Entrant.Copy(settings));

    /// <summary>What makes this comparison this one: all but the values that are varied and the seeds, of which there may be more later, and what changes no result.</summary>
    public IReadOnlyDictionary<string, string> Identity()
    {
        var identity = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["task"] = Task.Name, ["varied"] = string.Join(", ", Varied.Select(each => each.Option.Name)) };
        if (Budget is { } budget) identity["--parameters"] = Text(budget);
        foreach (TaskOption option in Shared.Options.Where(option => Shared.IsGiven(option.Name) && option.Name != CommonOptions.Threads.Name && option.Name != CommonOptions.CheckpointEvery.Name))
            identity["--" + option.Name] = string.Join(' ', Shared.All(option.Name));
        return identity;
    }

    /// <summary>What to type after <c>unroll</c> to have it again.</summary>
    public IEnumerable<string> Command()
    {
        yield return "compare";
        if (Study is null) yield return Task.Name;
        else
        {
            yield return "--study";
            yield return Study.Name;
        }
        foreach (TaskOption option in Shared.Options.Where(option => Shared.IsGiven(option.Name)))
        {
            yield return "--" + option.Name;
            if (option.Kind == OptionKind.Flag) continue;
            foreach (string value in Shared.All(option.Name)) yield return value;
        }
        foreach (Variation each in Study is null ? Varied : [])
        {
            yield return "--vary";
            yield return $"{each.Option.Name}={string.Join(',', each.Values)}";
        }
        yield return "--seeds";
        yield return Seeds.SequenceEqual(Enumerable.Range(1, Seeds.Count)) ? Text(Seeds.Count) : string.Join(',', Seeds.Select(Text));
        if (Budget is not { } budget) yield break;
        yield return "--parameters";
        yield return Text(budget);
    }

    /// <summary>Reads seeds.</summary>
    /// <param name="text">How many, or a list with commas between.</param>
    /// <param name="seeds">The seeds.</param>
    /// <returns>Null, or what is wrong: what was expected.</returns>
    public static string? TryParseSeeds(string text, out int[] seeds)
    {
        seeds = [];
        var found = new List<int>();
        foreach (string word in text.Split(','))
        {
            if (!int.TryParse(word.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int seed) || found.Contains(seed)) return ExpectedSeeds;
            found.Add(seed);
        }
        if (found.Count == 1 && found[0] is 0 or > MostSeeds) return ExpectedSeeds;
        seeds = found.Count == 1 ? [.. Enumerable.Range(1, found[0])] : [.. found];
        return null;
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
