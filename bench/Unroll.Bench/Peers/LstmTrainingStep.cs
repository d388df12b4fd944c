using Unroll.Cells;
using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Bench.Peers;

/// <summary>One LSTM layer: forward, then the gradients of the input, all weights and both initial states, for a given random output gradient.</summary>
internal sealed class LstmTrainingStep
{
    private readonly Tape _tape = new();
    private readonly Recurrent _layer;
    private readonly Tensor _x, _outputGradient;
    private readonly RecurrentState _state;
    private readonly Tensor[] _watched = new Tensor[2];

    public LstmTrainingStep(int time, int batch, int input, int hidden)
    {
        var random = new RandomState(1);
        _layer = new Recurrent(new Lstm(), input, hidden);
        _layer.Initialize(random);
        _x = Draw(random, [batch, time, input]);
        _outputGradient = Draw(random, [batch, time, hidden]);
        _state = new RecurrentState([Draw(random, [batch, hidden]), Draw(random, [batch, hidden])], null, 1, 2);
    }

    public void Run()
    {
        _layer.ClearGradients();
        // As after an optimizer's step: the weights are packed anew, and that counts.
        foreach (Parameter parameter in _layer.Parameters) parameter.Changed();
        _tape.Begin();
        Tensor x = _tape.Watch(_x);
        (_watched[0], _watched[1]) = (_tape.Watch(_state[0, 0]), _tape.Watch(_state[0, 1]));
        (Tensor output, _) = _layer.Forward(x, new RecurrentState(_watched, null, 1, 2));
        _tape.Backward(OperationCall.Start(GivenGradient.Instance).With(output).With(_outputGradient).Run());
        _tape.End();
    }

    private static Tensor Draw(RandomState random, Shape shape)
    {
        var values = new float[shape.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = (float)random.NextGaussian();
        return Tensor.From(values, shape);
    }

    /// <summary>A "loss" whose derivative is the second input: what autograd.grad(output, …, gradient) does.</summary>
    private sealed class GivenGradient : Operation
    {
        public static readonly GivenGradient Instance = new();

        public override string Name => "GivenGradient";

        public override void Shapes(OperationCall call) => call.AddOutput([]);

        public override void Forward(OperationCall call) => call.Output(0)[0] = 0;

        public override void Backward(OperationCall call) => call.Input(1).CopyTo(call.InputGradient(0));
    }
}
