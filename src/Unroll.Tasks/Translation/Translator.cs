using Unroll.Decoding;

namespace Unroll.Tasks.Translation;

/// <summary>Writes translations with a network, and says how likely it finds given ones.</summary>
/// <param name="network">The network.</param>
/// <param name="batch">Where the pairs are put side by side.</param>
internal sealed class Translator(TranslationNetwork network, TranslationBatch batch)
{
    /// <summary>How translations are searched for.</summary>
    /// <param name="settings">Values of <see cref="TranslationOptions.Searching"/>; null for the likeliest symbol always.</param>
    public static BeamOptions Options(TaskSettings? settings) => new(SubwordVocabulary.End, settings?.Whole(TranslationOptions.Beam.Name) ?? 1)
    {
        LengthPenalty = settings?.Number(TranslationOptions.LengthPenalty.Name) ?? 0,
        CoveragePenalty = settings?.Number(TranslationOptions.CoveragePenalty.Name) ?? 0,
        Forbidden = [SubwordVocabulary.Unknown, SubwordVocabulary.Begin],
    };

    /// <summary>Translations of some sources, for each the best first. Call it outside of a tape's step.</summary>
    public IReadOnlyList<Hypothesis>[] Translate(TranslationPairs pairs, ReadOnlySpan<int> numbers, BeamOptions options)
    {
        batch.Fill(pairs, numbers);
        Span<int> lengths = numbers.Length <= 256 ? stackalloc int[numbers.Length] : new int[numbers.Length];
        // Twice as long as the source and some more: what has not ended by then is going round in circles.
        for (int i = 0; i < lengths.Length; i++) lengths[i] = 2 * batch.SourceLengths[i] + 10;
        return BeamSearch.Run(new TranslationSession(network, batch.Source, batch.SourceLengths), SubwordVocabulary.Begin, lengths, options);
    }

    /// <summary>The log-probabilities of the targets of some pairs, their end symbols included. Call it outside of a tape's step.</summary>
    public double[] Score(TranslationPairs pairs, ReadOnlySpan<int> numbers)
    {
        batch.Fill(pairs, numbers);
        var session = new TranslationSession(network, batch.Source, batch.SourceLengths);
        session.Start(numbers.Length);
        double[] scores = new double[numbers.Length];
        for (int step = 0; step < batch.TargetSteps; step++)
        {
            ReadOnlySpan<float> logits = session.Step(batch.InputsAt(step));
            for (int row = 0; row < scores.Length; row++)
            {
                int target = batch.Targets[row * batch.TargetSteps + step];
                if (target >= 0) scores[row] += Logits.LogProbabilityOf(logits.Slice(row * session.Symbols, session.Symbols), target);
            }
        }
        return scores;
    }

    /// <summary>The mean loss of some pairs, in nats for each target symbol, without gradients.</summary>
    public double Loss(TranslationPairs pairs, ReadOnlySpan<int> numbers)
    {
        batch.Fill(pairs, numbers);
        return network.Loss(batch).Item;
    }
}
