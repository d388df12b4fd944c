using Unroll.Cli.Comparing;

namespace Unroll.Cli.Studies;

/// <summary>The forget gate's first bias.</summary>
internal sealed class Jozefowicz2015 : Study
{
    /// <inheritdoc/>
    public override string Name => "jozefowicz2015";

    /// <inheritdoc/>
    public override string Paper => "Józefowicz, Zaremba & Sutskever 2015, \"An empirical exploration of recurrent network architectures\"";

    /// <inheritdoc/>
    public override string Claim => "An LSTM whose forget gates start open (a bias of 1) learns what one with a bias of 0 does not; it then is level with the GRU.";

    /// <inheritdoc/>
    public override string Arguments => "temporal-order --length 50 --steps 3000 --vary forget-bias=0,1,3 --seeds 5";

    /// <inheritdoc/>
    public override string Reading(IReadOnlyList<Standing> standings) => string.Join("; ", standings.Select(s =>
        $"bias {ValueOf(s.Entrant, "forget-bias")}: {s.Solved} of {s.Runs.Count} runs solved the task{(double.IsFinite(s.StepsToSolve.Median) ? $", after {s.StepsToSolve.Median:N0} steps" : "")}")) + ".";
}
