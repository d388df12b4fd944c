using System.Globalization;
using Spectre.Console;
using Unroll.Tasks;

namespace Unroll.Cli.Display;

/// <summary>Shows what each word of a text weighed: the more, the stronger the colour behind it. Where there are no colours, words that weigh more than their equal share stand in brackets
/// with their weight.</summary>
internal static class WordShades
{
    /// <summary>Writes the words in a line, on a screen in as many as they take.</summary>
    public static void Write(Terminal terminal, IReadOnlyList<WeightedWord> words)
    {
        if (!terminal.HasColours)
        {
            terminal.Out.WriteLine(string.Join(' ', words.Select(word =>
                word.Weight * words.Count > 1 ? string.Create(CultureInfo.InvariantCulture, $"[{Terminal.Visible(word.Word)} {word.Weight:F2}]") : Terminal.Visible(word.Word))));
            return;
        }
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            ColorSystem = ColorSystemSupport.EightBit,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(terminal.Out),
        });
        console.Profile.Width = terminal.Width;
        double most = words.Select(word => word.Weight).DefaultIfEmpty(0).Max();
        var text = new Paragraph();
        foreach (WeightedWord word in words)
        {
            double share = word.Weight / most;
            // From nothing to a full orange; black letters read well on all of it.
            byte paler = (byte)(255 - 255 * share);
            text.Append(Terminal.Visible(word.Word), share < 0.1 ? Style.Plain : new Style(Color.Black, new Color(255, (byte)(255 - 115 * share), paler)));
            text.Append(" ");
        }
        console.Write(text);
        console.WriteLine();
    }
}
