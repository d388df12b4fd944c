using Unroll.Cells;
using Unroll.Tensors;
using Unroll.Tensors.Operations;

namespace Unroll.Layers;

/// <summary>Makes a vector of a word from its characters, so that a word that was never seen still says something: by its ending, its capitals, its digits.</summary>
internal abstract class WordEncoder : Module
{
    /// <summary>Features of a word's vector.</summary>
    public abstract int OutputSize { get; }

    /// <summary>Encodes words.</summary>
    /// <param name="characters">Character numbers [words, time], row-major; any beyond a word's length.</param>
    /// <param name="time">Characters there is room for in each word, 1 or more.</param>
    /// <param name="lengths">Characters of each word [words].</param>
    /// <returns>[words, <see cref="OutputSize"/>]</returns>
    /// <exception cref="ShapeException">The sizes do not fit, or there is no such character.</exception>
    public abstract Tensor Forward(ReadOnlySpan<int> characters, int time, ReadOnlySpan<int> lengths);
}

/// <summary>Reads a word's characters in both directions and takes the final states of both: Ling et al. 2015, "Finding Function in Form"; Lample et al. 2016, "Neural
/// Architectures for Named Entity Recognition". Parameters: those of an embedding and of a recurrent layer.</summary>
internal sealed class RecurrentWordEncoder : WordEncoder
{
    private readonly Embedding _embedding;
    private readonly Dropout _dropout;
    private readonly Recurrent _recurrent;

    /// <summary>Creates the encoder.</summary>
    /// <param name="cell">The cell that reads.</param>
    /// <param name="characters">How many characters there are.</param>
    /// <param name="features">Features of a character.</param>
    /// <param name="hidden">The cell's hidden size; the word's vector has twice as many features.</param>
    /// <param name="dropout">Of the characters' features.</param>
    /// <exception cref="BadUsageException">A size makes no sense.</exception>
    public RecurrentWordEncoder(Cell cell, int characters, int features, int hidden, float dropout = 0)
    {
        _embedding = Add("embedding", new Embedding(characters, features, Initializer.Uniform(MathF.Sqrt(3f / features))));
        _dropout = Add("dropout", new Dropout(dropout));
        _recurrent = Add("rnn", new Recurrent(cell, features, hidden, new RecurrentOptions { Bidirectional = true }));
    }

    /// <inheritdoc/>
    public override int OutputSize => _recurrent.OutputSize;

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<int> characters, int time, ReadOnlySpan<int> lengths)
    {
        Tensor x = _dropout.Forward(_embedding.Forward(characters, [lengths.Length, time]));
        return _recurrent.Last(_recurrent.Forward(x, default, lengths).Output, lengths);
    }
}

/// <summary>Filters over windows of three characters, each at the place of the word where it answers most: Ma &amp; Hovy 2016, "End-to-end Sequence Labeling via
/// Bi-directional LSTM-CNNs-CRF"; zeros stand before a word's first character and behind its last. y = tanh(maxₜ(W·[xₜ₋₁, xₜ, xₜ₊₁] + b)).
/// Parameters: those of an embedding and a linear layer.</summary>
internal sealed class ConvolutionalWordEncoder : WordEncoder
{
    private readonly Embedding _embedding;
    private readonly Dropout _dropout;
    private readonly Linear _filters;

    /// <summary>Creates the encoder.</summary>
    /// <param name="characters">How many characters there are.</param>
    /// <param name="features">Features of a character.</param>
    /// <param name="filters">Features of the word's vector.</param>
    /// <param name="dropout">Of the characters' features.</param>
    /// <exception cref="BadUsageException">A size makes no sense.</exception>
    public ConvolutionalWordEncoder(int characters, int features, int filters, float dropout = 0)
    {
        _embedding = Add("embedding", new Embedding(characters, features, Initializer.Uniform(MathF.Sqrt(3f / features))));
        _dropout = Add("dropout", new Dropout(dropout));
        _filters = Add("filters", new Linear(3 * features, filters, initializer: Initializer.GlorotUniform));
    }

    /// <inheritdoc/>
    public override int OutputSize => _filters.Weight.Shape[0];

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<int> characters, int time, ReadOnlySpan<int> lengths)
    {
        int words = lengths.Length;
        Tensor beyond = LengthMask.Apply(lengths, time, within: 0, beyond: 1).Reshape(words, time, 1);
        Tensor x = _dropout.Forward(_embedding.Forward(characters, [words, time])).MaskedFill(beyond, 0);
        Tensor side = Tensor.Zeros([words, 1, x.Shape[2]]);
        Tensor padded = Tensor.Concat(1, side, x, side);
        Tensor windows = Tensor.Concat(2, padded.Slice(1, 0, time), x, padded.Slice(1, 2, time));
        // tanh rises, so that it can come after the maximum, where there are fewer numbers.
        return _filters.Forward(windows).MaskedFill(beyond, float.NegativeInfinity).Max(1).Tanh();
    }
}
