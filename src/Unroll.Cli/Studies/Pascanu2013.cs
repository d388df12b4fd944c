using Unroll.Cli.Comparing;

namespace Unroll.Cli.Studies;

/// <summary>Clipping against the exploding gradient. The learning rate is varied too: a smaller one is the other remedy against steps that are too large.</summary>
internal sealed class Pascanu2013 : Study
{
    /// <inheritdoc/>
    public override string Name => "pascanu2013";

    /// <inheritdoc/>
    public override string Paper => "Pascanu, Mikolov & Bengio 2013, \"On the difficulty of training recurrent neural networks\"";

    /// <inheritdoc/>
    public override string Claim => "On the temporal order task, plain gradient descent fails as sequences grow longer; with the norm of the gradient clipped it succeeds far more often.";

    /// <inheritdoc/>
    public override string Arguments => "temporal-order --cell elman --length 50 --hidden 50 --init orthogonal --optimizer sgd --steps 5000 --vary clip=0,1 --vary learning-rate=0.001,0.003,0.01,0.05 --seeds 3";

    /// <inheritdoc/>
    public override string Reading(IReadOnlyList<Standing> standings) => string.Join("; ", standings.GroupBy(s => ValueOf(s.Entrant, "clip")).OrderBy(group => group.Key).Select(group => group.First())
        .Select(best => $"{(ValueOf(best.Entrant, "clip") == "0" ? "without clipping" : $"clipped at {ValueOf(best.Entrant, "clip")}")} the best learning rate is {ValueOf(best.Entrant, "learning-rate")}: {best.Solved} of {best.Runs.Count} runs solved the task{(best.Failed > 0 ? $" and {best.Failed} diverged" : "")}")) + ".";
}
