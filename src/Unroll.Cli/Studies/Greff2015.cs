using System.Globalization;
using Unroll.Cli.Comparing;

namespace Unroll.Cli.Studies;

/// <summary>What each part of the LSTM is worth.</summary>
internal sealed class Greff2015 : Study
{
    private const string Baseline = "lstm-peephole";

    /// <inheritdoc/>
    public override string Name => "greff2015";

    /// <inheritdoc/>
    public override string Paper => "Greff, Srivastava, Koutník, Steunebrink & Schmidhuber 2015, \"LSTM: A search space odyssey\"";

    /// <inheritdoc/>
    public override string Claim => "No variant is much better than the LSTM with peepholes; leaving out the forget gate or the output nonlinearity costs most, coupling the gates (CIFG) or leaving out peepholes (NP, lstm) costs nothing.";

    /// <inheritdoc/>
    public override string Arguments => "polyphonic --vary cell=lstm-peephole,lstm,lstm-nig,lstm-nfg,lstm-nog,lstm-niaf,lstm-noaf,lstm-cifg,lstm-fgr --hidden 36 --learning-rate 0.01 --seeds 3 --epochs 40";

    /// <inheritdoc/>
    public override string Reading(IReadOnlyList<Standing> standings)
    {
        int place = standings.ToList().FindIndex(s => s.Entrant.Name == Baseline);
        double full = standings[place].Loss.Median;
        return string.Create(CultureInfo.InvariantCulture,
            $"{Baseline} is number {place + 1} of {standings.Count} at {full:0.00} nats a step, {full - standings[0].Loss.Median:0.00} behind the best; most is lost by {standings[^1].Entrant.Name}, {standings[^1].Loss.Median - full:0.00}.");
    }
}
