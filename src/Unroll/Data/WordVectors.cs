using System.Globalization;
using Unroll.Tensors;

namespace Unroll.Data;

/// <summary>Word vectors trained elsewhere, in the text form of GloVe (Pennington, Socher &amp; Manning 2014) and word2vec (Mikolov et al. 2013): a word and its numbers a line, with
/// spaces between; word2vec's first line says how many words and numbers there are. Only the words asked for are kept.</summary>
internal sealed class WordVectors
{
    private readonly Dictionary<string, float[]> _vectors = new(StringComparer.Ordinal);

    private WordVectors(int size) => Size = size;

    /// <summary>Numbers of each vector.</summary>
    public int Size { get; }

    /// <summary>How many words were found.</summary>
    public int Count => _vectors.Count;

    /// <summary>Reads the vectors of some words: each as it is written, and in small letters, since many such files have no others.</summary>
    /// <param name="path">The file, which may be compressed (.gz).</param>
    /// <param name="words">The words.</param>
    /// <exception cref="BadInputException">The file cannot be read, or a line is no word with as many numbers as the others; the message names both.</exception>
    public static WordVectors Read(string path, IEnumerable<string> words)
    {
        var wanted = new HashSet<string>(StringComparer.Ordinal);
        foreach (string word in words)
        {
            wanted.Add(word);
            wanted.Add(word.ToLowerInvariant());
        }
        WordVectors? vectors = null;
        foreach (TextLine line in TextLines.Read(path))
        {
            ReadOnlySpan<char> text = line.Text.AsSpan().TrimEnd();
            if (text.IsEmpty) continue;
            if (vectors is null)
            {
                vectors = new WordVectors(SizeOf(text, out bool header));
                if (vectors.Size < 1) throw Bad(line, "found no numbers behind the word");
                if (header) continue;
            }
            vectors.Add(text, wanted, line);
        }
        return vectors ?? throw new BadInputException($"{path}: no word vectors; expected lines of a word and its numbers, as of GloVe or word2vec in text form.");
    }

    /// <summary>The vector of a word: as it is written, else that of its small letters.</summary>
    /// <returns>Whether there is one.</returns>
    public bool TryGet(string word, out ReadOnlySpan<float> vector)
    {
        bool found = _vectors.TryGetValue(word, out float[]? numbers) || _vectors.TryGetValue(word.ToLowerInvariant(), out numbers);
        vector = numbers;
        return found;
    }

    /// <summary>Writes the vectors into the rows of a table; rows of words that have none stay as they are.</summary>
    /// <param name="weight">[words, <see cref="Size"/>].</param>
    /// <param name="wordOf">The word of each row.</param>
    /// <returns>How many rows were written.</returns>
    /// <exception cref="BadUsageException">The table has another width.</exception>
    public int CopyTo(Parameter weight, Func<int, string> wordOf)
    {
        if (weight.Shape[1] != Size) throw new BadUsageException($"The word vectors have {Size} numbers, the embedding {weight.Shape[1]}; make it {Size} wide.");
        int found = 0;
        for (int row = 0; row < weight.Shape[0]; row++)
        {
            if (!TryGet(wordOf(row), out ReadOnlySpan<float> vector)) continue;
            vector.CopyTo(weight.Values[(row * Size)..]);
            found++;
        }
        weight.Changed();
        return found;
    }

    /// <summary>Numbers of a vector, by the first line: the second of two whole numbers, or all fields but the word.</summary>
    private static int SizeOf(ReadOnlySpan<char> text, out bool header)
    {
        int fields = 0, size = 0;
        header = true;
        foreach (Range range in text.SplitAny(' ', '\t'))
        {
            if (text[range].IsEmpty) continue;
            fields++;
            header &= int.TryParse(text[range], NumberStyles.None, CultureInfo.InvariantCulture, out size);
        }
        header &= fields == 2;
        return header ? size : fields - 1;
    }

    private void Add(ReadOnlySpan<char> text, HashSet<string> wanted, TextLine line)
    {
        // From the end, since some words have spaces in them.
        int at = text.Length;
        for (int i = 0; i < Size; i++)
        {
            int space = text[..at].LastIndexOfAny(' ', '\t');
            if (space <= 0) throw Bad(line, $"found {i} numbers behind the word, and {Size} on the first line");
            at = space;
            while (at > 0 && text[at - 1] is ' ' or '\t') at--;
        }
        ReadOnlySpan<char> word = text[..at];
        if (!wanted.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(word, out string? known) || _vectors.ContainsKey(known)) return;
        var numbers = new float[Size];
        int next = 0;
        ReadOnlySpan<char> rest = text[at..];
        foreach (Range range in rest.SplitAny(' ', '\t'))
        {
            ReadOnlySpan<char> number = rest[range];
            if (number.IsEmpty) continue;
            if (!float.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out float value) || !float.IsFinite(value))
                throw Bad(line, $"'{number}' is no number");
            numbers[next++] = value;
        }
        _vectors.Add(known, numbers);
    }

    private static BadInputException Bad(TextLine line, string found) =>
        new($"{line.Where}: {found}; expected a word and its numbers with spaces between, as of GloVe or word2vec in text form, as many on every line.");
}
