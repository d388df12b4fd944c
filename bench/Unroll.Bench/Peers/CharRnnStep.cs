using Unroll.Cells;
using Unroll.Layers;
using Unroll.Losses;
using Unroll.Optimizers;
using Unroll.Tensors;

namespace Unroll.Bench.Peers;

/// <summary>A whole training step of a character model: embedding, two layers of LSTM, projection, softmax with cross entropy, backward, clipping by
/// global norm, Adam.</summary>
internal sealed class CharRnnStep
{
    private readonly Tape _tape = new();
    private readonly Model _model;
    private readonly Optimizer _adam = new AdamOptions().Create();
    private readonly Clipping _clipping = Clipping.GlobalNorm(5);
    private readonly int[] _symbols, _targets;
    private readonly int _time, _batch;

    public CharRnnStep(int time, int batch, int vocabulary, int hidden)
    {
        (_time, _batch) = (time, batch);
        _model = new Model(vocabulary, hidden);
        _model.Initialize(new RandomState(1));
        (_symbols, _targets) = (new int[time * batch], new int[time * batch]);
        var random = new Random(1);
        for (int i = 0; i < _symbols.Length; i++) (_symbols[i], _targets[i]) = (random.Next(vocabulary), random.Next(vocabulary));
    }

    public void Run()
    {
        _tape.Begin();
        _tape.Backward(Likelihood.Categorical(_model.Forward(_symbols, [_batch, _time]), _targets));
        _tape.End();
        _adam.Step(_model.Parameters, 0.002f, _clipping);
    }

    private sealed class Model : Module
    {
        private readonly Embedding _embedding;
        private readonly Recurrent _rnn;
        private readonly Linear _output;

        public Model(int vocabulary, int hidden)
        {
            _embedding = Add("embedding", new Embedding(vocabulary, hidden));
            _rnn = Add("rnn", new Recurrent(new Lstm(), hidden, hidden, new RecurrentOptions { Layers = 2 }));
            _output = Add("output", new Linear(hidden, vocabulary));
        }

        public Tensor Forward(int[] symbols, Shape shape) => _output.Forward(_rnn.Forward(_embedding.Forward(symbols, shape)).Output);
    }
}
