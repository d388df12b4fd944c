using Unroll.Files;
using Unroll.Tensors;
using Unroll.Training;

namespace Unroll.Tests.Training;

/// <summary>A job with everything that resuming must restore: shuffled data, a carried state, noise from the tape's random source.
/// y = wᵀ tanh(V x + u s) is fitted, where s is carried from step to step.</summary>
internal sealed class TinyJob : TrainingJob
{
    public const int Batch = 4, Inputs = 3, Rows = 28;
    private readonly int _hidden;
    private readonly TinyModel _model;
    private readonly float[] _x = new float[Rows * Inputs], _y = new float[Rows], _batchX = new float[Batch * Inputs], _batchY = new float[Batch];
    private readonly int[] _order = [.. Enumerable.Range(0, Rows)];
    private readonly float[] _carried, _noise = new float[Batch];
    private Tensor _state;

    public TinyJob(int hidden = 5)
    {
        (_hidden, _model, _carried) = (hidden, new TinyModel(hidden), new float[Batch * hidden]);
        var random = new RandomState(99);
        foreach (ref float x in _x.AsSpan()) x = (float)random.NextGaussian();
        for (int i = 0; i < Rows; i++) _y[i] = MathF.Sin(_x[Inputs * i]) + 0.5f * _x[Inputs * i + 1];
    }

    public override Unroll.Layers.Module Model => _model;

    public override int StepsPerEpoch => Rows / Batch;

    public override long SymbolsPerEpoch => Rows;

    public bool HasValidation { get; init; } = true;

    /// <summary>At which batches, counted over all epochs, an input is not a number.</summary>
    public Func<int, bool> IsBad { get; init; } = _ => false;

    public Action OnValidate { get; init; } = () => { };

    public Func<int, double>? FakeLoss { get; init; }

    public int Validations { get; private set; }

    public int Batches { get; private set; }

    public override void BeginEpoch(int epoch, RandomState random)
    {
        random.Shuffle(_order);
        _carried.AsSpan().Clear();
    }

    public override StepLoss Step(int step)
    {
        for (int i = 0; i < Batch; i++)
        {
            int row = _order[step * Batch + i];
            _x.AsSpan(row * Inputs, Inputs).CopyTo(_batchX.AsSpan(i * Inputs));
            _batchY[i] = _y[row];
            _noise[i] = 0.05f * (float)Tape.Current!.Random.NextGaussian();
        }
        if (IsBad(Batches++)) _batchX[0] = float.NaN;
        Tensor x = Tensor.From(_batchX, [Batch, Inputs]), carried = Tensor.From(_carried, [Batch, _hidden]);
        _state = (x.MatMul(_model.In.Tensor) + carried * _model.Carry.Tensor).Tanh();
        Tensor error = _state.MatMul(_model.Out.Tensor) + Tensor.From(_noise, [Batch, 1]) - Tensor.From(_batchY, [Batch, 1]);
        return new StepLoss((error * error).Mean(), Batch);
    }

    public override void AfterStep() => _state.Span.CopyTo(_carried);

    public override IReadOnlyDictionary<string, double> Validate(CancellationToken cancellation)
    {
        Validations++;
        if (!HasValidation) return new Dictionary<string, double>();
        OnValidate();
        cancellation.ThrowIfCancellationRequested();
        if (FakeLoss is not null) return new Dictionary<string, double> { ["loss"] = FakeLoss(Validations) };
        Tensor hidden = Tensor.From(_x, [Rows, Inputs]).MatMul(_model.In.Tensor).Tanh();
        Tensor error = hidden.MatMul(_model.Out.Tensor) - Tensor.From(_y, [Rows, 1]);
        return new Dictionary<string, double> { ["loss"] = (error * error).Mean().Item, ["mae"] = 1 };
    }

    public override string? Sample(RandomState random) => $"say {random.NextInt(1000)} \"quoted\"\n";

    public override void Save(CheckpointWriter writer)
    {
        writer.Add("order", _order.AsSpan());
        writer.Add("carried", _carried.AsSpan());
        writer.Add("batches", Batches);
    }

    public override void Load(CheckpointReader reader)
    {
        reader.Read("order", _order.AsSpan());
        reader.Read("carried", _carried.AsSpan());
        Batches = (int)reader.Integer("batches");
    }

    public override ModelFile ToModelFile()
    {
        var file = new ModelFile("tiny", "{}");
        file.Add(_model.Parameters);
        return file;
    }

    private sealed class TinyModel : Unroll.Layers.Module
    {
        public TinyModel(int hidden)
        {
            In = Add("in", [Inputs, hidden], ParameterKind.Weight, Initializer.Uniform(0.5f));
            Carry = Add("carry", [hidden], ParameterKind.Gain, Initializer.Uniform(0.5f));
            Out = Add("out", [hidden, 1], ParameterKind.Weight, Initializer.Uniform(0.5f));
        }

        public Parameter In { get; }

        public Parameter Carry { get; }

        public Parameter Out { get; }
    }
}
