using Unroll.Layers;
using Unroll.Tensors;
using Unroll.Tensors.Operations;

namespace Unroll.Tasks.Examples;

/// <summary>Makes one vector of a sequence of any length.</summary>
internal sealed class Pooling : Module
{
    /// <summary>Which way.</summary>
    internal static readonly TaskOption Option = new("pooling", OptionKind.Choice, "what stands for a text: the layers' last output, the mean or the greatest of all steps, or a mean weighted by attention")
    {
        Default = "attention",
        Choices = ["last", "mean", "max", "attention"],
        Group = "Model",
    };

    private readonly string _kind;
    private readonly Recurrent _layers;
    private readonly Linear? _projection, _score;

    /// <summary>A way of pooling.</summary>
    /// <param name="kind">One of the option's choices.</param>
    /// <param name="layers">What reads the sequences.</param>
    public Pooling(string kind, Recurrent layers)
    {
        (_kind, _layers) = (kind, layers);
        if (kind != "attention") return;
        int features = layers.OutputSize;
        // Yang et al. 2016, "Hierarchical attention networks for document classification": u = tanh(W h + b), α = softmax(uᵀ v).
        _projection = Add("projection", new Linear(features, features));
        _score = Add("score", new Linear(features, 1, bias: false));
    }

    /// <summary>Pools.</summary>
    /// <param name="output">[batch, time, features], zero beyond each sequence's end.</param>
    /// <param name="lengths">Steps of each sequence.</param>
    /// <returns>[batch, features], and the weights [batch, time] of attention, empty without.</returns>
    public (Tensor Pooled, Tensor Weights) Forward(Tensor output, ReadOnlySpan<int> lengths)
    {
        (int batch, int time, int features) = (output.Shape[0], output.Shape[1], output.Shape[2]);
        switch (_kind)
        {
            case "last":
                return (_layers.Last(output, lengths), default);
            case "mean":
                return (output.Sum(1) / LengthMask.Apply(lengths, time, within: 1, beyond: 0, least: 1).Sum(1, keep: true), default);
            case "max":
                return (output.MaskedFill(Beyond(lengths, time).Reshape(batch, time, 1), -1e9f).Max(1), default);
            default:
                Tensor scores = _score!.Forward(_projection!.Forward(output).Tanh()).Reshape(batch, time);
                Tensor weights = scores.MaskedFill(Beyond(lengths, time), -1e9f).Softmax();
                return (weights.Reshape(batch, 1, time).MatMul(output).Reshape(batch, features), weights);
        }
    }

    /// <summary>[batch, time]: 1 beyond each sequence's end; a sequence of no steps has its first one all the same: zeros.</summary>
    private static Tensor Beyond(ReadOnlySpan<int> lengths, int time) => LengthMask.Apply(lengths, time, within: 0, beyond: 1, least: 1);
}
