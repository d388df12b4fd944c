using Unroll.Data;

namespace Unroll.Tasks.Examples;

/// <summary>The words and signs of a text, without the spaces between them.</summary>
internal static class PlainWords
{
    /// <summary>Cuts a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="visit">Given each token: a word with the apostrophes, points and hyphens inside it, or a run of other signs.</param>
    public static void Visit(ReadOnlySpan<char> text, Action<ReadOnlySpan<char>> visit)
    {
        while (!text.IsEmpty)
        {
            int length = WordTokens.First(text);
            ReadOnlySpan<char> token = text[..length].Trim();
            if (!token.IsEmpty) visit(token);
            text = text[length..];
        }
    }
}
