using Unroll.Cells;
using Unroll.Layers;
using Unroll.Losses;
using Unroll.Tensors;

namespace Unroll.Tasks.Generated;

/// <summary>Recurrent layers, and a linear layer on their output at the judged steps.</summary>
internal sealed class GeneratedNetwork : Module
{
    private readonly SequenceSource _source;
    private readonly Linear _output;
    private readonly string _cell;

    /// <summary>Builds the layers that settings ask for.</summary>
    public GeneratedNetwork(SequenceSource source, TaskSettings settings)
    {
        (_source, _cell) = (source, settings.Text(CommonOptions.Cell.Name));
        Recurrent = Add("rnn", new Recurrent(CellCatalogue.Find(_cell).Create(), source.Inputs, settings.Whole(CommonOptions.Hidden.Name), CommonOptions.ToRecurrentOptions(settings)));
        _output = Add("output", new Linear(Recurrent.OutputSize, source.Outputs));
    }

    /// <summary>The recurrent layers.</summary>
    public Recurrent Recurrent { get; }

    /// <summary>The layers in words.</summary>
    public Fact Describe() => new("model",
        $"{Recurrent.Options.Layers} × {_cell} {Recurrent.HiddenSize}, linear {Recurrent.OutputSize} → {_source.Outputs}; {ParameterCount:N0} parameters");

    /// <summary>The answers at the judged steps of a batch, and their loss.</summary>
    /// <param name="batch">The sequences.</param>
    /// <returns>Numbers or logits [judged steps, outputs], and the mean loss of the judged steps: squared error or nats.</returns>
    public (Tensor Outputs, Tensor Loss) Forward(SequenceBatch batch)
    {
        int steps = batch.Inputs.Length / (batch.Count * _source.Inputs), slots = batch.Rows.Length;
        Tensor h = Recurrent.Forward(Tensor.From(batch.Inputs, [batch.Count, steps, _source.Inputs]), default, batch.Lengths).Output;
        Tensor y = _output.Forward(h.Reshape(batch.Count * steps, Recurrent.OutputSize).Gather(batch.Rows, [slots]));
        Tensor loss = _source.Target switch
        {
            TargetKind.Class => Likelihood.Categorical(y, batch.Classes),
            TargetKind.Set => Likelihood.Bernoulli(y, Tensor.From(batch.Values, y.Shape), batch.Counted),
            _ => (y - Tensor.From(batch.Values, y.Shape)).Square().Mean(),
        };
        return (y, loss);
    }
}
