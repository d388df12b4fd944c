using System.Globalization;
using Unroll.Cli.Comparing;
using Unroll.Tasks;

namespace Unroll.Cli.Studies;

/// <summary>Gated cells against tanh on music.</summary>
internal sealed class Chung2014 : Study
{
    // Table 2: the negative log-likelihood of a step on the test part, in nats. Which set it is, the file's name says.
    private static readonly (string FileName, string Tanh, string Gru, string Lstm)[] Published =
    [
        ("nottingham", "3.13", "3.23", "3.20"), ("jsb", "9.10", "8.54", "8.67"), ("musedata", "6.23", "5.99", "6.23"), ("piano", "9.03", "8.82", "9.03"),
    ];

    private static readonly string Cell = CommonOptions.Cell.Name;

    /// <inheritdoc/>
    public override string Name => "chung2014";

    /// <inheritdoc/>
    public override string Paper => "Chung, Gulcehre, Cho & Bengio 2014, \"Empirical evaluation of gated recurrent neural networks on sequence modeling\"";

    /// <inheritdoc/>
    public override string Claim => "With about 20,000 parameters each, gated cells learn music faster and mostly better than tanh, and the GRU is level with the LSTM or ahead.";

    /// <inheritdoc/>
    public override string Arguments => "polyphonic --vary cell=elman,gru,lstm --parameters 20000 --learning-rate 0.003 --seeds 3 --epochs 80";

    /// <inheritdoc/>
    public override string PaperColumn => "paper (test)";

    /// <inheritdoc/>
    public override string? InPaper(Entrant entrant)
    {
        string data = string.Join(' ', entrant.Settings.All("data").Select(Path.GetFileName));
        return Published.FirstOrDefault(set => data.Contains(set.FileName, StringComparison.OrdinalIgnoreCase)) is { FileName: not null } set
            ? ValueOf(entrant, Cell) switch { "elman" => set.Tanh, "gru" => set.Gru, _ => set.Lstm } : null;
    }

    /// <inheritdoc/>
    public override string Reading(IReadOnlyList<Standing> standings)
    {
        Standing tanh = standings.First(s => ValueOf(s.Entrant, Cell) == "elman"), best = standings[0];
        return string.Create(CultureInfo.InvariantCulture, $"{best.Entrant.Name} is ahead at {best.Loss.Median:0.00} nats a step; {(best == tanh
            ? $"the better of the gated cells is {standings[1].Loss.Median - tanh.Loss.Median:0.00} behind tanh" : $"tanh is {tanh.Loss.Median - best.Loss.Median:0.00} behind")}.");
    }
}
