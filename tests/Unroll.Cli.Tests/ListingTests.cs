using Unroll.Cells;
using Unroll.Tasks;

namespace Unroll.Cli.Tests;

public sealed class ListingTests
{
    [Fact]
    public void Every_cell_is_listed_and_shows_its_equations()
    {
        using var session = new CommandSession();
        string list = session.Succeed("cells");
        Assert.Equal(CellCatalogue.All.Count, list.TrimEnd('\n').Split('\n').Length);
        foreach (CellVariant cell in CellCatalogue.All)
        {
            Assert.Contains(cell.Name, list);
            string page = session.Succeed("cells", cell.Name);
            foreach (string equation in cell.Create().Equations) Assert.Contains($"  {equation}\n", page);
        }
        Assert.Contains(@"\sigma", session.Succeed("cells", "LSTM", "--latex"));
        Assert.StartsWith("from typing import Tuple\n\nimport torch\n", session.Succeed("cells", "lstm", "--pytorch"), StringComparison.Ordinal);
        Assert.Contains("self.weight_ih = Parameter(torch.empty(96, 7).uniform_(-k, k))", session.Succeed("cells", "lstm", "--pytorch", "--input", "7", "--hidden", "24"), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_task_is_listed_with_its_shorter_names()
    {
        using var session = new CommandSession();
        string list = session.Succeed("tasks");
        foreach (TaskDefinition task in TaskCatalogue.All) Assert.Contains(string.Join(", ", task.Aliases.Prepend(task.Name)), list);
        Assert.Contains("language-model, lm", list);
    }
}
