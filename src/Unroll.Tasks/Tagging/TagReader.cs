using Unroll.Data;

namespace Unroll.Tasks.Tagging;

/// <summary>Reads tagged sentences: a token, a tabulator and its tag in each line, and an empty line after each sentence. Columns between the first and the last are left out.</summary>
internal static class TagReader
{
    /// <summary>Reads sentences as they are asked for.</summary>
    /// <param name="lines">The lines.</param>
    /// <param name="longest">Longer sentences are cut into parts of this many tokens; 0 leaves them whole.</param>
    /// <param name="universal">Whether tags are mapped to the twelve universal ones.</param>
    /// <exception cref="BadInputException">A line has no token and tag; the message names file and line.</exception>
    public static IEnumerable<TaggedSentence> Read(IEnumerable<TextLine> lines, int longest, bool universal)
    {
        List<string> words = [], tags = [];
        TextLine first = default;
        foreach (TextLine line in lines)
        {
            if (words.Count > 0 && (string.IsNullOrWhiteSpace(line.Text) || line.File != first.File || words.Count == longest))
            {
                yield return Sentence();
                words.Clear();
                tags.Clear();
            }
            if (string.IsNullOrWhiteSpace(line.Text)) continue;
            if (words.Count == 0) first = line;
            (string word, string tag) = Columns(line);
            words.Add(word);
            tags.Add(universal ? UniversalTags.Map(tag, line.Where) : tag);
        }
        if (words.Count > 0) yield return Sentence();

        TaggedSentence Sentence() => new([.. words], [.. tags], first.File, first.Number);
    }

    private static (string Word, string Tag) Columns(TextLine line)
    {
        int tab = line.Text.IndexOf('\t', StringComparison.Ordinal), last = line.Text.LastIndexOf('\t');
        if (tab < 0) throw Bad(line, "no tabulator");
        string word = line.Text[..tab].Trim(' '), tag = line.Text[(last + 1)..].Trim(' ');
        if (word.Length == 0) throw Bad(line, "no token before the tabulator");
        if (tag.Length == 0) throw Bad(line, "no tag behind the last tabulator");
        return (word, tag);
    }

    private static BadInputException Bad(TextLine line, string found) =>
        new($"{line.Where}: {found}; expected a token, a tabulator and its tag, and an empty line after each sentence.");
}
