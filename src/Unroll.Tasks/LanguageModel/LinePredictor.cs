using System.Globalization;
using System.Text.Json;
using Unroll.Data;
using Unroll.Decoding;
using Unroll.Tasks.Examples;
using Unroll.Tensors;

namespace Unroll.Tasks.LanguageModel;

/// <summary>How likely a language model finds lines: each is read from a line end on, with no memory of the lines before, and its own line end is predicted too. Where the
/// model knows no line end, a line's first symbol is read and not predicted.</summary>
internal sealed class LinePredictor(LanguageModelNetwork network, Vocabulary vocabulary)
{
    private const int MostLogits = 1 << 21, MostSteps = 64;

    private readonly Tape _tape = new() { Training = false };

    /// <summary>What there is to say of lines.</summary>
    /// <param name="lines">The lines, without their ends.</param>
    /// <param name="together">How many are read side by side, those of about the same length.</param>
    /// <param name="cancellation">Stops it.</param>
    public Prediction[] Of(IReadOnlyList<string> lines, int together, CancellationToken cancellation)
    {
        EncodedText[] texts = [.. lines.Select(vocabulary.Encode)];
        int end = vocabulary.LineEnd;
        int[][] symbols = [.. texts.Select(text => end >= 0 ? [end, .. text.Symbols, end] : text.Symbols)];
        double[][] logs = [.. symbols.Select(line => new double[Math.Max(0, line.Length - 1)])];
        foreach (int[] numbers in LengthBatches.ToRead([.. logs.Select(line => line.Length)], together)) Read(numbers, symbols, logs, cancellation);
        return [.. lines.Select((line, i) => Tell(line, texts[i].Unknown, symbols[i], logs[i]))];
    }

    /// <summary>Reads some lines, the longest first, and fills in the logarithm of the probability of each symbol but the first.</summary>
    private void Read(int[] numbers, int[][] symbols, double[][] logs, CancellationToken cancellation)
    {
        int rows = numbers.Length, longest = logs[numbers[0]].Length, steps = Math.Clamp(MostLogits / network.Symbols / rows, 1, MostSteps);
        int[] inputs = new int[rows * steps];
        var state = new CarriedState(network.Recurrent, rows);
        for (int from = 0; from < longest; from += steps)
        {
            cancellation.ThrowIfCancellationRequested();
            int time = Math.Min(steps, longest - from);
            // What a row reads beyond its line's end, nobody asks about.
            Span<int> read = inputs.AsSpan(0, rows * time);
            read.Clear();
            for (int row = 0; row < rows && Left(row) > 0; row++) symbols[numbers[row]].AsSpan(from, Left(row)).CopyTo(read[(row * time)..]);
            _tape.Begin(gradients: false);
            try
            {
                (Tensor logits, _, var next) = network.Forward(read, rows, state.Value);
                for (int row = 0; row < rows; row++)
                {
                    (int[] line, double[] log) = (symbols[numbers[row]], logs[numbers[row]]);
                    for (int step = 0; step < Left(row); step++)
                        log[from + step] = Logits.LogProbabilityOf(logits.Span.Slice((row * time + step) * network.Symbols, network.Symbols), line[from + step + 1]);
                }
                state.Keep(next);
            }
            finally
            {
                _tape.End();
            }

            int Left(int row) => Math.Min(time, logs[numbers[row]].Length - from);
        }
    }

    private Prediction Tell(string line, long unknown, int[] symbols, double[] logs)
    {
        double sum = logs.Sum();
        // Of nothing predicted there is no perplexity.
        double? perplexity = logs.Length == 0 ? null : Math.Exp(-sum / logs.Length);
        string figures = string.Create(CultureInfo.InvariantCulture, $"{(perplexity is { } value ? value.ToString("G6", CultureInfo.InvariantCulture) : "-")}\t{sum:0.####}\t{line}");
        return new Prediction(figures, Write);

        void Write(Utf8JsonWriter json)
        {
            json.WriteString("text", line);
            json.WriteNumber("log_probability", sum);
            if (perplexity is { } known) json.WriteNumber("perplexity", known);
            else json.WriteNull("perplexity");
            if (unknown > 0) json.WriteNumber("unknown_symbols", unknown);
            json.WriteStartArray("symbols");
            for (int i = 0; i < logs.Length; i++)
            {
                json.WriteStartObject();
                json.WriteString("symbol", vocabulary[symbols[i + 1]]);
                json.WriteNumber("log_probability", logs[i]);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
    }
}
