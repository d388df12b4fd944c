using System.Security.Cryptography;
using Unroll.Tasks.Sequences;

namespace Unroll.Tasks.Polyphonic;

/// <summary>Pieces of music: at each time step the notes that sound, of the 88 keys of a piano. A sequence reads a piece up to its last step but one, and is asked after
/// every step for the notes of the next.</summary>
internal sealed class Pieces : StoredSequences
{
    /// <summary>The keys of a piano; the lowest, A0, is MIDI's note 21.</summary>
    public const int Keys = 88;

    /// <summary>88 notes in, the probability of each of them at the next step out.</summary>
    public static readonly SequenceFormat Notes = new(Keys, Keys, TargetKind.Set);

    private readonly byte[] _notes;
    private readonly int[] _steps;
    private readonly (int First, int Count)[] _parts;

    private Pieces(byte[] notes, int[] steps, (int First, int Count)[] parts)
        : base(Notes)
    {
        (_notes, _steps, _parts) = (notes, steps, parts);
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        digest.AppendData(notes);
        digest.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes<int>(steps));
        digest.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes<(int, int)>(parts));
        Fingerprint = Convert.ToHexStringLower(digest.GetHashAndReset())[..32];
    }

    /// <inheritdoc/>
    public override int Count => _parts.Length;

    /// <inheritdoc/>
    public override string Fingerprint { get; }

    /// <summary>The notes of a step.</summary>
    /// <param name="piece">Which piece.</param>
    /// <param name="step">Which step of it.</param>
    /// <returns>Notes 0 to 87.</returns>
    public ReadOnlySpan<byte> this[int piece, int step] => _notes.AsSpan(_steps[_parts[piece].First + step].._steps[_parts[piece].First + step + 1]);

    /// <summary>Steps of a piece: one more than are read, for the last is only asked for.</summary>
    public int StepsOf(int piece) => _parts[piece].Count;

    /// <inheritdoc/>
    public override int LengthOf(int number) => _parts[number].Count - 1;

    /// <inheritdoc/>
    public override int JudgedOf(int number) => LengthOf(number);

    /// <inheritdoc/>
    public override void Write(int number, SequenceBatch to)
    {
        ArgumentNullException.ThrowIfNull(to);
        int length = LengthOf(number);
        for (int step = 0; step < length; step++)
        {
            foreach (byte note in this[number, step]) to.Input(step, note);
            to.AskSet(step, this[number, step + 1]);
        }
        to.End(length);
    }

    /// <summary>Some of the pieces, in their order.</summary>
    public Pieces Part(int first, int count) => new(_notes, _steps, _parts[first..(first + count)]);

    /// <summary>The pieces in parts that read at most so many steps; a part begins with the step that the one before it was last asked for.</summary>
    public Pieces Cut(int length)
    {
        var parts = new List<(int, int)>();
        foreach ((int first, int count) in _parts)
            for (int at = 0; at < count - 1; at += length) parts.Add((first + at, Math.Min(length + 1, count - at)));
        return new Pieces(_notes, _steps, [.. parts]);
    }

    /// <summary>Puts pieces together, step after step.</summary>
    public sealed class Builder
    {
        private readonly List<byte> _notes = [];
        private readonly List<int> _steps = [0];
        private readonly List<(int, int)> _parts = [];
        private int _first;

        /// <summary>Pieces so far.</summary>
        public int Count => _parts.Count;

        /// <summary>Steps of the piece at hand so far.</summary>
        public int Steps => _steps.Count - 1 - _first;

        /// <summary>Adds a note to the step at hand.</summary>
        public void AddNote(int note) => _notes.Add((byte)note);

        /// <summary>Ends the step at hand.</summary>
        public void EndStep() => _steps.Add(_notes.Count);

        /// <summary>Ends the piece at hand.</summary>
        public void EndPiece()
        {
            _parts.Add((_first, Steps));
            _first = _steps.Count - 1;
        }

        /// <summary>The pieces.</summary>
        public Pieces Build() => new([.. _notes], [.. _steps], [.. _parts]);
    }
}
