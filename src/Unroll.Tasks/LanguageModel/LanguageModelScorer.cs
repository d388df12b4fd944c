using Unroll.Data;
using Unroll.Losses;
using Unroll.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Unroll.Tasks.LanguageModel;

/// <summary>
/// Judges a language model on a text: the probability it gives to every symbol after the first, each predicted exactly once from all that
/// stands before it, with the state carried through the whole text.
/// <para>With several streams the text is cut into as many parts read side by side. Each but the first then knows only the
/// <see cref="RunIn"/> symbols before its part, which it reads without being judged on them; the result differs from that of one stream by the
/// little that a state still remembers from further back.</para>
/// </summary>
internal sealed class LanguageModelScorer(LanguageModelNetwork network, Vocabulary vocabulary)
{
    /// <summary>Symbols that a stream reads before the part it is judged on.</summary>
    public const int RunIn = 128;

    /// <summary>The most numbers of logits at a time.</summary>
    private const int MostLogits = 1 << 23;

    private readonly Tape _tape = new() { Training = false };

    /// <summary>The metrics on a text.</summary>
    /// <param name="symbols">The text, two symbols or more.</param>
    /// <param name="streams">How many parts are read side by side; 1 is exact.</param>
    /// <param name="cancellation">Stops it.</param>
    public Dictionary<string, double> Score(ReadOnlySpan<int> symbols, int streams, CancellationToken cancellation)
    {
        int predicted = symbols.Length - 1;
        // A part worth cutting is several times as long as its run-in.
        streams = Math.Clamp(streams, 1, Math.Max(1, predicted / (4 * RunIn)));
        int runIn = streams == 1 ? 0 : RunIn;
        int part = (predicted - runIn + streams - 1) / streams, steps = runIn + part;
        int time = Math.Clamp(Math.Min(4096, MostLogits / network.Symbols) / streams, 1, 512);

        int[] inputs = new int[streams * time], targets = new int[streams * time];
        var state = new CarriedState(network.Recurrent, streams);
        double nats = 0;
        long correct = 0, judged = 0;
        for (int from = 0; from < steps; from += time)
        {
            cancellation.ThrowIfCancellationRequested();
            int length = Math.Min(time, steps - from);
            int counted = Fill(symbols, streams, part, runIn, from, length, inputs, targets);
            ReadOnlySpan<int> wanted = targets.AsSpan(0, streams * length);
            _tape.Begin(gradients: false);
            try
            {
                (Tensor logits, _, var next) = network.Forward(inputs.AsSpan(0, streams * length), streams, state.Value);
                if (counted > 0)
                {
                    nats += (double)Likelihood.Categorical(logits, wanted).Item * counted;
                    correct += Correct(logits.Span, wanted);
                    judged += counted;
                }
                state.Keep(next);
            }
            finally
            {
                _tape.End();
            }
        }
        return Metrics(vocabulary, nats, correct, judged, symbols[1..]);
    }

    /// <summary>Writes what the streams read at some steps and what they are judged on; −1 where they are not.</summary>
    /// <returns>How many symbols they are judged on.</returns>
    private static int Fill(ReadOnlySpan<int> symbols, int streams, int part, int runIn, int from, int length, int[] inputs, int[] targets)
    {
        int counted = 0;
        for (int stream = 0; stream < streams; stream++)
        {
            for (int i = 0; i < length; i++)
            {
                int step = from + i, at = stream * part + step, slot = stream * length + i;
                bool isPast = at + 1 >= symbols.Length;
                inputs[slot] = isPast ? 0 : symbols[at];
                targets[slot] = isPast || (stream > 0 && step < runIn) ? -1 : symbols[at + 1];
                if (targets[slot] >= 0) counted++;
            }
        }
        return counted;
    }

    private long Correct(ReadOnlySpan<float> logits, ReadOnlySpan<int> targets)
    {
        long correct = 0;
        for (int row = 0; row < targets.Length; row++)
            if (targets[row] >= 0 && TensorPrimitives.IndexOfMax(logits.Slice(row * network.Symbols, network.Symbols)) == targets[row]) correct++;
        return correct;
    }

    /// <summary>The metrics by their names.</summary>
    /// <param name="vocabulary">The symbols.</param>
    /// <param name="nats">The sum of all losses.</param>
    /// <param name="correct">How often the likeliest symbol was the right one.</param>
    /// <param name="judged">How many symbols were judged.</param>
    /// <param name="text">Those symbols.</param>
    internal static Dictionary<string, double> Metrics(Vocabulary vocabulary, double nats, long correct, long judged, ReadOnlySpan<int> text)
    {
        double loss = nats / judged;
        var metrics = new Dictionary<string, double> { ["loss"] = loss };
        if (vocabulary.Level == TextLevel.Char) metrics["bits_per_character"] = loss / Math.Log(2);
        if (vocabulary.Level == TextLevel.Byte)
        {
            metrics["bits_per_byte"] = loss / Math.Log(2);
            // Every byte but a continuation byte begins a character.
            long characters = 0;
            foreach (int value in text)
                if ((value & 0xC0) != 0x80) characters++;
            if (characters > 0) metrics["bits_per_character"] = nats / characters / Math.Log(2);
        }
        metrics["perplexity"] = Math.Exp(loss);
        metrics["accuracy"] = (double)correct / judged;
        return metrics;
    }
}
