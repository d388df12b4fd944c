using Unroll.Cells;
using Unroll.Tasks;

namespace Unroll.Cli.Commands;

/// <summary>Lists the cells, or shows one's equations.</summary>
internal sealed class CellsCommand : CliCommand
{
    private static readonly TaskOption Latex = new("latex", OptionKind.Flag, "show the equations as LaTeX") { Group = "Options" };
    private static readonly TaskOption PyTorch = new("pytorch", OptionKind.Flag, "print the cell as a PyTorch module with the same parameters") { Group = "Options" };
    private static readonly TaskOption InputSize = new("input", OptionKind.Whole, "the module's input features") { Default = "128", Minimum = 1, Maximum = 1_000_000, Group = "Options" };
    private static readonly TaskOption HiddenSize = new("hidden", OptionKind.Whole, "the module's hidden units") { Default = "128", Minimum = 1, Maximum = 1_000_000, Group = "Options" };

    /// <inheritdoc/>
    public override string Name => "cells";

    /// <inheritdoc/>
    public override string Summary => "lists the recurrent cells, or shows one's equations, as text, LaTeX or PyTorch";

    /// <inheritdoc/>
    public override IReadOnlyList<Positional> Positionals { get; } = [new("NAME", "a cell", false)];

    /// <inheritdoc/>
    public override IReadOnlyList<TaskOption> Options { get; } = [Latex, PyTorch, InputSize, HiddenSize];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Arguments, string Meaning)> Examples =>
    [
        ("", "list them all"),
        ("lstm", "the equations of the LSTM and the paper they come from"),
        ("gru --latex", "those of the GRU, as LaTeX"),
        ("lstm-peephole --pytorch --hidden 256", "as a PyTorch module that computes the same, with the same parameters"),
    ];

    /// <inheritdoc/>
    public override int Run(Arguments arguments, Terminal terminal, CancellationToken cancellation)
    {
        if (arguments.Words is not [var name])
        {
            if (arguments.Settings.Flag(PyTorch.Name)) throw new BadUsageException("--pytorch prints one cell and none is named; name it, as in 'unroll cells lstm --pytorch'.");
            int width = CellCatalogue.All.Max(cell => cell.Name.Length) + 2;
            foreach (CellVariant cell in CellCatalogue.All) terminal.Out.WriteLine($"{cell.Name.PadRight(width)}{cell.Summary}");
            return ExitCode.Done;
        }
        CellVariant variant = CellCatalogue.All.FirstOrDefault(cell => cell.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new BadUsageException($"there is no cell '{name}'.{NearestWord.Suggest(name, CellCatalogue.All.Select(cell => cell.Name))} 'unroll cells' lists them.");
        Cell found = variant.Create();
        if (arguments.Settings.Flag(PyTorch.Name))
        {
            terminal.Out.Write(found.PyTorch(arguments.Settings.Whole(InputSize.Name), arguments.Settings.Whole(HiddenSize.Name)));
            return ExitCode.Done;
        }
        terminal.Out.WriteLine($"{variant.Name}: {variant.Summary}");
        if (found.Paper.Length > 0) terminal.Out.WriteLine(found.Paper);
        terminal.Out.WriteLine();
        foreach (string line in arguments.Settings.Flag(Latex.Name) ? found.Latex : found.Equations) terminal.Out.WriteLine($"  {line}");
        if (found.IsScan) terminal.Out.WriteLine("\nNo matrix stands between a state and its next value: it runs as a scan over time.");
        return ExitCode.Done;
    }
}
