using Unroll.Tasks.Examples;

namespace Unroll.Tasks.Conversation;

/// <summary>Conversations as numbers: each turn its speaker, its words and the end; each conversation some turns.</summary>
internal sealed class Dialogues : ExampleSet
{
    private readonly List<int> _ends = [];
    private string? _fingerprint;

    /// <summary>All turns, those of a conversation after each other.</summary>
    public TokenSequences Turns { get; } = new();

    /// <inheritdoc/>
    public override int Count => _ends.Count;

    /// <inheritdoc/>
    public override string Fingerprint => _fingerprint ??= FingerprintOf(Turns.ToArray(), [.. _ends]);

    /// <summary>The number of a conversation's first turn.</summary>
    public int FirstOf(int number) => number == 0 ? 0 : _ends[number - 1];

    /// <summary>Turns of a conversation.</summary>
    public int TurnsOf(int number) => _ends[number] - FirstOf(number);

    /// <summary>Ends the conversation at hand.</summary>
    public void End() => _ends.Add(Turns.Count);

    /// <inheritdoc/>
    public override int LengthOf(int number) => TurnsOf(number);

    /// <summary>Words and ends of turns: all but who speaks.</summary>
    public override int JudgedOf(int number)
    {
        int judged = 0;
        for (int turn = FirstOf(number); turn < _ends[number]; turn++) judged += Turns.LengthOf(turn) - 1;
        return judged;
    }
}
