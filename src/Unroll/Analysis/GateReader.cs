using System.Numerics.Tensors;
using Unroll.Equations;
using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Analysis;

/// <summary>What a gate of a recurrent layer was at the steps of some sequences.</summary>
/// <param name="Layer">The layer and its direction, as in the names of its parameters: <c>rnn_l0</c>, <c>encoder.rnn_l1_reverse</c>.</param>
/// <param name="Name">The gate's letter in the equations.</param>
/// <param name="Values">[steps of all sequences, units].</param>
public sealed record GateValues(string Layer, string Name, ReadOnlyMemory<float> Values);

/// <summary>Reads the gates of a training step's recurrent layers: the named equations of a cell whose outermost operation is a sigmoid or a hyperbolic tangent, such as i, f, g and o of an LSTM. The
/// first steps of a few sequences of the batch are run again in double precision, on what the layer read and from the state it began with; noise within the steps does not act.</summary>
internal static class GateReader
{
    /// <summary>The most sequences and steps of a layer that are run again.</summary>
    public const int MostSequences = 8, MostSteps = 64;

    /// <summary>The most multiply-adds of that: less than a tenth of a second for a layer. Wide layers have fewer sequences run, and then fewer steps.</summary>
    private const long MostMultiplyAdds = 1 << 24;

    /// <summary>The gates of all layers that a step ran, in the order it ran them.</summary>
    /// <param name="tape">Whose step has had its backward pass and still has its memory.</param>
    public static IReadOnlyList<GateValues> Read(Tape tape)
    {
        var layers = new OrderedDictionary<CellExecutor, Layer>();
        foreach (OperationCall call in tape.Calls)
        {
            if (call.Operation is not RecurrentOperation || !call.NeedsGradient) continue;
            for (int direction = 0; direction < RecurrentReading.Directions(call); direction++)
            {
                var reading = new RecurrentReading(call, direction);
                if (!layers.TryGetValue(reading.Executor, out Layer? layer)) layers.Add(reading.Executor, layer = new Layer(reading.Executor));
                layer.Add(reading);
            }
        }
        return [.. layers.Values.SelectMany(layer => layer.Gates)];
    }

    /// <summary>One layer in one direction. A step may run it several times.</summary>
    private sealed class Layer
    {
        private readonly CellEvaluator _evaluator;
        private readonly (string Name, Expression Value, List<float> Values)[] _gates;
        private readonly string _name;
        private readonly int _mostSequences;
        private int _stepsLeft;

        public Layer(CellExecutor executor)
        {
            _evaluator = executor.NewEvaluator();
            _name = executor.LayerName;
            _gates = [.. _evaluator.Cell.Named.Where(equation => equation.Value.Operation == ElementwiseOperation.Sigmoid || equation.Value.Operation == ElementwiseOperation.Tanh)
                .Select(equation => (equation.Name, equation.Value, new List<float>()))];
            long rows = MostMultiplyAdds / Math.Max(1, executor.Equations.MultiplyAdds);
            _mostSequences = (int)Math.Clamp(rows / MostSteps, 1, MostSequences);
            _stepsLeft = _gates.Length == 0 ? 0 : (int)Math.Clamp(rows / _mostSequences, 1, MostSteps);
        }

        public IEnumerable<GateValues> Gates => _gates.Select(gate => new GateValues(_name, gate.Name, gate.Values.ToArray()));

        public void Add(RecurrentReading reading)
        {
            int batch = Math.Min(reading.Batch, _mostSequences), time = Math.Min(reading.Time, _stepsLeft), features = reading.Features;
            if (batch == 0 || time == 0) return;
            _stepsLeft -= time;
            int[] lengths = [.. Enumerable.Range(0, batch).Select(row => Math.Min(time, reading.LengthOf(row)))];
            double[][] x = [.. Enumerable.Range(0, time).Select(_ => new double[batch * features])];
            for (int row = 0; row < batch; row++)
                for (int t = 0; t < lengths[row]; t++) TensorPrimitives.ConvertTruncating<float, double>(reading.InputAt(row, t), x[t].AsSpan(row * features, features));
            var initial = new double[_evaluator.Cell.States.Count][];
            for (int s = 0; s < initial.Length; s++)
            {
                initial[s] = new double[batch * _evaluator.Cell.States[s].Previous.Size];
                if (reading.Initial(s) is { IsEmpty: false } given) TensorPrimitives.ConvertTruncating<float, double>(given[..initial[s].Length], initial[s]);
            }
            _evaluator.Forward(x, batch, initial, lengths);
            foreach (var (_, value, values) in _gates)
                for (int row = 0; row < batch; row++)
                    for (int t = 0; t < lengths[row]; t++)
                        foreach (double number in _evaluator.ValueOf(value, t, row)) values.Add((float)number);
        }
    }
}
