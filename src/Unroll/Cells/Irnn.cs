using Unroll.Equations;

namespace Unroll.Cells;

/// <summary>The plain recurrent network with relu whose recurrent matrix starts as the identity: a state that nothing enters stays as it is, however long. Le, Jaitly &amp;
/// Hinton 2015, "A simple way to initialize recurrent networks of rectified linear units".</summary>
public sealed class Irnn : Cell
{
    /// <inheritdoc/>
    public override string Paper => "Le, Jaitly & Hinton 2015, A simple way to initialize recurrent networks of rectified linear units";

    /// <inheritdoc/>
    internal override NativeForm? Native => new(NativeKind.Rnn, ["h"]) { Activation = Activation.Relu };

    /// <inheritdoc/>
    protected override void Define(CellEquations cell)
    {
        var (x, h) = (cell.Input, cell.State("h"));
        cell.Next(h, Relu(cell.Affine("h", x, h)));
        cell.Start("U_h", ParameterStart.Identity);
    }
}
