using Unroll.Cells;
using Unroll.Equations;

namespace Unroll.Tests.Layers;

/// <summary>A cell that a test writes down.</summary>
internal sealed class WrittenCell(string name, Action<CellEquations> define) : Cell
{
    public override string Name => name;

    protected override void Define(CellEquations cell) => define(cell);

    public static Expression MeanOf(Expression x) => Mean(x);

    public static Expression Squash(Expression x) => Tanh(x);

    public static Expression Gate(Expression x) => Sigmoid(x);

    public static Expression Root(Expression x) => Sqrt(x);
}
