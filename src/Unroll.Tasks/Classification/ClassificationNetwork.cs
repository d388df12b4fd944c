using Unroll.Layers;
using Unroll.Tasks.Examples;
using Unroll.Tensors;

namespace Unroll.Tasks.Classification;

/// <summary>Reads a text and says which class it is of.</summary>
internal sealed class ClassificationNetwork : Module
{
    private readonly Pooling _pooling;
    private readonly Dropout _dropout;
    private readonly Linear _output;

    /// <summary>Builds the layers that settings ask for.</summary>
    /// <param name="words">How many words there are.</param>
    /// <param name="outputs">Logits: the classes, or 1 for two of them.</param>
    /// <param name="settings">The options.</param>
    public ClassificationNetwork(int words, int outputs, TaskSettings settings)
    {
        Encoder = Add("encoder", new TokenEncoder(words, settings));
        _pooling = Add("pooling", new Pooling(settings.Text(Pooling.Option.Name), Encoder.Recurrent));
        _dropout = Add("dropout", new Dropout((float)settings.Number(CommonOptions.Dropout.Name)));
        _output = Add("output", new Linear(Encoder.Recurrent.OutputSize, outputs));
        Summary = $"{Encoder.Describe()}, {settings.Text(Pooling.Option.Name)} pooling, linear {Encoder.Recurrent.OutputSize} → {outputs}; {ParameterCount:N0} parameters";
    }

    /// <summary>What reads the words.</summary>
    public TokenEncoder Encoder { get; }

    /// <summary>The layers in words.</summary>
    public string Summary { get; }

    /// <summary>Reads texts.</summary>
    /// <returns>Logits [batch, outputs], and the weights [batch, time] of attention, empty without.</returns>
    public (Tensor Logits, Tensor Weights) Forward(TokenBatch batch)
    {
        (Tensor pooled, Tensor weights) = _pooling.Forward(Encoder.Forward(batch), batch.Lengths);
        return (_output.Forward(_dropout.Forward(pooled)), weights);
    }
}
