using Unroll.Cells;
using Unroll.Layers;
using Unroll.Losses;
using Unroll.Tensors;

namespace Unroll.Tasks.LanguageModel;

/// <summary>The layers of a language model: embedding, recurrent layers, dropout, and a linear layer or an adaptive softmax.</summary>
internal sealed class LanguageModelNetwork : Module
{
    private readonly Embedding _embedding;
    private readonly Dropout _dropout;
    // The last layer is one of the three.
    private readonly Linear? _output;
    private readonly Parameter? _tiedBias;
    private readonly AdaptiveSoftmax? _adaptive;
    private readonly string _cell;
    private readonly int _layers, _hidden;

    private LanguageModelNetwork(int symbols, int embedding, string cell, int hidden, RecurrentOptions options, bool tie, int[]? cutoffs)
    {
        (Symbols, _cell, _layers, _hidden) = (symbols, cell, options.Layers, hidden);
        _embedding = Add("embedding", new Embedding(symbols, embedding));
        Recurrent = Add("rnn", new Recurrent(CellCatalogue.Find(cell).Create(), embedding, hidden, options));
        // After the last layer as between layers, unless that has dropout of its own.
        _dropout = Add("dropout", new Dropout(options.Regularization.OutputDropout > 0 ? 0 : options.Dropout, options.Regularization.Variational));
        if (tie) _tiedBias = Add("output_bias", [symbols], ParameterKind.Bias, Initializer.Zeros);
        else if (cutoffs is not null) _adaptive = Add("output", new AdaptiveSoftmax(Recurrent.OutputSize, symbols, cutoffs));
        else _output = Add("output", new Linear(Recurrent.OutputSize, symbols));
    }

    /// <summary>How many symbols there are.</summary>
    public int Symbols { get; }

    /// <summary>The recurrent layers.</summary>
    public Recurrent Recurrent { get; }

    /// <summary>The floating-point operations of the matrix products that one symbol costs going forward: two for every weight. Looking a symbol up
    /// in the embedding costs none, unless the embedding is the last layer's weights too.</summary>
    public long OperationsPerSymbol => 2 * Parameters.Where(parameter => parameter.Shape.Rank == 2 && (parameter != _embedding.Weight || _tiedBias is not null)).Sum(parameter => (long)parameter.Shape.Count);

    /// <summary>The layers in words.</summary>
    public IEnumerable<Fact> Describe()
    {
        int embedding = _embedding.Weight.Shape[1];
        string last = _adaptive is { } adaptive ? $"adaptive softmax {Recurrent.OutputSize} → {Symbols} cut at {string.Join(", ", adaptive.Cutoffs)}"
            : $"linear {Recurrent.OutputSize} → {Symbols}{(_tiedBias is null ? "" : ", tied to the embedding")}";
        yield return new Fact("model", $"embedding {Symbols} → {embedding}, {_layers} × {_cell} {_hidden}, {last}; {ParameterCount:N0} parameters");
    }

    /// <summary>Builds the layers that settings ask for.</summary>
    /// <exception cref="BadUsageException">The settings do not go together.</exception>
    public static LanguageModelNetwork Create(TaskSettings settings, int symbols)
    {
        int hidden = settings.Whole(CommonOptions.Hidden.Name), embedding = settings.Whole(LanguageModelTask.Embedding.Name);
        bool tie = settings.Flag(LanguageModelTask.Tie.Name);
        if (embedding == 0) embedding = hidden;
        if (tie && embedding != hidden) throw new BadUsageException($"--tie needs --embedding and --hidden to be equal; found {embedding} and {hidden}.");
        return new LanguageModelNetwork(symbols, embedding, settings.Text(CommonOptions.Cell.Name), hidden, CommonOptions.ToRecurrentOptions(settings), tie, OutputSoftmax.Cutoffs(settings, symbols));
    }

    /// <summary>The logits of every next symbol; those of an adaptive softmax are the logarithms of probabilities.</summary>
    /// <param name="symbols">The symbols read, [batch, time].</param>
    /// <param name="batch">How many rows.</param>
    /// <param name="state">The state before them.</param>
    /// <returns>Logits [batch · time, symbols], and the state after.</returns>
    public (Tensor Logits, RecurrentState State) Forward(ReadOnlySpan<int> symbols, int batch, RecurrentState state)
    {
        (Tensor h, RecurrentState next) = Hidden(symbols, batch, state);
        Tensor logits = _adaptive is { } adaptive ? adaptive.LogProbabilities(h)
            : _output is { } output ? output.Forward(h)
            : h.MatMul(_embedding.Weight.Tensor, transposeRight: true) + _tiedBias!.Tensor;
        return (logits, next);
    }

    /// <summary>The loss of every next symbol.</summary>
    /// <param name="symbols">The symbols read, [batch, time].</param>
    /// <param name="targets">Those that follow, [batch, time].</param>
    /// <param name="batch">How many rows.</param>
    /// <param name="state">The state before them.</param>
    /// <returns>Mean nats a symbol, and the state after.</returns>
    public (Tensor Loss, RecurrentState State) Loss(ReadOnlySpan<int> symbols, ReadOnlySpan<int> targets, int batch, RecurrentState state)
    {
        (Tensor h, RecurrentState next) = Hidden(symbols, batch, state);
        Tensor loss = _adaptive is { } adaptive ? adaptive.Loss(h, targets)
            : Likelihood.Categorical(h, (_output?.Weight ?? _embedding.Weight).Tensor, (_output?.Bias ?? _tiedBias!).Tensor, targets);
        return (loss, next);
    }

    /// <summary>What the recurrent layers read of symbols: [symbols, features].</summary>
    public float[] Embed(ReadOnlySpan<int> symbols) => _embedding.Forward(symbols, [symbols.Length]).ToArray();

    private (Tensor Hidden, RecurrentState State) Hidden(ReadOnlySpan<int> symbols, int batch, RecurrentState state)
    {
        Tensor x = _embedding.Forward(symbols, [batch, symbols.Length / batch]);
        (Tensor h, RecurrentState next) = Recurrent.Forward(x, state);
        return (_dropout.Forward(h).Reshape(symbols.Length, Recurrent.OutputSize), next);
    }
}
