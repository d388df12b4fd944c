using Unroll.Cli.Measuring;

namespace Unroll.Cli.Comparing;

/// <summary>How an entrant stands.</summary>
/// <param name="Entrant">The entrant.</param>
/// <param name="Runs">Its runs that have ended.</param>
internal sealed record Standing(Entrant Entrant, IReadOnlyList<ComparedRun> Runs)
{
    /// <summary>How many runs solved the task.</summary>
    public int Solved => Runs.Count(run => run.IsSolved);

    /// <summary>How many runs could not go on.</summary>
    public int Failed => Runs.Count(run => run.HasFailed);

    /// <summary>The lowest validation losses; that of a run which never had one is infinite.</summary>
    public Spread Loss => Spread.Of(Runs.Select(run => run.BestLoss));

    /// <summary>How many steps it took to solve the task; of a run that did not, infinitely many.</summary>
    public Spread StepsToSolve => Spread.Of(Runs.Select(run => run.IsSolved ? run.Steps : double.PositiveInfinity));

    /// <summary>The same in symbols, or sequences.</summary>
    public Spread SymbolsToSolve => Spread.Of(Runs.Select(run => run.IsSolved ? run.Symbols : double.PositiveInfinity));

    /// <summary>How long the runs took.</summary>
    public Spread Seconds => Spread.Of(Runs.Select(run => run.Seconds));

    /// <summary>Another figure of the validations with the lowest loss.</summary>
    public Spread Metric(string name) => Spread.Of(Runs.Select(run => run.Best.TryGetValue(name, out double value) ? value : double.PositiveInfinity));

    /// <summary>The validation loss over the steps. A run that has ended keeps its last loss, for the others are compared with what it reached; one that failed has none any more.</summary>
    public IReadOnlyList<(long Step, Spread Loss)> Curve()
    {
        long[] steps = [.. Runs.SelectMany(run => run.Curve).Select(point => point.Step).Distinct().Order()];
        var curve = new List<(long, Spread)>();
        foreach (long step in steps)
        {
            double[] losses = [.. Runs.Where(run => run.Curve.Count > 0 && run.Curve[0].Step <= step && (!run.HasFailed || run.Curve[^1].Step >= step))
                .Select(run => run.Curve.Last(point => point.Step <= step).Loss).Select(loss => double.IsNaN(loss) ? double.PositiveInfinity : loss)];
            if (losses.Length > 0) curve.Add((step, Spread.Of(losses)));
        }
        return curve;
    }

    /// <summary>The best first: more runs that solved the task, then fewer steps to it, then the lower loss. Entrants without runs come last.</summary>
    public static IReadOnlyList<Standing> Ordered(IEnumerable<Standing> standings) =>
    [
        .. standings.OrderByDescending(s => s.Runs.Count == 0 ? -1 : (double)s.Solved / s.Runs.Count)
            .ThenBy(s => s.Solved == 0 ? double.PositiveInfinity : s.StepsToSolve.Median)
            .ThenBy(s => s.Runs.Count == 0 ? double.PositiveInfinity : s.Loss.Median),
    ];
}
