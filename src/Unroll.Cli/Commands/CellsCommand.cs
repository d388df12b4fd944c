using Unroll.Cells;
using Unroll.Tasks;

namespace Unroll.Cli.Commands;

/// <summary>Lists the cells, or shows one's equations.</summary>
internal sealed class CellsCommand : CliCommand
{
    private static readonly TaskOption Latex = new("latex", OptionKind.Flag, "show the equations as LaTeX") { Group = "Options" };

    /// <inheritdoc/>
    public override string Name => "cells";

    /// <inheritdoc/>
    public override string Summary => "lists the recurrent cells, or shows one's equations";

    /// <inheritdoc/>
    public override IReadOnlyList<Positional> Positionals { get; } = [new("NAME", "a cell", false)];

    /// <inheritdoc/>
    public override IReadOnlyList<TaskOption> Options { get; } = [Latex];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Arguments, string Meaning)> Examples =>
    [
        ("", "list them all"),
        ("lstm", "the equations of the LSTM and the paper they come from"),
        ("gru --latex", "those of the GRU, as LaTeX"),
    ];

    /// <inheritdoc/>
    public override int Run(Arguments arguments, Terminal terminal, CancellationToken cancellation)
    {
        if (arguments.Words is not [var name])
        {
            int width = CellCatalogue.All.Max(cell => cell.Name.Length) + 2;
            foreach (CellVariant cell in CellCatalogue.All) terminal.Out.WriteLine($"{cell.Name.PadRight(width)}{cell.Summary}");
            return ExitCode.Done;
        }
        CellVariant variant = CellCatalogue.All.FirstOrDefault(cell => cell.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new BadUsageException($"there is no cell '{name}'.{NearestWord.Suggest(name, CellCatalogue.All.Select(cell => cell.Name))} 'unroll cells' lists them.");
        Cell found = variant.Create();
        terminal.Out.WriteLine($"{variant.Name}: {variant.Summary}");
        if (found.Paper.Length > 0) terminal.Out.WriteLine(found.Paper);
        terminal.Out.WriteLine();
        foreach (string line in arguments.Settings.Flag(Latex.Name) ? found.Latex : found.Equations) terminal.Out.WriteLine($"  {line}");
        return ExitCode.Done;
    }
}
