// The whole command with a cell of one's own in it:
//
//   dotnet run -c Release --project samples/OwnCell -- cells leaky
//   dotnet run -c Release --project samples/OwnCell -- train --cell leaky --steps 500 --out runs/leaky
//   dotnet run -c Release --project samples/OwnCell -- generate runs/leaky/model.safetensors
using Unroll.Cells;
using Unroll.Cli;
using Unroll.Equations;

CellCatalogue.Add(new CellVariant("leaky", "a leaky integrator, each unit with a rate that it learns", () => new Leaky()));
return UnrollCommand.Run(args);

internal sealed class Leaky : Cell
{
    protected override void Define(CellEquations cell)
    {
        var (x, h) = (cell.Input, cell.State("h"));
        var rate = cell.Let("α", Sigmoid(cell.Vector("a", start: ParameterStart.Zeros)));
        cell.Next(h, (1 - rate) * h + rate * Tanh(cell.Affine("h", x, h)));
    }
}
