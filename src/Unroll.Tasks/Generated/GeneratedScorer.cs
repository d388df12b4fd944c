using Unroll.Tensors;

namespace Unroll.Tasks.Generated;

/// <summary>Judges a network on sequences kept aside: those of a stream that no training reads.</summary>
internal sealed class GeneratedScorer(GeneratedNetwork network, SequenceSource source)
{
    /// <summary>The share of sequences with every answer right.</summary>
    public const string SuccessRate = "success_rate";

    private const int BatchSize = 100;

    private readonly Tape _tape = new() { Training = false };
    private readonly SequenceBatch _batch = new(source, BatchSize);

    /// <summary>The metrics on the first sequences kept aside for a seed.</summary>
    public Dictionary<string, double> Score(ulong seed, int examples, CancellationToken cancellation)
    {
        ulong stream = SequenceBatch.StreamOf(seed, "kept aside");
        double loss = 0;
        long solved = 0, right = 0, judged = 0;
        for (int first = 0; first < examples; first += BatchSize)
        {
            cancellation.ThrowIfCancellationRequested();
            _batch.Fill(stream, first, Math.Min(BatchSize, examples - first));
            _tape.Begin(gradients: false);
            try
            {
                (Tensor outputs, Tensor mean) = network.Forward(_batch);
                (int asked, int answered, int whole) = Count(outputs.Span);
                loss += (double)mean.Item * asked;
                (judged, right, solved) = (judged + asked, right + answered, solved + whole);
            }
            finally
            {
                _tape.End();
            }
        }
        loss /= judged;
        var metrics = new Dictionary<string, double> { ["loss"] = loss };
        if (source.Target == TargetKind.Number) metrics["mse"] = loss;
        else metrics["accuracy"] = (double)right / judged;
        metrics[SuccessRate] = (double)solved / examples;
        return metrics;
    }

    /// <summary>Judged steps, those answered right, and sequences with all answered right.</summary>
    private (int Asked, int Right, int Solved) Count(ReadOnlySpan<float> outputs)
    {
        int asked = 0, right = 0, solved = 0;
        for (int sequence = 0; sequence < _batch.Count; sequence++)
        {
            bool whole = true;
            for (int slot = sequence * source.Judged; slot < (sequence + 1) * source.Judged; slot++)
            {
                if (_batch.Counted[slot] == 0) continue;
                bool isRight = _batch.IsRight(slot, outputs.Slice(slot * source.Outputs, source.Outputs));
                asked++;
                if (isRight) right++;
                whole &= isRight;
            }
            if (whole) solved++;
        }
        return (asked, right, solved);
    }
}
