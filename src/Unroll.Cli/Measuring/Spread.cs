namespace Unroll.Cli.Measuring;

/// <summary>The middle of some figures and the interval they lie in: least to greatest, and from <see cref="QuartilesFrom"/> figures on, when the extremes would say more about
/// how many there are than about how they lie, the first to the third quartile.</summary>
/// <param name="Median">The middle.</param>
/// <param name="Low">The lower end.</param>
/// <param name="High">The upper end.</param>
internal readonly record struct Spread(double Median, double Low, double High)
{
    /// <summary>From how many figures on the interval is that of the quartiles.</summary>
    public const int QuartilesFrom = 5;

    /// <summary>The spread of some figures; of none, not a number. Infinite ones, for what never came about, are the greatest.</summary>
    public static Spread Of(IEnumerable<double> figures)
    {
        double[] sorted = [.. figures.Order()];
        if (sorted.Length == 0) return new Spread(double.NaN, double.NaN, double.NaN);
        bool quartiles = sorted.Length >= QuartilesFrom;
        return new Spread(Quantile(sorted, 0.5), Quantile(sorted, quartiles ? 0.25 : 0), Quantile(sorted, quartiles ? 0.75 : 1));
    }

    /// <summary>What a share of sorted figures lies below, between two of them in proportion (definition 7 of Hyndman &amp; Fan 1996, NumPy's).</summary>
    private static double Quantile(double[] sorted, double share)
    {
        double place = share * (sorted.Length - 1);
        int below = (int)place;
        double part = place - below;
        return part == 0 ? sorted[below] : double.IsFinite(sorted[below + 1]) ? sorted[below] + part * (sorted[below + 1] - sorted[below]) : sorted[below + 1];
    }
}
