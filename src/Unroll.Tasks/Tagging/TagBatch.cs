using Unroll.Tasks.Examples;

namespace Unroll.Tasks.Tagging;

/// <summary>Some sentences side by side, with their characters and tags; its memory is used again for every batch.</summary>
internal sealed class TagBatch
{
    private int[] _tags = [];

    /// <summary>The words.</summary>
    public TokenBatch Words { get; } = new();

    /// <summary>The words' characters; left alone where they are not read.</summary>
    public CharacterBatch Characters { get; } = new();

    /// <summary>The tags [sentences, time]; −1 beyond a sentence's end and where there is none.</summary>
    public ReadOnlySpan<int> Tags => _tags.AsSpan(0, Words.Count * Words.Time);

    /// <summary>Fetches sentences.</summary>
    /// <param name="set">Where from.</param>
    /// <param name="numbers">Which.</param>
    /// <param name="readsCharacters">Whether characters are read.</param>
    public void Fill(TaggedSentences set, ReadOnlySpan<int> numbers, bool readsCharacters)
    {
        Words.Fill(set.Words, numbers);
        if (readsCharacters) Characters.Fill(set, numbers, Words.Time);
        int places = Words.Count * Words.Time;
        if (_tags.Length < places) _tags = new int[places];
        Array.Fill(_tags, -1, 0, places);
        for (int i = 0; i < numbers.Length; i++) set.Tags[numbers[i]].CopyTo(_tags.AsSpan(i * Words.Time));
    }
}
