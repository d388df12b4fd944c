using System.Globalization;

namespace Unroll.Cli.Measuring;

/// <summary>The sizes of a recurrent layer's work: T,B,I,H.</summary>
/// <param name="Time">Time steps.</param>
/// <param name="Batch">Sequences side by side.</param>
/// <param name="Input">Features of the input.</param>
/// <param name="Hidden">Units.</param>
internal readonly record struct LayerShape(int Time, int Batch, int Input, int Hidden)
{
    /// <summary>What <see cref="TryParse"/> takes, for messages.</summary>
    public const string Expected = "four whole numbers T,B,I,H of 1 or more (time steps, batch, input features, hidden units), such as 50,50,128,128";

    // Input, output and gates are single arrays, the gates of most cells four times the output.
    private const long MostNumbers = int.MaxValue / 8;

    /// <summary>Reads T,B,I,H.</summary>
    /// <returns>Null, or what is wrong: what was expected.</returns>
    public static string? TryParse(string text, out LayerShape shape)
    {
        shape = default;
        var sizes = new int[4];
        string[] words = text.Split(',');
        if (words.Length != 4) return Expected;
        for (int i = 0; i < 4; i++)
            if (!int.TryParse(words[i], NumberStyles.None, CultureInfo.InvariantCulture, out sizes[i]) || sizes[i] < 1) return Expected;
        shape = new LayerShape(sizes[0], sizes[1], sizes[2], sizes[3]);
        return Math.Max((double)shape.Time * shape.Batch, shape.Hidden) * Math.Max(shape.Input, shape.Hidden) > MostNumbers
            ? $"sizes whose arrays have at most {MostNumbers} numbers: T·B·I, T·B·H, I·H and H·H" : null;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Time},{Batch},{Input},{Hidden}");
}
