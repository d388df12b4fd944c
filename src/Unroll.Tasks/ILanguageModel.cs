using Unroll.Data;
using Unroll.Decoding;

namespace Unroll.Tasks;

/// <summary>A <see cref="TaskModel"/> that says, wherever a text stands, how likely each symbol comes next.</summary>
public interface ILanguageModel
{
    /// <summary>The symbols it knows.</summary>
    Vocabulary Vocabulary { get; }

    /// <summary>Begins to read a text. Any number of texts may be read at once over one model, each on a thread of its own.</summary>
    TextSession BeginText();
}

/// <summary>A text being read by a language model, symbol by symbol as it comes, with a state of its own; used by one thread at a time. A text begins where a line begins.
/// <code>
/// TextSession text = model.BeginText();
/// text.Read("To be, or not to b");
/// float likely = text.LogProbabilities[text.Vocabulary.IndexOf("e")];
/// </code></summary>
public sealed class TextSession
{
    private readonly DecodingSession _model;
    private readonly float[] _logProbabilities;
    private bool _predicts;

    internal TextSession(DecodingSession model, Vocabulary vocabulary)
    {
        (_model, Vocabulary, _logProbabilities) = (model, vocabulary, new float[model.Symbols]);
        Restart();
    }

    /// <summary>The symbols and their numbers.</summary>
    public Vocabulary Vocabulary { get; }

    /// <summary>The natural logarithm of every symbol's probability to come next, [symbols]; also what a <see cref="Sampler"/> draws from. Valid until the next symbol is read. Empty at the beginning of
    /// a text where the model knows no line end, after which texts begin.</summary>
    public ReadOnlySpan<float> LogProbabilities => _predicts ? _logProbabilities : [];

    /// <summary>Reads a symbol. Allocates nothing after the first ones.</summary>
    /// <param name="symbol">Its number.</param>
    /// <returns>The logarithm of the probability it had; 0 where nothing was predicted.</returns>
    /// <exception cref="ArgumentException">There is no such symbol.</exception>
    public double Read(int symbol)
    {
        ReadOnlySpan<float> logits = _model.Step([symbol]);
        double had = _predicts ? _logProbabilities[symbol] : 0;
        Logits.ToLogProbabilities(logits, _logProbabilities);
        _predicts = true;
        return had;
    }

    /// <summary>Reads a piece of text, cut into symbols on its own: of words, give whole ones. What the model does not know is read as the unknown symbol, or left out where there is none.</summary>
    /// <param name="text">The piece.</param>
    /// <returns>The logarithm of the probability it had.</returns>
    public double Read(string text)
    {
        double sum = 0;
        foreach (int symbol in Vocabulary.Encode(text).Symbols) sum += Read(symbol);
        return sum;
    }

    /// <summary>Forgets everything and begins another text.</summary>
    public void Restart()
    {
        _model.Start();
        _predicts = false;
        if (Vocabulary.LineEnd is var end && end >= 0) Read(end);
    }
}
