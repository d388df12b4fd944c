using Unroll.Generators;
using Unroll.Tasks;

namespace Unroll.Cli.Studies;

/// <summary>All studies by name.</summary>
[Catalogue(typeof(Study))]
internal static partial class StudyCatalogue
{
    /// <summary>Every study, in the order of their names.</summary>
    public static IReadOnlyList<Study> All { get; } = [.. Discover().OrderBy(study => study.Name, StringComparer.Ordinal)];

    /// <summary>Gets a study by its name.</summary>
    /// <exception cref="BadUsageException">There is none; the message names the nearest.</exception>
    public static Study Get(string name) => All.FirstOrDefault(study => study.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) ?? throw new BadUsageException(
        $"There is no study '{name}'.{NearestWord.Suggest(name, All.Select(study => study.Name))} The studies are {string.Join(", ", All.Select(study => study.Name))}.");
}
