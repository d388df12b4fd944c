using Unroll.Tasks.Examples;

namespace Unroll.Tasks.Conversation;

/// <summary>Some conversations side by side: all turns that there are room for, and where in the conversations they stand; its memory is used again for every batch.</summary>
internal sealed class DialogueBatch
{
    private int[] _turns = [], _places = [], _lengths = [], _rows = [], _targets = [];

    /// <summary>The words of all turns, without the end of each.</summary>
    public TokenBatch Words { get; } = new();

    /// <summary>Conversations.</summary>
    public int Count { get; private set; }

    /// <summary>Turns that there is room for in each: those of the longest.</summary>
    public int Time { get; private set; }

    /// <summary>For every place of [<see cref="Count"/>, <see cref="Time"/>] the number of its turn among <see cref="Words"/>; 0 beyond a conversation's end.</summary>
    public ReadOnlySpan<int> TurnAt => _turns.AsSpan(0, Count * Time);

    /// <summary>For every step of every turn of <see cref="Words"/> the turn's place in [<see cref="Count"/>, <see cref="Time"/>].</summary>
    public ReadOnlySpan<int> Places => _places.AsSpan(0, Words.Count * Words.Time);

    /// <summary>Turns of each conversation.</summary>
    public ReadOnlySpan<int> Lengths => _lengths.AsSpan(0, Count);

    /// <summary>The steps of the turns after which a word is asked for, as rows of [turns · steps].</summary>
    public ReadOnlySpan<int> Rows => _rows.AsSpan(0, Judged);

    /// <summary>The word, or the end, that follows each of these steps.</summary>
    public ReadOnlySpan<int> Targets => _targets.AsSpan(0, Judged);

    /// <summary>How many words and ends are asked for.</summary>
    public int Judged { get; private set; }

    /// <summary>Fetches conversations.</summary>
    public void Fill(Dialogues from, ReadOnlySpan<int> numbers)
    {
        (Count, Time, Judged) = (numbers.Length, 1, 0);
        int turns = 0;
        foreach (int number in numbers)
        {
            Time = Math.Max(Time, from.TurnsOf(number));
            turns += from.TurnsOf(number);
            Judged += from.JudgedOf(number);
        }
        if (_turns.Length < Count * Time) _turns = new int[Count * Time];
        if (_lengths.Length < Count) _lengths = new int[Count];
        if (_rows.Length < Judged) (_rows, _targets) = (new int[Judged], new int[Judged]);
        Array.Clear(_turns, 0, Count * Time);
        Span<int> wanted = turns <= 1024 ? stackalloc int[turns] : new int[turns];
        int at = 0, slot = 0;
        for (int i = 0; i < numbers.Length; i++)
        {
            _lengths[i] = from.TurnsOf(numbers[i]);
            for (int t = 0; t < _lengths[i]; t++, at++) (wanted[at], _turns[i * Time + t]) = (from.FirstOf(numbers[i]) + t, at);
        }
        Words.Fill(from.Turns, wanted, lessEnd: 1);
        if (_places.Length < turns * Words.Time) _places = new int[turns * Words.Time];
        for (int i = 0; i < Count; i++)
            for (int t = 0; t < _lengths[i]; t++) _places.AsSpan(_turns[i * Time + t] * Words.Time, Words.Time).Fill(i * Time + t);
        for (int turn = 0; turn < turns; turn++)
        {
            ReadOnlySpan<int> words = from.Turns[wanted[turn]];
            for (int step = 0; step < words.Length - 1; step++, slot++) (_rows[slot], _targets[slot]) = (turn * Words.Time + step, words[step + 1]);
        }
    }
}
