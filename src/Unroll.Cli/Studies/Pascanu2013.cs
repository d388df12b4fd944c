using Unroll.Cli.Comparing;

namespace Unroll.Cli.Studies;

/// <summary>Clipping against the exploding gradient.</summary>
internal sealed class Pascanu2013 : Study
{
    /// <inheritdoc/>
    public override string Name => "pascanu2013";

    /// <inheritdoc/>
    public override string Paper => "Pascanu, Mikolov & Bengio 2013, \"On the difficulty of training recurrent neural networks\"";

    /// <inheritdoc/>
    public override string Claim => "On the temporal order task, plain gradient descent fails as sequences grow longer; with the norm of the gradient clipped it succeeds far more often.";

    /// <inheritdoc/>
    public override string Arguments => "temporal-order --cell elman --length 50 --hidden 50 --init orthogonal --optimizer sgd --learning-rate 0.05 --steps 5000 --vary clip=0,1 --seeds 5";

    /// <inheritdoc/>
    public override string Reading(IReadOnlyList<Standing> standings) => string.Join("; ", standings.OrderByDescending(s => ValueOf(s.Entrant, "clip") == "0")
        .Select(s => $"{(ValueOf(s.Entrant, "clip") == "0" ? "without clipping" : $"clipped at {ValueOf(s.Entrant, "clip")}")} {s.Solved} of {s.Runs.Count} runs solved the task{(s.Failed > 0 ? $" and {s.Failed} diverged" : "")}")) + ".";
}
