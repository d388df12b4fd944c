using System.Globalization;

namespace Unroll.Tasks;

/// <summary>What the value of an option is.</summary>
public enum OptionKind
{
    /// <summary>A whole number.</summary>
    Whole,

    /// <summary>A number.</summary>
    Number,

    /// <summary>Words that the option's reader explains.</summary>
    Text,

    /// <summary>One of the option's choices.</summary>
    Choice,

    /// <summary>Yes when it is given, no when it is not.</summary>
    Flag,

    /// <summary>A file or folder; several may be given where <see cref="TaskOption.Several"/> says so.</summary>
    Path,
}

/// <summary>An option of a task's training: how the command writes it, what values it takes, and what it is when nothing is said. The same
/// check serves the command line, a recipe and C#.</summary>
/// <param name="Name">Its name without dashes, such as <c>learning-rate</c>.</param>
/// <param name="Kind">What its value is.</param>
/// <param name="Help">What it does, in a few words.</param>
public sealed record TaskOption(string Name, OptionKind Kind, string Help)
{
    /// <summary>The value when none is given, as text; null for none.</summary>
    public string? Default { get; init; }

    /// <summary>What stands for the value in help, such as N; made from the kind unless set.</summary>
    public string? Placeholder { get; init; }

    /// <summary>The least number.</summary>
    public double Minimum { get; init; } = double.NegativeInfinity;

    /// <summary>The greatest number.</summary>
    public double Maximum { get; init; } = double.PositiveInfinity;

    /// <summary>Whether <see cref="Minimum"/> and <see cref="Maximum"/> themselves are refused.</summary>
    public bool Exclusive { get; init; }

    /// <summary>The values of a choice.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Whether it may be given more than once.</summary>
    public bool Several { get; init; }

    /// <summary>The heading it stands under in help.</summary>
    public string Group { get; init; } = "Task";

    /// <summary>Whether a run that is resumed may be given another value: it does not change what is being trained.</summary>
    public bool MayChangeOnResume { get; init; }

    /// <summary>A further check of the value: null when it is good, otherwise what was expected.</summary>
    public Func<string, string?>? Check { get; init; }

    /// <summary>Checks a value and returns it as it is kept.</summary>
    /// <param name="value">The value as text.</param>
    /// <exception cref="BadUsageException">It is not one the option takes; the message says what is.</exception>
    public string Read(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        switch (Kind)
        {
            case OptionKind.Whole:
                if (!int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int whole)) throw Wrong(value, $"a whole number{Range()}");
                if (!InRange(whole)) throw Wrong(value, $"a whole number{Range()}");
                return whole.ToString(CultureInfo.InvariantCulture);
            case OptionKind.Number:
                if (!double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) || !double.IsFinite(number) || !InRange(number))
                    throw Wrong(value, $"a number{Range()}");
                return number.ToString("R", CultureInfo.InvariantCulture);
            case OptionKind.Choice:
                string? choice = Choices.FirstOrDefault(c => string.Equals(c, value, StringComparison.OrdinalIgnoreCase));
                return choice ?? throw new BadUsageException(
                    $"--{Name} {value}: expected {string.Join(", ", Choices.SkipLast(1))} or {Choices[^1]}.{NearestWord.Suggest(value, Choices)}");
            case OptionKind.Flag:
                return value is "true" or "false" ? value : throw Wrong(value, "true or false");
            default:
                if (value.Length == 0) throw new BadUsageException($"--{Name}: the value is empty.");
                if (Check?.Invoke(value) is { } expected) throw Wrong(value, expected);
                return value;
        }
    }

    private bool InRange(double value) => Exclusive ? value > Minimum && value < Maximum : value >= Minimum && value <= Maximum;

    private string Range()
    {
        string low = Text(Minimum), high = Text(Maximum);
        return (double.IsFinite(Minimum), double.IsFinite(Maximum)) switch
        {
            (true, true) => Exclusive ? $" between {low} and {high}" : $" from {low} to {high}",
            (true, false) => Exclusive ? $" above {low}" : $", {low} or more",
            (false, true) => Exclusive ? $" below {high}" : $", {high} or less",
            _ => "",
        };
    }

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private BadUsageException Wrong(string value, string expected) => new($"--{Name} {value}: expected {expected}{(expected.EndsWith('?') ? "" : ".")}");
}
