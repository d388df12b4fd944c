using Unroll.Tasks;

namespace Unroll.Cli;

/// <summary>A word that stands on its own after the command.</summary>
/// <param name="Name">What help calls it, in capitals.</param>
/// <param name="Help">What it is.</param>
/// <param name="Required">Whether the command needs it.</param>
internal sealed record Positional(string Name, string Help, bool Required);

/// <summary>What was typed after a command, checked.</summary>
/// <param name="Words">The words that stand on their own, in order.</param>
/// <param name="Settings">The options.</param>
internal sealed record Arguments(IReadOnlyList<string> Words, TaskSettings Settings);

/// <summary>One of the command's commands: what it takes, and what it does.</summary>
internal abstract class CliCommand
{
    /// <summary>Its name.</summary>
    public abstract string Name { get; }

    /// <summary>What it does, in one line.</summary>
    public abstract string Summary { get; }

    /// <summary>More about it, for its own page of help.</summary>
    public virtual IReadOnlyList<string> Details => [];

    /// <summary>The words it takes.</summary>
    public virtual IReadOnlyList<Positional> Positionals => [];

    /// <summary>The options it takes.</summary>
    public virtual IReadOnlyList<TaskOption> Options => [];

    /// <summary>What to type after its name, each with a few words on what it does.</summary>
    public abstract IReadOnlyList<(string Arguments, string Meaning)> Examples { get; }

    /// <summary>Does it.</summary>
    /// <returns>The exit code.</returns>
    public abstract int Run(Arguments arguments, Terminal terminal, CancellationToken cancellation);
}

/// <summary>What the command returns to whoever started it.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>Failed while running.</summary>
    public const int Failed = 1;

    /// <summary>Wrong usage.</summary>
    public const int Usage = 2;

    /// <summary>Bad input data or file.</summary>
    public const int Input = 3;

    /// <summary>Interrupted, after saving.</summary>
    public const int Interrupted = 130;
}
