using Unroll.Cells;
using Unroll.Equations;
using Unroll.Kernels;

namespace Unroll.Tests.Equations;

/// <summary>What a plan reads must be there when it is read; nothing else sees it where numbers read in excess are computed with and forgotten.</summary>
public class CellPlanTests
{
    public static TheoryData<string> Cells() => [.. CellCatalogue.All.Select(variant => variant.Name)];

    [Theory]
    [MemberData(nameof(Cells))]
    public void What_runs_over_all_steps_reads_and_writes_what_has_a_place_for_every_step(string name)
    {
        Cell cell = CellCatalogue.Find(name).Create();
        foreach (bool stepByStep in new[] { false, true })
            foreach (bool training in new[] { false, true })
            {
                var plan = new CellPlan(cell.Build(20, 24), training, stepByStep);
                foreach (StepProgram program in new[] { plan.Prelude, plan.Epilogue, plan.BackwardPrelude, plan.BackwardEpilogue, plan.Postlude })
                    foreach (StepOperand operand in OperandsOf(program).Where(operand => !operand.IsRowVector))
                        Assert.False(plan.Matrices[operand.Matrix].Storage is StepStorage.Step or StepStorage.Pair,
                            $"matrix {operand.Matrix}, {(training ? "training" : "inference")}, has a place for {plan.Matrices[operand.Matrix].Storage} alone");
            }
    }

    private static IEnumerable<StepOperand> OperandsOf(StepProgram program)
    {
        foreach (StepStage stage in program.Stages)
        {
            foreach (TilePass tile in stage.Tiles.Concat(stage.Uniform))
                foreach (StepOperand operand in tile.Operands) yield return operand;
            foreach (ProductPass product in stage.Products)
                foreach (StepOperand operand in product.Destinations.Concat(product.Sources.Select(source => source.From))) yield return operand;
            foreach (MeanPass mean in stage.Means)
                foreach (StepOperand operand in new[] { mean.From, mean.To }) yield return operand;
        }
    }
}
