using Unroll.Cli.Comparing;

namespace Unroll.Cli.Studies;

/// <summary>A published comparison to be made again: what to type for it, and what the paper found. Deriving from this, in a file of its own and with a parameterless
/// constructor, is all it takes to add one: <see cref="StudyCatalogue"/> finds it when the project is compiled.</summary>
internal abstract class Study
{
    /// <summary>First author and year in one word: greff2015.</summary>
    public abstract string Name { get; }

    /// <summary>The paper.</summary>
    public abstract string Paper { get; }

    /// <summary>What it found, in a sentence.</summary>
    public abstract string Claim { get; }

    /// <summary>What to type after <c>unroll compare</c> to have it: the task, then options.</summary>
    public abstract string Arguments { get; }

    /// <summary>What stands over the paper's own figures; null where it has none that could stand beside ours.</summary>
    public virtual string? PaperColumn => null;

    /// <summary>The paper's figure for an entrant; null where it has none.</summary>
    public virtual string? InPaper(Entrant entrant) => null;

    /// <summary>What was seen, in a sentence.</summary>
    /// <param name="standings">The entrants with all their runs, the best first.</param>
    public abstract string Reading(IReadOnlyList<Standing> standings);

    /// <summary>The name of the task.</summary>
    public string Task => Arguments.Split(' ')[0];

    /// <summary>The options as words.</summary>
    public IReadOnlyList<string> Options => Arguments.Split(' ')[1..];

    /// <summary>The value that an entrant has of an option that is varied.</summary>
    protected static string ValueOf(Entrant entrant, string option) => entrant.Values.First(pair => pair.Option.Name == option).Value;
}
