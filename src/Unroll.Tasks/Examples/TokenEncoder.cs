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

    /// <summary>The embedding's table [tokens, features].</summary>
    public Parameter Table => _embedding.Weight;

    /// <summary>The layers in words.</summary>
    public string Describe() => $"embedding {_embedding.Weight.Shape[0]:N0} × {_embedding.Weight.Shape[1]}, {Recurrent.Options.Layers} × {(Recurrent.Options.Bidirectional ? "bidirectional " : "")}{_cell} {Recurrent.HiddenSize}";

    /// <summary>Reads a batch.</summary>
    /// <param name="batch">The tokens.</param>
    /// <param name="initial">The states to begin with; zeros if left out.</param>
    /// <param name="more">[batch, time, features] to stand beside the embedding's.</param>
    /// <returns>The last layer's output [batch, time, features], zero beyond each sequence's end, and the final states.</returns>
    public (Tensor Output, RecurrentState State) Forward(TokenBatch batch, RecurrentState initial = default, Tensor more = default)
    {
        Tensor x = _embedding.Forward(batch.Tokens, [batch.Count, batch.Time]);
        if (!more.IsEmpty) x = Tensor.Concat(2, x, more);
        return Recurrent.Forward(_dropout.Forward(x), initial, batch.Lengths);
    }

    /// <summary>The last layer's final state, in both directions if there are two: [batch, features].</summary>
    /// <param name="state">What <see cref="Forward"/> ended with.</param>
    public Tensor LastOf(RecurrentState state)
    {
        int last = Recurrent.Options.Layers - 1;
        return Recurrent.Options.Bidirectional ? Tensor.Concat(1, state[last], state[last, 0, 1]) : state[last];
    }
}
