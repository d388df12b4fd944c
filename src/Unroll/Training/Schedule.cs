using System.Globalization;

namespace Unroll.Training;

/// <summary>How the learning rate changes during a run: a factor that is a function of the number of steps taken and of the validation
/// losses so far, and of nothing else, so that a resumed run continues exactly.</summary>
public abstract record Schedule
{
    /// <summary>The factor of the learning rate for the next step.</summary>
    /// <param name="step">How many steps were taken before it.</param>
    /// <param name="validationLosses">All validation losses so far, oldest first.</param>
    public abstract double Factor(long step, ReadOnlySpan<double> validationLosses);

    /// <summary>The same factor always.</summary>
    public static Schedule Constant { get; } = new ConstantSchedule();

    /// <summary>Multiplies the rate by a factor every so many steps.</summary>
    /// <param name="every">The steps between.</param>
    /// <param name="factor">The factor, above 0 and at most 1.</param>
    /// <param name="after">The steps before the first time; as many as <paramref name="every"/> if left out.</param>
    /// <exception cref="BadUsageException">A value is out of its range.</exception>
    public static Schedule Step(long every, double factor = 0.1, long? after = null) => new StepSchedule(every, factor, after ?? every);

    /// <summary>Half a cosine from the full rate down to <paramref name="floor"/> times it at step <paramref name="steps"/> and after.
    /// Loshchilov &amp; Hutter 2017, without restarts.</summary>
    /// <exception cref="BadUsageException">A value is out of its range.</exception>
    public static Schedule Cosine(long steps, double floor = 0) => new CosineSchedule(steps, floor);

    /// <summary>Multiplies the rate by a factor whenever more than <paramref name="patience"/> validations in a row have brought no loss better than the
    /// best by the relative threshold.</summary>
    /// <exception cref="BadUsageException">A value is out of its range.</exception>
    public static Schedule Plateau(int patience = 10, double factor = 0.1, double threshold = 1e-4, double floor = 0) =>
        new PlateauSchedule(patience, factor, threshold, floor);

    /// <summary>This schedule after a warm-up in which the rate rises in equal steps to the full one; the warm-up's steps do not count for what follows.</summary>
    /// <exception cref="BadUsageException">The number of steps is negative.</exception>
    public Schedule WarmUp(long steps) => new WarmUpSchedule(steps, this);

    /// <summary>Reads a schedule from a command line: <c>constant</c>, <c>step:EVERY[:FACTOR[:AFTER]]</c>, <c>cosine[:FLOOR]</c>, <c>plateau[:PATIENCE[:FACTOR]]</c>,
    /// each with <c>warmup:STEPS+</c> in front if wanted. A number of steps may be written in epochs: <c>step:1epoch:0.5:4epochs</c>.</summary>
    /// <param name="text">The words.</param>
    /// <param name="steps">The number of steps of the whole run, which a cosine spans.</param>
    /// <param name="stepsPerEpoch">How many steps an epoch has; 0 where the text may not count in epochs.</param>
    /// <exception cref="BadUsageException">The text is none of these, or a value is out of its range.</exception>
    public static Schedule Parse(string text, long steps, double stepsPerEpoch = 0)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.IndexOf('+') is var plus && plus >= 0)
        {
            string[] warm = text[..plus].Split(':');
            if (warm is not ["warmup", var count]) throw Unknown(text);
            long rise = Steps(count);
            return Parse(text[(plus + 1)..], Math.Max(steps - rise, 1), stepsPerEpoch).WarmUp(rise);
        }
        return text.Split(':') switch
        {
            ["constant"] => Constant,
            ["step", var every] => Step(Steps(every)),
            ["step", var every, var factor] => Step(Steps(every), Real(factor, text)),
            ["step", var every, var factor, var after] => Step(Steps(every), Real(factor, text), Steps(after)),
            ["cosine"] => Cosine(steps),
            ["cosine", var floor] => Cosine(steps, Real(floor, text)),
            ["plateau"] => Plateau(),
            ["plateau", var patience] => Plateau((int)Math.Min(Whole(patience, text), int.MaxValue)),
            ["plateau", var patience, var factor] => Plateau((int)Math.Min(Whole(patience, text), int.MaxValue), Real(factor, text)),
            _ => throw Unknown(text),
        };

        long Steps(string word)
        {
            int unit = word.IndexOf("epoch", StringComparison.Ordinal);
            if (unit < 0 || word[unit..] is not ("epoch" or "epochs")) return Whole(word, text);
            long epochs = Whole(word[..unit], text);
            return stepsPerEpoch > 0 ? (long)Math.Ceiling(epochs * stepsPerEpoch)
                : throw new BadUsageException($"'{text}' counts in epochs, and how many steps an epoch has is not known here; give steps.");
        }
    }

    private static long Whole(string word, string text) =>
        long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : throw Unknown(text);

    private static double Real(string word, string text) =>
        double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : throw Unknown(text);

    private static BadUsageException Unknown(string text) =>
        new($"'{text}' is no schedule; write constant, step:EVERY[:FACTOR[:AFTER]], cosine[:FLOOR] or plateau[:PATIENCE[:FACTOR]], with warmup:STEPS+ in front if wanted, and steps as 100 or 2epochs.");

    private static void Require(bool sound, string name, double value, string range)
    {
        if (!sound) throw new BadUsageException($"The schedule's {name} is {value}; it must be {range}.");
    }

    private sealed record ConstantSchedule : Schedule
    {
        public override double Factor(long step, ReadOnlySpan<double> validationLosses) => 1;
    }

    private sealed record StepSchedule : Schedule
    {
        private readonly long _every, _after;
        private readonly double _factor;

        public StepSchedule(long every, double factor, long after)
        {
            Require(every >= 1, "number of steps", every, "1 or more");
            Require(after >= 0, "number of steps before the first change", after, "0 or more");
            Require(factor is > 0 and <= 1, "factor", factor, "in (0, 1]");
            (_every, _factor, _after) = (every, factor, after);
        }

        public override double Factor(long step, ReadOnlySpan<double> validationLosses) =>
            step < _after ? 1 : Math.Pow(_factor, 1 + (step - _after) / _every);
    }

    private sealed record CosineSchedule : Schedule
    {
        private readonly long _steps;
        private readonly double _floor;

        public CosineSchedule(long steps, double floor)
        {
            Require(steps >= 1, "number of steps", steps, "1 or more");
            Require(floor is >= 0 and <= 1, "floor", floor, "in [0, 1]");
            (_steps, _floor) = (steps, floor);
        }

        public override double Factor(long step, ReadOnlySpan<double> validationLosses) =>
            _floor + (1 - _floor) * (1 + Math.Cos(Math.PI * Math.Min(step, _steps) / _steps)) / 2;
    }

    private sealed record PlateauSchedule : Schedule
    {
        private readonly int _patience;
        private readonly double _factor, _threshold, _floor;

        public PlateauSchedule(int patience, double factor, double threshold, double floor)
        {
            Require(patience >= 0, "patience", patience, "0 or more");
            Require(factor is > 0 and < 1, "factor", factor, "in (0, 1)");
            Require(threshold is >= 0 and < 1, "threshold", threshold, "in [0, 1)");
            Require(floor is >= 0 and <= 1, "floor", floor, "in [0, 1]");
            (_patience, _factor, _threshold, _floor) = (patience, factor, threshold, floor);
        }

        public override double Factor(long step, ReadOnlySpan<double> validationLosses)
        {
            double result = 1, best = double.PositiveInfinity;
            int bad = 0;
            foreach (double loss in validationLosses)
            {
                if (loss < best - Math.Abs(best) * _threshold || double.IsPositiveInfinity(best) && double.IsFinite(loss)) (best, bad) = (loss, 0);
                else bad++;
                if (bad <= _patience) continue;
                result = Math.Max(result * _factor, _floor);
                bad = 0;
            }
            return result;
        }
    }

    private sealed record WarmUpSchedule : Schedule
    {
        private readonly long _steps;
        private readonly Schedule _then;

        public WarmUpSchedule(long steps, Schedule then)
        {
            Require(steps >= 0, "warm-up", steps, "0 steps or more");
            (_steps, _then) = (steps, then);
        }

        public override double Factor(long step, ReadOnlySpan<double> validationLosses) =>
            step < _steps ? (step + 1.0) / _steps * _then.Factor(0, validationLosses) : _then.Factor(step - _steps, validationLosses);
    }
}
