using System.Security.Cryptography;
using System.Text;
using Unroll.Tasks;

namespace Unroll.Cli.Comparing;

/// <summary>One of the sides of a comparison: a value for each option that is varied.</summary>
/// <param name="Values">The options and their values.</param>
/// <param name="Settings">Those and the options that all entrants share; everything but the seed.</param>
/// <param name="Parameters">How many numbers are trained.</param>
/// <param name="Units">In what its loss is told.</param>
internal sealed record Entrant(IReadOnlyList<(TaskOption Option, string Value)> Values, TaskSettings Settings, long Parameters, TrainingUnits Units)
{
    private const int LongestFolder = 80;

    /// <summary>What to call it: a cell by its name alone, every other value with its option.</summary>
    public string Name => NameOf(Values);

    /// <summary>What to call some values.</summary>
    public static string NameOf(IReadOnlyList<(TaskOption Option, string Value)> values) => values.Count == 0 ? "as given" : string.Join(", ", values.Select(pair =>
        pair.Option.Name == CommonOptions.Cell.Name ? pair.Value : $"{pair.Option.Name} {(pair.Option.Kind == OptionKind.Path ? Path.GetFileName(pair.Value) : pair.Value)}"));

    /// <summary>The units of a recurrent layer; null where the task has no such option.</summary>
    public int? Hidden => Settings.Options.Any(option => option.Name == CommonOptions.Hidden.Name) ? Settings.Whole(CommonOptions.Hidden.Name) : null;

    /// <summary>The name of the folder of its runs: other values, another name.</summary>
    public string Folder
    {
        get
        {
            string all = string.Join('_', Values.Select(pair => $"{pair.Option.Name}={Uri.EscapeDataString(pair.Value)}"));
            return all.Length == 0 ? "all" : all.Length <= LongestFolder ? all
                : $"{all[..(LongestFolder - 17)]}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all)))[..16]}";
        }
    }

    /// <summary>The settings of one run.</summary>
    public TaskSettings WithSeed(int seed) => Copy(Settings).Set(CommonOptions.Seed.Name, FormattableString.Invariant($"{seed}"));

    /// <summary>Settings of their own with the same values.</summary>
    public static TaskSettings Copy(TaskSettings settings)
    {
        var copy = new TaskSettings(settings.Options);
        foreach (TaskOption option in settings.Options.Where(option => settings.IsGiven(option.Name)))
            foreach (string value in settings.All(option.Name)) copy.Set(option.Name, value);
        return copy;
    }
}
