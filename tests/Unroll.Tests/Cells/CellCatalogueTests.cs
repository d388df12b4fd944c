using Unroll.Cells;
using Unroll.Equations;

namespace Unroll.Tests.Cells;

public class CellCatalogueTests
{
    private sealed class Written(Action<CellEquations> define) : Cell
    {
        protected override void Define(CellEquations cell) => define(cell);
    }

    private static CellVariant Variant(string name, Action<CellEquations> define) => new(name, "a cell of the tests", () => new Written(define));

    private static void Sum(CellEquations cell)
    {
        var h = cell.State("h");
        cell.Next(h, h + cell.Affine("h", cell.Input));
    }

    [Fact]
    public void A_cell_that_is_added_is_found_by_its_name()
    {
        CellVariant variant = Variant("sum-of-tests", Sum);
        CellCatalogue.Add(variant);
        Assert.Same(variant, CellCatalogue.Find("Sum-of-tests"));
        Assert.Same(variant, CellCatalogue.All[^1]);
        Assert.Equal("there is a cell called 'sum-of-tests' already; give yours another name.", Assert.Throws<BadUsageException>(() => CellCatalogue.Add(variant)).Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Sum")]
    [InlineData("2-sum")]
    [InlineData("sum of h")]
    [InlineData("sümme")]
    public void A_name_that_could_not_be_typed_is_refused(string name) =>
        Assert.Contains($"the cell's name is '{name}'", Assert.Throws<BadUsageException>(() => CellCatalogue.Add(Variant(name, Sum))).Message, StringComparison.Ordinal);

    [Fact]
    public void Wrong_equations_are_refused_at_once_and_leave_the_catalogue_as_it_was()
    {
        Assert.Contains("is never given its next value", Assert.Throws<EquationException>(() => CellCatalogue.Add(Variant("without-next", cell => cell.State("h")))).Message, StringComparison.Ordinal);
        Assert.DoesNotContain(CellCatalogue.All, variant => variant.Name == "without-next");
    }

    [Fact]
    public void Letters_with_signs_and_of_the_greeks_are_commands_in_latex()
    {
        var cell = new Written(equations =>
        {
            var h = equations.State("h");
            var rate = equations.Let("Γ_u", equations.Vector("αβ"));
            var candidate = equations.Let("c̃", rate * equations.Affine("λ2", equations.Input));
            equations.Next(h, candidate + h);
        });
        Assert.Equal([@"\Gamma_u = \alpha \beta", @"\tilde{c} = \Gamma_u \odot (W_{\lambda2} x_t + b_{\lambda2})", @"h_t = \tilde{c} + h_{t-1}", "y_t = h_t"], cell.Latex);
        Assert.Equal("Γ_u = αβ", cell.Equations[0]);
    }
}
