using Unroll.Equations;
using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Tests.Layers;

/// <summary>A recurrent network layer by layer through the double-precision evaluator, with all that may stand around its cells.</summary>
/// <param name="rnn">The network.</param>
/// <param name="batch">Sequences.</param>
/// <param name="time">Positions of each.</param>
/// <param name="lengths">Steps of each.</param>
/// <param name="seed">Of the tape's random numbers, if it trains.</param>
internal sealed class RecurrentReference(Recurrent rnn, int batch, int time, int[] lengths, ulong? seed = null)
{
    private readonly Dictionary<CellExecutor, CellEvaluator> evaluators = [];
    private RandomState? random;

    public Dictionary<Parameter, double[]> Values { get; } = rnn.Parameters.ToDictionary(p => p, p => p.Values.ToArray().Select(v => (double)v).ToArray());

    private static RecurrentRegularization Noise(Recurrent rnn) => rnn.Options.Regularization;

    public (double[] Output, List<double[]> Final) Run(double[] x, double[][] initial)
    {
        random = seed is { } number ? new RandomState(number) : null;
        int features = rnn.InputSize;
        var final = new List<double[]>();
        x = Dropped(x, Noise(rnn).InputDropout, features, overTime: true);
        for (int layer = 0; layer < rnn.Options.Layers; layer++)
        {
            double[] below = x;
            if (layer > 0) x = Dropped(x, rnn.Options.Dropout, features, Noise(rnn).Variational);
            double[][][] weights = [.. Enumerable.Range(layer * rnn.Directions, rnn.Directions).Select(Weights)];
            ulong key = random is not null && Noise(rnn).IsWithinSteps ? random.NextUInt64() : 0;
            var outputs = new List<(double[] Y, int Size)>();
            foreach (int direction in Enumerable.Range(0, rnn.Directions))
            {
                CellExecutor executor = rnn.Executor(layer * rnn.Directions + direction);
                if (!evaluators.TryGetValue(executor, out var evaluator)) evaluators[executor] = evaluator = new CellEvaluator(rnn.Cell.Build(features, executor.HiddenSize, Noise(rnn).ToStates(isDrawn: random is not null)));
                evaluator.Mask = (mask, sequence, step) => Mask(evaluator, mask, DropoutMask.KeyOf(key, direction), sequence, step);
                for (int p = 0; p < evaluator.Parameters.Length; p++) evaluator.Parameters[p] = weights[direction][p];
                int Position(int b, int t) => direction == 1 ? lengths[b] - 1 - t : t;
                double[][] steps = [.. Enumerable.Range(0, time).Select(t => new double[batch * features])];
                for (int b = 0; b < batch; b++)
                    for (int t = 0; t < lengths[b]; t++) Array.Copy(x, (b * time + Position(b, t)) * features, steps[t], b * features, features);
                var (y, f) = evaluator.Forward(steps, batch, initial[((layer * rnn.Directions + direction) * rnn.States)..((layer * rnn.Directions + direction + 1) * rnn.States)], lengths);
                final.AddRange(f);
                int size = executor.Equations.OutputValue!.Size;
                var sequence = new double[batch * time * size];
                for (int b = 0; b < batch; b++)
                    for (int t = 0; t < lengths[b]; t++) Array.Copy(y[t], b * size, sequence, (b * time + Position(b, t)) * size, size);
                outputs.Add((sequence, size));
            }
            features = outputs.Sum(o => o.Size);
            x = new double[batch * time * features];
            for (int i = 0; i < batch * time; i++)
                for (int d = 0, at = i * features; d < outputs.Count; at += outputs[d++].Size) Array.Copy(outputs[d].Y, i * outputs[d].Size, x, at, outputs[d].Size);
            Join(layer, below, x, features);
        }
        return (Dropped(x, Noise(rnn).OutputDropout, features, overTime: true), final);
    }

    private double[] Dropped(double[] x, float probability, int features, bool overTime)
    {
        if (probability == 0 || random is null) return x;
        var mask = new DropoutMask(random.NextUInt64(), probability);
        return [.. x.Select((v, i) => mask.Keeps(overTime ? i / features / time * features + i % features : i) ? v / (1 - probability) : 0)];
    }

    private double[][] Weights(int index) => [.. rnn.Executor(index).Parameters.Select((p, i) =>
        rnn.Executor(index).IsRecurrent[i] ? Dropped(Values[p], Noise(rnn).WeightDrop, 1, overTime: false) : Values[p])];

    private double[] Mask(CellEvaluator evaluator, StepMask mask, ulong key, int sequence, int step)
    {
        var values = new float[mask.Value.Size];
        StateMasks.Fill(mask, DropoutMask.KeyOf(key, evaluator.Cell.Masks.IndexOf(mask)), batch, sequence, step, 0, values);
        return [.. values.Select(v => (double)v)];
    }

    private double[] ValueOf(string name) => Values[rnn.Parameters.Single(p => p.Name == name)];

    private void Join(int layer, double[] x, double[] y, int features)
    {
        for (int b = 0; b < batch; b++)
            for (int t = 0; t < lengths[b]; t++)
            {
                Span<double> from = x.AsSpan((b * time + t) * (x.Length / batch / time), x.Length / batch / time), to = y.AsSpan((b * time + t) * features, features);
                if (rnn.Options.LayerNorm)
                {
                    double[] gain = ValueOf($"join_l{layer}.norm.weight"), bias = ValueOf($"join_l{layer}.norm.bias");
                    double mean = to.ToArray().Average(), variance = to.ToArray().Average(v => (v - mean) * (v - mean));
                    for (int f = 0; f < features; f++) to[f] = (to[f] - mean) / Math.Sqrt(variance + 1e-5) * gain[f] + bias[f];
                }
                for (int f = 0; layer > 0 && f < features; f++)
                {
                    if (rnn.Options.Connection == LayerConnection.Residual) to[f] += from[f];
                    if (rnn.Options.Connection != LayerConnection.Highway) continue;
                    double sum = ValueOf($"join_l{layer}.gate_bias")[f];
                    for (int k = 0; k < features; k++) sum += ValueOf($"join_l{layer}.gate_weight")[f * features + k] * from[k];
                    double gate = 1 / (1 + Math.Exp(-sum));
                    to[f] = gate * to[f] + (1 - gate) * from[f];
                }
            }
    }
}
