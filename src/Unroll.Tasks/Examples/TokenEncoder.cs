using System.Globalization;
using Unroll.Cells;
using Unroll.Data;
using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Tasks.Examples;

/// <summary>Reads sequences of tokens: an embedding, dropout, and recurrent layers over it.</summary>
internal sealed class TokenEncoder : Module
{
    /// <summary>Features of a token.</summary>
    internal static readonly TaskOption Features = new("embedding", OptionKind.Whole, "features of a word") { Default = "100", Minimum = 1, Maximum = 65536, Group = "Model" };

    /// <summary>The share of a token's features that dropout silences before the recurrent layers.</summary>
    internal static readonly TaskOption EmbeddingDropout = CommonOptions.Dropout with { Name = "embedding-dropout", Help = "share of the words' features dropped while training" };

    /// <summary>Word vectors to begin with.</summary>
    internal static readonly TaskOption Vectors = new("vectors", OptionKind.Path, "begin with these word vectors, in the text form of GloVe or word2vec; their size is that of --embedding") { Placeholder = "FILE", Group = "Model" };

    private readonly Embedding _embedding;
    private readonly Dropout _dropout;
    private readonly string _cell;

    /// <summary>Builds the layers that settings ask for.</summary>
    /// <param name="tokens">How many tokens there are.</param>
    /// <param name="settings">The options.</param>
    /// <param name="more">Features that come beside the embedding's, such as those of a word's letters.</param>
    public TokenEncoder(int tokens, TaskSettings settings, int more = 0)
    {
        _cell = settings.Text(CommonOptions.Cell.Name);
        int features = settings.Whole(Features.Name);
        _embedding = Add("embedding", new Embedding(tokens, features, Initializer.Normal(0.1f)));
        _dropout = Add("dropout", new Dropout((float)settings.Number(EmbeddingDropout.Name)));
        Recurrent = Add("rnn", new Recurrent(CellCatalogue.Find(_cell).Create(), features + more, settings.Whole(CommonOptions.Hidden.Name),
            CommonOptions.ToRecurrentOptions(settings) with { Bidirectional = settings.Flag(CommonOptions.Bidirectional.Name) }));
    }

    /// <summary>The word vectors that settings name, of some words; the embedding, which must be built after it, gets their size.</summary>
    public static WordVectors? ReadVectors(TaskSettings settings, TokenVocabulary words)
    {
        if (settings.Find(Vectors.Name) is not { } path) return null;
        WordVectors vectors = WordVectors.Read(path, words.Tokens);
        settings.Set(Features.Name, vectors.Size.ToString(CultureInfo.InvariantCulture));
        return vectors;
    }

    /// <summary>The recurrent layers.</summary>
    public Recurrent Recurrent { get; }

    /// <summary>Words in words: how many, and how many of them begin with vectors from a file.</summary>
    public static Fact Describe(TokenVocabulary words, WordVectors? vectors, TaskSettings settings) =>
        new("words", $"{words.Count:N0}{(vectors is null ? "" : $", {vectors.Count:N0} vectors of {vectors.Size} numbers from {settings.Text(Vectors.Name)}")}");

    /// <summary>What makes the embedding begin with word vectors; null if there are none.</summary>
    public Action? Begin(WordVectors? vectors, TokenVocabulary words) => vectors is null ? null : () => vectors.CopyTo(_embedding.Weight, word => words[word]);

    /// <summary>The layers in words.</summary>
    public string Describe() => $"embedding {_embedding.Weight.Shape[0]:N0} × {_embedding.Weight.Shape[1]}, {Recurrent.Options.Layers} × {(Recurrent.Options.Bidirectional ? "bidirectional " : "")}{_cell} {Recurrent.HiddenSize}";

    /// <summary>Reads a batch.</summary>
    /// <param name="batch">The tokens.</param>
    /// <param name="more">[batch, time, features] to stand beside the embedding's.</param>
    /// <returns>The last layer's output [batch, time, features], zero beyond each sequence's end.</returns>
    public Tensor Forward(TokenBatch batch, Tensor more = default)
    {
        Tensor x = _embedding.Forward(batch.Tokens, [batch.Count, batch.Time]);
        if (!more.IsEmpty) x = Tensor.Concat(2, x, more);
        return Recurrent.Forward(_dropout.Forward(x), default, batch.Lengths).Output;
    }
}
