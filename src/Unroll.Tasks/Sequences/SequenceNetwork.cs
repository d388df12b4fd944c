using Unroll.Cells;
using Unroll.Exchange;
using Unroll.Layers;
using Unroll.Losses;
using Unroll.Tensors;

namespace Unroll.Tasks.Sequences;

/// <summary>Recurrent layers, and a linear layer on their output at the judged steps.</summary>
internal sealed class SequenceNetwork : Module
{
    private readonly Linear _output;
    private readonly string _cell;

    /// <summary>Builds the layers that settings ask for.</summary>
    public SequenceNetwork(SequenceFormat format, TaskSettings settings)
    {
        (Format, _cell) = (format, settings.Text(CommonOptions.Cell.Name));
        Recurrent = Add("rnn", new Recurrent(CellCatalogue.Find(_cell).Create(), format.Inputs, settings.Whole(CommonOptions.Hidden.Name), CommonOptions.ToRecurrentOptions(settings)));
        _output = Add("output", new Linear(Recurrent.OutputSize, format.Outputs));
    }

    /// <summary>What steps bring and what is asked for.</summary>
    public SequenceFormat Format { get; }

    /// <summary>The recurrent layers.</summary>
    public Recurrent Recurrent { get; }

    /// <summary>The layers in words.</summary>
    public Fact Describe() => new("model",
        $"{Recurrent.Options.Layers} × {_cell} {Recurrent.HiddenSize}, linear {Recurrent.OutputSize} → {Format.Outputs}; {ParameterCount:N0} parameters");

    /// <summary>The answers at the judged steps of a batch, and their loss.</summary>
    /// <param name="batch">The sequences.</param>
    /// <returns>Numbers or logits [judged steps, outputs], and the mean loss of the judged steps: squared error or nats.</returns>
    public (Tensor Outputs, Tensor Loss) Forward(SequenceBatch batch)
    {
        Tensor h = Recurrent.Forward(Tensor.From(batch.Inputs, [batch.Count, batch.Steps, Format.Inputs]), default, batch.Lengths).Output;
        Tensor y = _output.Forward(h.Reshape(batch.Count * batch.Steps, Recurrent.OutputSize).Gather(batch.Rows, [batch.Rows.Length]));
        Tensor loss = Format.Target switch
        {
            TargetKind.Class => Likelihood.Categorical(y, batch.Classes),
            TargetKind.Set => Likelihood.Bernoulli(y, Tensor.From(batch.Values, y.Shape), batch.Counted),
            _ => (y - Tensor.From(batch.Values, y.Shape)).Square().Mean(),
        };
        return (y, loss);
    }

    /// <summary>Steps to the numbers or logits that answer each of them; streaming, with the state before and after them.</summary>
    public ForwardPass ForwardPass(bool streaming)
    {
        IEnumerable<PassInput> more = streaming ? PassInput.States(Recurrent, "batch") : [PassInput.Lengths("lengths", "batch", "time")];
        return new ForwardPass("sequences", [PassInput.Numbers("inputs", "batch", "time", Format.Inputs), .. more], values =>
        {
            (Tensor output, RecurrentState state) = Recurrent.Forward(values.Numbers("inputs"), streaming ? values.States(Recurrent) : default, streaming ? [] : values.Whole("lengths"));
            return [new PassOutput("outputs", _output.Forward(output)), .. streaming ? PassOutput.States(Recurrent, state) : []];
        });
    }
}
