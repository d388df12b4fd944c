using System.Text;
using Unroll.Analysis;
using Unroll.Cells;
using Unroll.Equations;
using Unroll.Files;
using Unroll.Layers;
using Unroll.Tensors;
using Unroll.Tests.Files;
using Unroll.Tests.Layers;
using Unroll.Training;

namespace Unroll.Tests.Analysis;

[Collection(Alone.Name)]
public sealed class GateReaderTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A cell as a user writes one: one of its gates is a sigmoid, one a tanh, and what has no name or another outermost operation is none.</summary>
    private static Cell Own => new WrittenCell("Own", cell =>
    {
        var (x, h) = (cell.Input, cell.State("h"));
        var z = cell.Let("z", WrittenCell.Gate(cell.Affine("z", x, h)));
        var candidate = cell.Let("ñ", WrittenCell.Squash(cell.Affine("n", x, z * h)));
        cell.Next(h, cell.Let("mix", (1 - z) * h + z * candidate));
    });

    public static TheoryData<string, string> Cells => new() { { "lstm", "i f g o" }, { "gru", "r z ĥ" }, { "elman", "" }, { "own", "z ñ" } };

    [Theory, MemberData(nameof(Cells))]
    public void The_gates_of_a_step_are_the_evaluators(string name, string gates)
    {
        var job = new GateJob(name == "own" ? Own : CellCatalogue.Find(name).Create(), new RecurrentOptions { Layers = 2, Bidirectional = true, Dropout = 0.3f, Regularization = new() { Zoneout = 0.1f, StateDropout = 0.2f } }, batch: 10, time: 70);
        int shown = 0;
        var listener = new GateListener(step =>
        {
            string[] names = gates.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(((string[])["rnn_l0", "rnn_l0_reverse", "rnn_l1", "rnn_l1_reverse"]).SelectMany(layer => names.Select(gate => (layer, gate))), step.Gates.Select(gate => (gate.Layer, gate.Name)));
            // The dropout between the layers is drawn, so of the second one only how many there are is known.
            for (int index = 0; index < 4 && names.Length > 0; index++)
                foreach (var (gate, expected) in job.Expected(index))
                {
                    float[] values = step.Gates.Single(one => one.Layer == job.LayerNames[index] && one.Name == gate).Values.ToArray();
                    Assert.Equal(GateJob.Hidden * job.Lengths.Take(GateReader.MostSequences).Sum(length => Math.Min(length, GateReader.MostSteps)), values.Length);
                    Assert.All(values, value => Assert.InRange(value, gate is "g" or "ĥ" or "ñ" ? -1 : 0, 1));
                    if (index < 2) Assert.Equal(expected, values);
                }
            shown++;
        });
        new Trainer(job, new TrainerOptions { Steps = 3, ValidateEvery = 1 }).Observe(listener).Run(Token);
        Assert.Equal(3, shown);
    }

    [Fact]
    public void Histograms_of_gates_are_in_TensorBoards_file()
    {
        using var folder = new TemporaryFolder();
        var job = new GateJob(new Lstm(), new RecurrentOptions(), batch: 4, time: 9);
        var seen = new List<GateValues>();
        new Trainer(job, new TrainerOptions { Steps = 4, ValidateEvery = 2, Folder = folder.Path, GradientAccumulation = 2 }).Observe(new GateListener(step => seen.AddRange(step.Gates))).Run(Token);
        byte[][] histograms = [.. EventRecords.Records(File.ReadAllBytes(Assert.Single(Directory.GetFiles(folder.Path, EventFile.NamePrefix + "*")))).Skip(1)
            .Select(record => EventRecords.Field(EventRecords.Field(record, 5), 1)).Where(value => Encoding.UTF8.GetString(EventRecords.Field(value, 1)).StartsWith("gates/", StringComparison.Ordinal))];
        Assert.Equal(["i", "f", "g", "o", "i", "f", "g", "o"], seen.Select(gate => gate.Name));
        Assert.Equal(seen.Select(gate => $"gates/rnn_l0/{gate.Name}"), histograms.Select(value => Encoding.UTF8.GetString(EventRecords.Field(value, 1))));
        foreach (var (value, gate) in histograms.Zip(seen))
        {
            // min, max, num, sum.
            double[] figures = [.. Enumerable.Range(1, 4).Select(number => BitConverter.ToDouble(EventRecords.Field(EventRecords.Field(value, 5), number)))];
            float[] values = gate.Values.ToArray();
            Assert.Equal([values.Min(), values.Max(), GateJob.Hidden * job.Lengths.Sum(), values.Sum(number => (double)number)], figures);
            Assert.True(gate.Name == "g" || figures[0] > 0 && figures[1] < 1);
        }
    }

    [Fact]
    public void A_layer_that_reads_from_the_end_has_the_gates_of_one_that_reads_the_sequence_turned_around()
    {
        const int batch = 2, time = 5, features = 3;
        var random = new RandomState(3);
        float[] x = [.. Enumerable.Range(0, batch * time * features).Select(_ => random.NextSingle())];
        float[] turned = [.. x.Chunk(time * features).SelectMany(sequence => sequence.Chunk(features).Reverse().SelectMany(step => step))];
        GateValues[] backward = Gates(reversed: true, x), forward = Gates(reversed: false, turned);
        Assert.Equal(["i", "f", "g", "o"], backward.Select(gate => gate.Name));
        foreach ((GateValues one, GateValues other) in backward.Zip(forward)) Assert.Equal(other.Values.ToArray(), one.Values.ToArray());

        static GateValues[] Gates(bool reversed, float[] numbers)
        {
            var layer = new Recurrent(new Lstm(), features, 4, new RecurrentOptions { Reversed = reversed });
            layer.Initialize(new RandomState(1));
            var tape = new Tape();
            tape.Begin();
            tape.Backward(layer.Forward(Tensor.From(numbers, [batch, time, features])).Output.Sum());
            GateValues[] gates = [.. GateReader.Read(tape)];
            tape.End();
            return gates;
        }
    }

    [Fact]
    public void The_work_is_bounded()
    {
        // 3·2²⁰ multiply-adds a step.
        var job = new GateJob(new Lstm(), new RecurrentOptions(), batch: 9, time: 20, hidden: 512, features: 1024);
        int shown = 0;
        new Trainer(job, new TrainerOptions { Steps = 1 }).Observe(new GateListener(step => shown = step.Gates[0].Values.Length)).Run(Token);
        Assert.Equal(512 * 5, shown);
    }

    [Fact]
    public void Steps_without_a_validation_allocate_nothing_still()
    {
        long before = 0, after = 0;
        var options = new TrainerOptions { Steps = 130, ValidateEvery = 1000, ReportEvery = 1000 };
        var meter = new GateListener(_ => { })
        {
            Stepped = step =>
            {
                if (step == 20) before = GC.GetAllocatedBytesForCurrentThread();
                if (step == 120) after = GC.GetAllocatedBytesForCurrentThread();
            },
        };
        Assert.Equal(0, Allocation.Least(() =>
        {
            new Trainer(new GateJob(new Gru(), new RecurrentOptions { Layers = 2 }, batch: 3, time: 5), options).Observe(meter).Run(Token);
            return after - before;
        }));
    }

    [Fact]
    public void Gates_of_a_cell_have_names_of_their_own()
    {
        foreach (CellVariant cell in CellCatalogue.All)
        {
            var job = new GateJob(cell.Create(), new RecurrentOptions(), batch: 2, time: 3);
            new Trainer(job, new TrainerOptions { Steps = 1 }).Observe(new GateListener(step => Assert.Distinct(step.Gates.Select(gate => gate.Name)))).Run(Token);
        }
    }

    private sealed class GateListener(Action<GatesShown> shown) : IRunObserver
    {
        public Action<long> Stepped { get; init; } = _ => { };

        public void OnGates(in GatesShown gates) => shown(gates);

        public void OnStep(in StepDone step) => Stepped(step.Step);
    }

    /// <summary>Ragged sequences of noise, from a carried state that is no longer zero.</summary>
    private sealed class GateJob : TrainingJob
    {
        public const int Hidden = 6;

        private readonly GateModel _model;
        private readonly float[] _x;
        private readonly int _batch, _time, _features;
        private readonly RecurrentState _carried;
        private RecurrentState _next;

        public GateJob(Cell cell, RecurrentOptions options, int batch, int time, int hidden = Hidden, int features = 3)
        {
            (_model, _batch, _time, _features) = (new GateModel(cell, options, features, hidden), batch, time, features);
            _x = new float[batch * time * features];
            var random = new RandomState(7);
            foreach (ref float x in _x.AsSpan()) x = (float)random.NextGaussian();
            Lengths = [.. Enumerable.Range(0, batch).Select(row => row == 1 ? 0 : time - row * time / (3 * batch))];
            _carried = _model.Rnn.NewState(batch);
            for (int i = 0; i < _carried.Count; i++)
                foreach (ref float value in _carried.Values(i)) value = 0.3f * (float)random.NextGaussian();
        }

        public int[] Lengths { get; }

        public string[] LayerNames { get; } = ["rnn_l0", "rnn_l0_reverse", "rnn_l1", "rnn_l1_reverse"];

        public override Module Model => _model;

        public override int StepsPerEpoch => 100;

        public override void BeginEpoch(int epoch, RandomState random)
        {
        }

        public override StepLoss Step(int step)
        {
            for (int i = 0; i < _carried.Count; i++) _carried.Values(i).CopyTo(_model.Before[i]);
            (Tensor output, _next) = _model.Rnn.Forward(Tensor.From(_x, [_batch, _time, _features]), _carried, Lengths);
            return new StepLoss(output.Square().Mean(), _batch);
        }

        public override void AfterStep() => _next.CopyTo(_carried);

        /// <summary>The gates of a direction as the equations say, from the state of the step before.</summary>
        public IEnumerable<(string Gate, float[] Values)> Expected(int index)
        {
            Recurrent rnn = _model.Rnn;
            CellExecutor executor = rnn.Executor(index);
            CellEquations cell = rnn.Cell.Build(executor.InputSize, executor.HiddenSize, rnn.Options.Regularization.ToStates(isDrawn: false));
            var evaluator = new CellEvaluator(cell);
            for (int p = 0; p < evaluator.Parameters.Length; p++) evaluator.Parameters[p] = [.. executor.Parameters[p].Values.ToArray().Select(value => (double)value)];
            var gates = cell.Named.Where(equation => equation.Name != "mix").Select(equation => (equation.Name, equation.Value, Values: new List<float>())).ToArray();
            for (int row = 0; row < Math.Min(_batch, GateReader.MostSequences); row++)
            {
                int length = Math.Min(Lengths[row], GateReader.MostSteps);
                double[][] x = [.. Enumerable.Range(0, length).Select(t => (row * _time + (index % 2 == 1 ? Lengths[row] - 1 - t : t)) * _features)
                    .Select(at => index > 1 ? new double[executor.InputSize] : _x[at..(at + _features)].Select(value => (double)value).ToArray())];
                double[][] initial = [.. cell.States.Select((state, s) => _model.Before[index * cell.States.Count + s].AsSpan(row * state.Previous.Size, state.Previous.Size).ToArray().Select(value => (double)value).ToArray())];
                evaluator.Forward(x, 1, initial, [length]);
                foreach (var gate in gates)
                    for (int t = 0; t < length; t++) gate.Values.AddRange(evaluator.ValueOf(gate.Value, t).Select(value => (float)value));
            }
            return gates.Select(gate => (gate.Name, gate.Values.ToArray()));
        }

        public override IReadOnlyDictionary<string, double> Validate(CancellationToken cancellation) => new Dictionary<string, double>();

        public override void Save(CheckpointWriter writer)
        {
        }

        public override void Load(CheckpointReader reader)
        {
        }

        public override ModelFile ToModelFile()
        {
            var file = new ModelFile("gates", "{}");
            file.Add(_model.Parameters);
            return file;
        }
    }

    private sealed class GateModel : Module
    {
        public GateModel(Cell cell, RecurrentOptions options, int features, int hidden)
        {
            Rnn = Add("rnn", new Recurrent(cell, features, hidden, options));
            RecurrentState state = Rnn.NewState(1);
            Before = [.. Enumerable.Range(0, state.Count).Select(i => new float[64 * state.Values(i).Length])];
        }

        public Recurrent Rnn { get; }

        /// <summary>The states before the step at hand.</summary>
        public float[][] Before { get; }
    }
}
