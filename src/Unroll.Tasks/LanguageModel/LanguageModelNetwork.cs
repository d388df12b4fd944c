using Unroll.Cells;
using Unroll.Exchange;
using Unroll.Layers;
using Unroll.Losses;
using Unroll.Tensors;

namespace Unroll.Tasks.LanguageModel;

/// <summary>The layers of a language model: embedding, recurrent layers, dropout, and a linear layer or an adaptive softmax.</summary>
internal sealed class LanguageModelNetwork : Module
{
    private readonly Embedding _embedding;
    private readonly Dropout _inputDropout, _dropout;
    // The last layer is one of the three.
    private readonly Linear? _output;
    private readonly Parameter? _tiedBias;
    private readonly AdaptiveSoftmax? _adaptive;
    private readonly LanguageModelShape _shape;

    private LanguageModelNetwork(int symbols, LanguageModelShape shape, int[]? cutoffs)
    {
        (Symbols, _shape) = (symbols, shape);
        RecurrentOptions layers = shape.Layers;
        Initializer? initializer = shape.EmbeddingWidth is { } width ? Initializer.Uniform(width) : null;
        _embedding = Add("embedding", new Embedding(symbols, shape.Embedding, initializer, shape.EmbeddingDropout));
        _inputDropout = Add("input_dropout", new Dropout(shape.DropoutOnInputs ? layers.Dropout : 0, layers.Regularization.Variational));
        // What the last layer gives out is dropped here, so that its activations can be read before that.
        float atOutput = layers.Regularization.OutputDropout;
        Recurrent = Add("rnn", new Recurrent(CellCatalogue.Find(shape.Cell).Create(), shape.Embedding, shape.Hidden,
            layers with { Regularization = layers.Regularization with { OutputDropout = 0 } }));
        // After the last layer as between layers, unless that has dropout of its own.
        _dropout = Add("dropout", atOutput > 0 ? new Dropout(atOutput, overTime: true) : new Dropout(layers.Dropout, layers.Regularization.Variational));
        if (cutoffs is not null) _adaptive = Add("output", shape.Tie ? new AdaptiveSoftmax(_embedding.Weight, cutoffs) : new AdaptiveSoftmax(Recurrent.OutputSize, symbols, cutoffs));
        else if (shape.Tie) _tiedBias = Add("output_bias", [symbols], ParameterKind.Bias, Initializer.Zeros);
        else _output = Add("output", new Linear(Recurrent.OutputSize, symbols, initializer: initializer));
    }

    /// <summary>How many symbols there are.</summary>
    public int Symbols { get; }

    /// <summary>The recurrent layers.</summary>
    public Recurrent Recurrent { get; }

    /// <summary>The floating-point operations of the matrix products that one symbol costs going forward: two for every weight. Looking a symbol up
    /// in the embedding costs none, unless the embedding is the last layer's weights too.</summary>
    public long OperationsPerSymbol => 2 * Parameters.Where(parameter => parameter.Shape.Rank == 2 && (parameter != _embedding.Weight || _shape.Tie)).Sum(parameter => (long)parameter.Shape.Count);

    /// <summary>The layers in words.</summary>
    public IEnumerable<Fact> Describe()
    {
        int embedding = _embedding.Weight.Shape[1];
        string last = (_adaptive is { } adaptive ? $"adaptive softmax {Recurrent.OutputSize} → {Symbols} cut at {string.Join(", ", adaptive.Cutoffs)}" : $"linear {Recurrent.OutputSize} → {Symbols}")
            + (_shape.Tie ? ", tied to the embedding" : "");
        string size = Recurrent.OutputSize == Recurrent.HiddenSize ? $"{Recurrent.HiddenSize}" : $"{Recurrent.HiddenSize}, the last {Recurrent.OutputSize}";
        yield return new Fact("model", $"embedding {Symbols} → {embedding}, {Recurrent.Options.Layers} × {_shape.Cell} {size}, {last}; {ParameterCount:N0} parameters");
    }

    /// <summary>Builds the layers that settings ask for.</summary>
    /// <exception cref="BadUsageException">The settings do not go together.</exception>
    public static LanguageModelNetwork Create(TaskSettings settings, int symbols) =>
        new(symbols, LanguageModelShape.Of(settings), OutputSoftmax.Cutoffs(settings, symbols));

    /// <summary>The logits of every next symbol; those of an adaptive softmax are the logarithms of probabilities.</summary>
    /// <param name="symbols">The symbols read, [batch, time].</param>
    /// <param name="batch">How many rows.</param>
    /// <param name="state">The state before them.</param>
    /// <returns>Logits [batch · time, symbols], the features they are made of [batch · time, units of the last layer], and the state after.</returns>
    public (Tensor Logits, Tensor Features, RecurrentState State) Forward(ReadOnlySpan<int> symbols, int batch, RecurrentState state)
    {
        (_, Tensor features, RecurrentState next) = Hidden(symbols, batch, state);
        features = features.Reshape(symbols.Length, Recurrent.OutputSize);
        Tensor logits = _adaptive is { } adaptive ? adaptive.LogProbabilities(features)
            : _output is { } output ? output.Forward(features)
            : features.MatMul(_embedding.Weight.Tensor, transposeRight: true) + _tiedBias!.Tensor;
        return (logits, features, next);
    }

    /// <summary>The loss of every next symbol.</summary>
    /// <param name="symbols">The symbols read, [batch, time].</param>
    /// <param name="targets">Those that follow, [batch, time].</param>
    /// <param name="batch">How many rows.</param>
    /// <param name="state">The state before them.</param>
    /// <returns>Mean nats a symbol, what activation regularisation adds to it (no tensor where there is none), and the state after.</returns>
    public (Tensor Loss, Tensor Penalty, RecurrentState State) Loss(ReadOnlySpan<int> symbols, ReadOnlySpan<int> targets, int batch, RecurrentState state)
    {
        (Tensor output, Tensor dropped, RecurrentState next) = Hidden(symbols, batch, state);
        Tensor features = dropped.Reshape(symbols.Length, Recurrent.OutputSize);
        Tensor loss = _adaptive is { } adaptive ? adaptive.Loss(features, targets)
            : Likelihood.Categorical(features, (_output?.Weight ?? _embedding.Weight).Tensor, (_output?.Bias ?? _tiedBias!).Tensor, targets);
        return (loss, _shape.Penalty(output, dropped), next);
    }

    /// <summary>Symbols to the logits of those that follow each of them; streaming, with the state before and after them.</summary>
    public ForwardPass ForwardPass(bool streaming)
    {
        IEnumerable<PassInput> states = streaming ? PassInput.States(Recurrent, "batch") : [];
        return new ForwardPass("language_model", [PassInput.Whole("symbols", Symbols, "batch", "time"), .. states], values =>
        {
            (int batch, int time) = (values.Size("batch"), values.Size("time"));
            (Tensor logits, _, RecurrentState state) = Forward(values.Whole("symbols"), batch, streaming ? values.States(Recurrent) : default);
            return [new PassOutput("logits", logits.Reshape(batch, time, Symbols)), .. streaming ? PassOutput.States(Recurrent, state) : []];
        });
    }

    /// <summary>What the recurrent layers read of symbols: [symbols, features].</summary>
    public float[] Embed(ReadOnlySpan<int> symbols) => _embedding.Forward(symbols, [symbols.Length]).ToArray();

    /// <summary>The last layer's output before and after dropout, [batch, time, units].</summary>
    private (Tensor Output, Tensor Dropped, RecurrentState State) Hidden(ReadOnlySpan<int> symbols, int batch, RecurrentState state)
    {
        Tensor x = _inputDropout.Forward(_embedding.Forward(symbols, [batch, symbols.Length / batch]));
        (Tensor h, RecurrentState next) = Recurrent.Forward(x, state);
        return (h, _dropout.Forward(h), next);
    }
}
