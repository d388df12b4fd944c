using Unroll.Tasks;

namespace Unroll.Cli.Commands;

/// <summary>Lists the tasks.</summary>
internal sealed class TasksCommand : CliCommand
{
    /// <inheritdoc/>
    public override string Name => "tasks";

    /// <inheritdoc/>
    public override string Summary => "lists the tasks";

    /// <inheritdoc/>
    public override IReadOnlyList<(string Arguments, string Meaning)> Examples => [("", "list them all, with their shorter names")];

    /// <inheritdoc/>
    public override int Run(Arguments arguments, Terminal terminal, CancellationToken cancellation)
    {
        string[] names = [.. TaskCatalogue.All.Select(task => string.Join(", ", task.Aliases.Prepend(task.Name)))];
        int width = names.Max(name => name.Length) + 2;
        for (int i = 0; i < names.Length; i++) terminal.Out.WriteLine($"{names[i].PadRight(width)}{TaskCatalogue.All[i].Summary}");
        terminal.Out.WriteLine();
        terminal.Out.WriteLine("'unroll train TASK --help' shows what a task takes.");
        return ExitCode.Done;
    }
}
