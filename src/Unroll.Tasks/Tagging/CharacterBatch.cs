namespace Unroll.Tasks.Tagging;

/// <summary>The different words of a batch, character by character, each once; its memory is used again for every batch.</summary>
internal sealed class CharacterBatch
{
    private readonly List<int> _forms = [];
    private int[] _slotOf = [], _places = [], _characters = [], _lengths = [];

    /// <summary>Characters that there is room for in each word, 1 at least.</summary>
    public int Time { get; private set; }

    /// <summary>[words, <see cref="Time"/>].</summary>
    public ReadOnlySpan<int> Characters => _characters.AsSpan(0, _forms.Count * Time);

    /// <summary>Characters of each word.</summary>
    public ReadOnlySpan<int> Lengths => _lengths.AsSpan(0, _forms.Count);

    /// <summary>Which word stands at each place [sentences, time] of the batch; any beyond a sentence's end.</summary>
    /// <param name="places">How many places there are.</param>
    public ReadOnlySpan<int> Places(int places) => _places.AsSpan(0, places);

    /// <summary>Takes words that stand side by side already.</summary>
    /// <param name="characters">[words, time]</param>
    /// <param name="lengths">Characters of each word.</param>
    /// <param name="places">Which word stands at each place of the batch.</param>
    /// <returns>This batch.</returns>
    public CharacterBatch Take(int[] characters, int[] lengths, int[] places)
    {
        (_characters, _lengths, _places, Time) = (characters, lengths, places, characters.Length / lengths.Length);
        _forms.Clear();
        _forms.AddRange(Enumerable.Range(0, lengths.Length));
        return this;
    }

    /// <summary>Fetches the words of sentences.</summary>
    /// <param name="set">Where from.</param>
    /// <param name="numbers">Which sentences.</param>
    /// <param name="time">Places of each.</param>
    public void Fill(TaggedSentences set, ReadOnlySpan<int> numbers, int time)
    {
        if (_slotOf.Length < set.Characters.Count) _slotOf = new int[set.Characters.Count];
        if (_places.Length < numbers.Length * time) _places = new int[numbers.Length * time];
        Array.Clear(_places, 0, numbers.Length * time);
        _forms.Clear();
        for (int i = 0; i < numbers.Length; i++)
        {
            ReadOnlySpan<int> forms = set.Forms[numbers[i]];
            for (int t = 0; t < forms.Length; t++)
            {
                // What was written for another batch does not point back to the form.
                int slot = _slotOf[forms[t]];
                if (slot >= _forms.Count || _forms[slot] != forms[t])
                {
                    _slotOf[forms[t]] = slot = _forms.Count;
                    _forms.Add(forms[t]);
                }
                _places[i * time + t] = slot;
            }
        }
        // Where all sentences are empty, their places still show some word.
        if (_forms.Count == 0) _forms.Add(-1);
        Time = 1;
        foreach (int form in _forms) Time = Math.Max(Time, form < 0 ? 0 : set.Characters.LengthOf(form));
        if (_characters.Length < _forms.Count * Time) _characters = new int[_forms.Count * Time];
        if (_lengths.Length < _forms.Count) _lengths = new int[_forms.Count];
        Array.Clear(_characters, 0, _forms.Count * Time);
        for (int i = 0; i < _forms.Count; i++)
        {
            ReadOnlySpan<int> characters = _forms[i] < 0 ? default : set.Characters[_forms[i]];
            characters.CopyTo(_characters.AsSpan(i * Time));
            _lengths[i] = characters.Length;
        }
    }
}
