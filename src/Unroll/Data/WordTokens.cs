using System.Globalization;
using System.Text;

namespace Unroll.Data;

/// <summary>
/// Cuts text into words so that joining them gives the text again, letter for letter. A token is
/// a word (letters, digits and marks, with apostrophes, points, commas and hyphens inside it: <c>don't</c>, <c>3.5</c>, <c>well-known</c>),
/// a run of other signs (<c>,</c> or <c>…"</c>) or a line break, each together with one space that stands before it.
/// What white space is left (indentation) is a token of its own.
/// </summary>
public static class WordTokens
{
    /// <summary>The length of the first token.</summary>
    /// <param name="text">The text, from where the token begins.</param>
    /// <returns>Its length in UTF-16 units; 0 at the end of the text.</returns>
    public static int First(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty) return 0;
        int spaces = text.IndexOfAnyExcept(' ');
        if (spaces < 0) return text.Length;
        if (spaces > 1) return spaces - 1;
        int at = spaces;
        if (text[at] == '\n') return at + 1;
        if (text[at] == '\r') return text[at..].StartsWith("\r\n") ? at + 2 : at + 1;
        if (char.IsWhiteSpace(text[at]))
        {
            if (at > 0) return at;
            while (at < text.Length && char.IsWhiteSpace(text[at]) && text[at] is not (' ' or '\n' or '\r')) at++;
            return at;
        }
        return IsWord(text, at, out _) ? WordEnd(text, at) : SignsEnd(text, at);
    }

    private static int WordEnd(ReadOnlySpan<char> text, int at)
    {
        while (at < text.Length)
        {
            if (IsWord(text, at, out int length)) at += length;
            else if (text[at] is '\'' or '’' or '.' or ',' or '-' && at + 1 < text.Length && IsWord(text, at + 1, out length)) at += 1 + length;
            else break;
        }
        return at;
    }

    private static int SignsEnd(ReadOnlySpan<char> text, int at)
    {
        while (at < text.Length && !char.IsWhiteSpace(text[at]) && !IsWord(text, at, out int length)) at += length;
        return at;
    }

    private static bool IsWord(ReadOnlySpan<char> text, int at, out int length)
    {
        Rune.DecodeFromUtf16(text[at..], out Rune rune, out length);
        return rune.Value == '_' || Rune.IsLetterOrDigit(rune)
            || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
    }
}
