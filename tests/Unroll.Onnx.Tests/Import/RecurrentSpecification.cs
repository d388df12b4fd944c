namespace Unroll.Onnx.Tests.Import;

/// <summary>ONNX's recurrent operators in double precision, number by number, as the specification writes them: the slow and obvious loop that the layers are compared with.</summary>
internal static class RecurrentSpecification
{
    /// <summary>The numbers that a derivative may be asked of.</summary>
    public sealed record Numbers(double[] X, double[] W, double[] R, double[]? B, double[]? P, double[]? H, double[]? C)
    {
        public static Numbers Of(RecurrentCase of) => new(Wide(of.X)!, Wide(of.W)!, Wide(of.R)!, Wide(of.B), Wide(of.P), Wide(of.InitialH), Wide(of.InitialC));

        private static double[]? Wide(float[]? values) => values is null ? null : Array.ConvertAll(values, value => (double)value);
    }

    /// <summary>Y, Y_h and, of an LSTM, Y_c.</summary>
    public static double[][] Run(RecurrentCase of, Numbers numbers)
    {
        int directions = of.Directions, hidden = of.Hidden;
        var outputs = of.OutputNames.Select((_, i) => new double[(i == 0 ? of.Time : 1) * directions * of.Batch * hidden]).ToArray();
        Func<double, double>[] functions = FunctionsOf(of);
        for (int d = 0; d < directions; d++)
            for (int row = 0; row < of.Batch; row++)
            {
                int steps = of.Lengths?[row] ?? of.Time, state = of.BatchFirst ? row * directions + d : d * of.Batch + row;
                double[] h = numbers.H?[(state * hidden)..((state + 1) * hidden)] ?? new double[hidden], c = numbers.C?[(state * hidden)..((state + 1) * hidden)] ?? new double[hidden];
                for (int step = 0; step < steps; step++)
                {
                    int t = d == 1 || of.Direction == "reverse" ? steps - 1 - step : step;
                    int at = of.BatchFirst ? row * of.Time + t : t * of.Batch + row;
                    (h, c) = Step(of, numbers, functions[(d * of.Functions)..], d, numbers.X[(at * of.Features)..((at + 1) * of.Features)], h, c);
                    h.CopyTo(outputs[0], (of.BatchFirst ? at * directions + d : (t * directions + d) * of.Batch + row) * hidden);
                }
                h.CopyTo(outputs[1], state * hidden);
                if (of.Operator == "LSTM") c.CopyTo(outputs[2], state * hidden);
            }
        return outputs;
    }

    private static (double[] H, double[] C) Step(RecurrentCase of, Numbers numbers, Func<double, double>[] functions, int direction, double[] x, double[] h, double[] c)
    {
        int hidden = of.Hidden, gates = of.Gates;
        // X·Wᵀ, H·Rᵀ and their biases, by the gate's place in ONNX's order.
        double OfInput(int gate, int unit)
        {
            int row = (direction * gates + gate) * hidden + unit;
            double sum = numbers.B?[(2 * direction * gates + gate) * hidden + unit] ?? 0;
            for (int k = 0; k < x.Length; k++) sum += x[k] * numbers.W[row * x.Length + k];
            return sum;
        }
        double OfState(int gate, int unit, double[] state)
        {
            int row = (direction * gates + gate) * hidden + unit;
            double sum = numbers.B?[((2 * direction + 1) * gates + gate) * hidden + unit] ?? 0;
            for (int k = 0; k < hidden; k++) sum += state[k] * numbers.R[row * hidden + k];
            return sum;
        }
        double Peep(int gate, int unit, double[] cell) => numbers.P is null ? 0 : numbers.P[(direction * 3 + gate) * hidden + unit] * cell[unit];
        double Clipped(double value) => of.Clip is { } clip ? Math.Clamp(value, -(double)clip, clip) : value;
        double[] Each(Func<int, double> unit) => [.. Enumerable.Range(0, hidden).Select(unit)];
        double F(double value) => functions[0](Clipped(value));
        double G(double value) => functions[1](Clipped(value));
        // "Clipping is applied to the input of activations": of f and g, as those who implement it understand it; what h reads is a state.
        double Hf(double value) => functions[2](value);

        if (of.Operator == "RNN") return (Each(u => F(OfInput(0, u) + OfState(0, u, h))), c);
        if (of.Operator == "GRU")
        {
            double[] z = Each(u => F(OfInput(0, u) + OfState(0, u, h))), r = Each(u => F(OfInput(1, u) + OfState(1, u, h)));
            double[] reset = Each(u => r[u] * h[u]);
            double[] candidate = Each(u => G(OfInput(2, u) + (of.LinearBeforeReset ? r[u] * OfState(2, u, h) : OfState(2, u, reset))));
            return (Each(u => (1 - z[u]) * candidate[u] + z[u] * h[u]), c);
        }
        double[] i = Each(u => F(OfInput(0, u) + OfState(0, u, h) + Peep(0, u, c)));
        double[] f = of.InputForget ? Each(u => 1 - i[u]) : Each(u => F(OfInput(2, u) + OfState(2, u, h) + Peep(2, u, c)));
        double[] next = Each(u => f[u] * c[u] + i[u] * G(OfInput(3, u) + OfState(3, u, h)));
        double[] o = Each(u => F(OfInput(1, u) + OfState(1, u, h) + Peep(1, u, next)));
        return (Each(u => o[u] * Hf(next[u])), next);
    }

    /// <summary>All directions' functions; α and β are used up in order by those that have them.</summary>
    private static Func<double, double>[] FunctionsOf(RecurrentCase of)
    {
        string[] standard = of.Operator switch { "LSTM" => ["Sigmoid", "Tanh", "Tanh"], "GRU" => ["Sigmoid", "Tanh"], _ => ["Tanh"] };
        string[] names = of.Activations ?? [.. Enumerable.Repeat(standard, of.Directions).SelectMany(all => all)];
        var (alphas, betas) = (new Queue<float>(of.Alphas ?? []), new Queue<float>(of.Betas ?? []));
        double Alpha(double otherwise) => alphas.TryDequeue(out float value) ? value : otherwise;
        double Beta(double otherwise) => betas.TryDequeue(out float value) ? value : otherwise;
        return Array.ConvertAll<string, Func<double, double>>(names, name =>
        {
            double a, b;
            switch (name.ToUpperInvariant())
            {
                case "RELU": return x => Math.Max(0, x);
                case "TANH": return Math.Tanh;
                case "SIGMOID": return x => 1 / (1 + Math.Exp(-x));
                case "AFFINE": (a, b) = (Alpha(1), Beta(0)); return x => a * x + b;
                case "LEAKYRELU": a = Alpha(0.01f); return x => x >= 0 ? x : a * x;
                case "THRESHOLDEDRELU": a = Alpha(1); return x => x >= a ? x : 0;
                case "SCALEDTANH": (a, b) = (Alpha(1), Beta(1)); return x => a * Math.Tanh(b * x);
                case "HARDSIGMOID": (a, b) = (Alpha(0.2f), Beta(0.5f)); return x => Math.Min(Math.Max(a * x + b, 0), 1);
                case "ELU": a = Alpha(1); return x => x >= 0 ? x : a * (Math.Exp(x) - 1);
                case "SOFTSIGN": return x => x / (1 + Math.Abs(x));
                case "SOFTPLUS": return x => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)));
                default: throw new ArgumentException(name);
            }
        });
    }
}
