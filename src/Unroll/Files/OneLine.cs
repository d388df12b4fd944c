namespace Unroll.Files;

/// <summary>Makes text from files and from the system fit for a one-line message: no line breaks or control characters, and not too long.</summary>
internal static class OneLine
{
    /// <summary>A name in quotes, its control characters replaced, cut after 80 characters.</summary>
    public static string Quote(string text) => $"'{Clean(text, 80)}'";

    /// <summary>What the system said about a failure.</summary>
    public static string Of(Exception exception) => Clean(exception.Message, 200).TrimEnd('.');

    private static string Clean(string text, int length)
    {
        string cut = text.Length <= length ? text : text[..length] + "…";
        return string.Create(cut.Length, cut, static (span, source) =>
        {
            for (int i = 0; i < span.Length; i++)
                span[i] = char.IsControl(source[i]) || source[i] is '\u2028' or '\u2029' ? '\uFFFD' : source[i];
        });
    }
}
