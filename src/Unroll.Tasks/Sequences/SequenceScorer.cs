using Unroll.Tasks.Examples;
using Unroll.Tensors;

namespace Unroll.Tasks.Sequences;

/// <summary>What a network's answers came to.</summary>
/// <param name="Loss">The mean loss of the judged steps: squared error or nats.</param>
/// <param name="Sequences">How many sequences there were.</param>
/// <param name="Solved">Those with every answer right.</param>
/// <param name="Judged">Judged steps.</param>
/// <param name="Right">Those answered right.</param>
/// <param name="Found">Of sets: members that the answers have too.</param>
/// <param name="Confused">Of sets: members that the answers lack, and those that the answers have without being any.</param>
internal readonly record struct SequenceScores(double Loss, long Sequences, long Solved, long Judged, long Right, long Found, long Confused);

/// <summary>Judges a network on sequences kept aside.</summary>
internal sealed class SequenceScorer
{
    private const int BatchSize = 100;

    /// <summary>Time steps of a batch of stored sequences at most, as long as there is one.</summary>
    private const int BatchSteps = 1 << 16;

    private readonly SequenceNetwork _network;
    private readonly Tape _tape = new() { Training = false };
    private readonly SequenceBatch _batch;

    /// <summary>A scorer with room for so many sequences at a time.</summary>
    private SequenceScorer(SequenceNetwork network, SequenceBatch batch) => (_network, _batch) = (network, batch);

    /// <summary>A scorer for generated sequences.</summary>
    public static SequenceScorer Of(SequenceNetwork network, SequenceSource source) => new(network, new SequenceBatch(source, BatchSize));

    /// <summary>A scorer for stored sequences.</summary>
    public static SequenceScorer Of(SequenceNetwork network, StoredSequences sequences)
    {
        int longest = 1;
        for (int i = 0; i < sequences.Count; i++) longest = Math.Max(longest, sequences.LengthOf(i));
        return new SequenceScorer(network, sequences.NewBatch(Math.Min(sequences.Count, Math.Clamp(BatchSteps / longest, 1, BatchSize))));
    }

    /// <summary>The scores on the first generated sequences kept aside for a seed.</summary>
    public SequenceScores Score(SequenceSource source, ulong seed, int examples, CancellationToken cancellation)
    {
        ulong stream = SequenceBatch.StreamOf(seed, "kept aside");
        return Score(examples, (first, count) => _batch.Fill(source, stream, first, count), cancellation);
    }

    /// <summary>The scores on all stored sequences.</summary>
    public SequenceScores Score(StoredSequences sequences, CancellationToken cancellation)
    {
        var order = new LengthBatches(sequences, _batch.Capacity);
        return Score(sequences.Count, (first, _) => _batch.Fill(sequences, order[first / _batch.Capacity]), cancellation);
    }

    private SequenceScores Score(int examples, Action<int, int> fill, CancellationToken cancellation)
    {
        var total = new SequenceScores { Sequences = examples };
        for (int first = 0; first < examples; first += _batch.Capacity)
        {
            cancellation.ThrowIfCancellationRequested();
            fill(first, Math.Min(_batch.Capacity, examples - first));
            _tape.Begin(gradients: false);
            try
            {
                (Tensor outputs, Tensor mean) = _network.Forward(_batch);
                long before = total.Judged;
                total = Count(total, outputs.Span);
                total = total with { Loss = total.Loss + (double)mean.Item * (total.Judged - before) };
            }
            finally
            {
                _tape.End();
            }
        }
        return total with { Loss = total.Loss / total.Judged };
    }

    /// <summary>Adds the answers of a batch.</summary>
    private SequenceScores Count(SequenceScores total, ReadOnlySpan<float> outputs)
    {
        int size = _network.Format.Outputs;
        bool isSet = _network.Format.Target == TargetKind.Set;
        long judged = 0, right = 0, solved = 0, found = 0, confused = 0;
        for (int sequence = 0; sequence < _batch.Count; sequence++)
        {
            bool whole = true;
            for (int slot = sequence * _batch.Judged; slot < (sequence + 1) * _batch.Judged; slot++)
            {
                if (_batch.Counted[slot] == 0) continue;
                ReadOnlySpan<float> answer = outputs.Slice(slot * size, size);
                bool isRight = _batch.IsRight(slot, answer);
                judged++;
                if (isRight) right++;
                whole &= isRight;
                for (int i = 0; isSet && i < size; i++)
                {
                    bool isMember = _batch.Values[slot * size + i] > 0, isAnswered = answer[i] > 0;
                    if (isMember && isAnswered) found++;
                    else if (isMember || isAnswered) confused++;
                }
            }
            if (whole) solved++;
        }
        return total with
        {
            Judged = total.Judged + judged,
            Right = total.Right + right,
            Solved = total.Solved + solved,
            Found = total.Found + found,
            Confused = total.Confused + confused,
        };
    }
}
