using System.Globalization;
using System.Text.Json;
using Unroll.Data;

namespace Unroll.Tasks.LanguageModel;

/// <summary>How likely a language model finds lines: each is read from a line end on, with no memory of the lines before, and its own line end is predicted too. Where the
/// model knows no line end, a line's first symbol is read and not predicted.</summary>
internal sealed class LinePredictor(LanguageModelNetwork network, Vocabulary vocabulary)
{
    private readonly SymbolReader _reader = new(network);

    /// <summary>What there is to say of a line.</summary>
    /// <param name="line">The line, without its end.</param>
    /// <param name="cancellation">Stops it.</param>
    public Prediction Of(string line, CancellationToken cancellation)
    {
        EncodedText text = vocabulary.Encode(line);
        int[] symbols = vocabulary.LineEnd is var end && end >= 0 ? [end, .. text.Symbols, end] : text.Symbols;
        var logs = new List<(string Symbol, double Log)>(symbols.Length);
        _reader.Read(symbols, (_, symbol, probabilities) => logs.Add((vocabulary[symbol], Math.Log(probabilities[symbol]))), cancellation);
        double sum = logs.Sum(entry => entry.Log);
        // Of nothing predicted there is no perplexity.
        double? perplexity = logs.Count == 0 ? null : Math.Exp(-sum / logs.Count);
        string figures = string.Create(CultureInfo.InvariantCulture, $"{(perplexity is { } value ? value.ToString("G6", CultureInfo.InvariantCulture) : "-")}\t{sum:0.####}\t{line}");
        return new Prediction(figures, Write);

        void Write(Utf8JsonWriter json)
        {
            json.WriteString("text", line);
            json.WriteNumber("log_probability", sum);
            if (perplexity is { } known) json.WriteNumber("perplexity", known);
            else json.WriteNull("perplexity");
            if (text.Unknown > 0) json.WriteNumber("unknown_symbols", text.Unknown);
            json.WriteStartArray("symbols");
            foreach ((string symbol, double log) in logs)
            {
                json.WriteStartObject();
                json.WriteString("symbol", symbol);
                json.WriteNumber("log_probability", log);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
    }
}
