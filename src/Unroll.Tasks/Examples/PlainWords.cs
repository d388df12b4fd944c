using System.Text.RegularExpressions;
using Unroll.Data;

namespace Unroll.Tasks.Examples;

/// <summary>The words and signs of a text, without the spaces between them. HTML's line breaks, which texts out of web pages have, are no words.</summary>
internal static partial class PlainWords
{
    /// <summary>Cuts a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="visit">Given each token: a word with the apostrophes, points and hyphens inside it, or a run of other signs.</param>
    public static void Visit(ReadOnlySpan<char> text, Action<ReadOnlySpan<char>> visit)
    {
        int first = 0;
        foreach (ValueMatch match in LineBreak().EnumerateMatches(text))
        {
            VisitPlain(text[first..match.Index], visit);
            first = match.Index + match.Length;
        }
        VisitPlain(text[first..], visit);
    }

    /// <summary>A word in small letters.</summary>
    /// <param name="word">The word.</param>
    /// <param name="room">Where the letters go; grown where they need more.</param>
    public static ReadOnlySpan<char> Lower(ReadOnlySpan<char> word, ref char[] room)
    {
        if (room.Length < word.Length) room = new char[2 * word.Length];
        return room.AsSpan(0, word.ToLowerInvariant(room));
    }

    private static void VisitPlain(ReadOnlySpan<char> text, Action<ReadOnlySpan<char>> visit)
    {
        while (!text.IsEmpty)
        {
            int length = WordTokens.First(text);
            ReadOnlySpan<char> token = text[..length].Trim();
            if (!token.IsEmpty) visit(token);
            text = text[length..];
        }
    }

    [GeneratedRegex(@"<br\s*/?>", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex LineBreak();
}
