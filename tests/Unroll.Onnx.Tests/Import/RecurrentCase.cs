using Unroll.Onnx.Import;
using Unroll.Tensors;
using static Unroll.Onnx.Messages.TensorProto.Types;

namespace Unroll.Onnx.Tests.Import;

/// <summary>An RNN, GRU or LSTM node with everything it is given.</summary>
internal sealed record RecurrentCase(string Operator, int Time, int Batch, int Features, int Hidden)
{
    public string Name { get; init; } = "";
    public string? Direction { get; init; }
    public string[]? Activations { get; init; }
    public float[]? Alphas { get; init; }
    public float[]? Betas { get; init; }
    public float? Clip { get; init; }
    public bool LinearBeforeReset { get; init; }
    public bool InputForget { get; init; }
    public bool BatchFirst { get; init; }
    public int[]? Lengths { get; init; }
    public float[] X { get; init; } = [];
    public float[] W { get; init; } = [];
    public float[] R { get; init; } = [];
    public float[]? B { get; init; }
    public float[]? P { get; init; }
    public float[]? InitialH { get; init; }
    public float[]? InitialC { get; init; }

    public int Directions => Direction == "bidirectional" ? 2 : 1;
    public int Gates => Operator switch { "LSTM" => 4, "GRU" => 3, _ => 1 };
    public int Functions => Operator switch { "LSTM" => 3, "GRU" => 2, _ => 1 };
    public string[] OutputNames => Operator == "LSTM" ? ["Y", "Y_h", "Y_c"] : ["Y", "Y_h"];

    private static readonly string[] TakeAlpha = ["Affine", "LeakyRelu", "ThresholdedRelu", "ScaledTanh", "HardSigmoid", "Elu"];
    private static readonly string[] TakeBeta = ["Affine", "ScaledTanh", "HardSigmoid"];

    /// <summary>Whether an activation has a constant of its own, as none is given for it.</summary>
    public bool LacksConstants => Activations is not null && (Taking(Activations, TakeAlpha) > (Alphas?.Length ?? 0) || Taking(Activations, TakeBeta) > (Betas?.Length ?? 0));

    private static int Taking(string[] activations, string[] takers) => activations.Count(name => takers.Contains(name, StringComparer.OrdinalIgnoreCase));

    public Shape XShape => BatchFirst ? [Batch, Time, Features] : [Time, Batch, Features];
    public Shape StateShape => BatchFirst ? [Batch, Directions, Hidden] : [Directions, Batch, Hidden];

    /// <summary>The graph of the node alone: X, sequence_lens and initial states come from outside.</summary>
    public ModelBuilder Build()
    {
        var model = new ModelBuilder(opset: 14);
        long h = Hidden, d = Directions;
        string Optional(bool given, Func<string> name) => given ? name() : "";
        List<string> inputs =
        [
            model.Input("X", DataType.Float, [.. XShape.ToArray().Cast<object>()]),
            model.Floats("W", W, d, Gates * h, Features),
            model.Floats("R", R, d, Gates * h, h),
            Optional(B is not null, () => model.Floats("B", B!, d, 2 * Gates * h)),
            Optional(Lengths is not null, () => model.Input("sequence_lens", DataType.Int32, Batch)),
            Optional(InitialH is not null, () => model.Input("initial_h", DataType.Float, [.. StateShape.ToArray().Cast<object>()])),
        ];
        if (Operator == "LSTM")
        {
            inputs.Add(Optional(InitialC is not null, () => model.Input("initial_c", DataType.Float, [.. StateShape.ToArray().Cast<object>()])));
            inputs.Add(Optional(P is not null, () => model.Floats("P", P!, d, 3 * h)));
        }
        while (inputs[^1].Length == 0) inputs.RemoveAt(inputs.Count - 1);
        var attributes = new List<(string, object)> { ("hidden_size", Hidden) };
        if (Direction is not null) attributes.Add(("direction", Direction));
        if (Activations is not null) attributes.Add(("activations", Activations));
        if (Alphas is not null) attributes.Add(("activation_alpha", Alphas));
        if (Betas is not null) attributes.Add(("activation_beta", Betas));
        if (Clip is { } clip) attributes.Add(("clip", clip));
        if (LinearBeforeReset) attributes.Add(("linear_before_reset", 1));
        if (InputForget) attributes.Add(("input_forget", 1));
        if (BatchFirst) attributes.Add(("layout", 1));
        string[] outputs = model.Node(Operator, [.. inputs], OutputNames.Length, [.. attributes]);
        for (int i = 0; i < outputs.Length; i++)
        {
            model.Model.Graph.Node[0].Output[i] = OutputNames[i];
            model.Output(OutputNames[i]);
        }
        return model;
    }

    /// <summary>What comes from outside.</summary>
    public IEnumerable<(string Name, OnnxValue Value)> Inputs()
    {
        yield return ("X", Tensor.From(X, XShape));
        if (Lengths is not null) yield return ("sequence_lens", OnnxValue.Of(Lengths, [Batch]));
        if (InitialH is not null) yield return ("initial_h", Tensor.From(InitialH, StateShape));
        if (InitialC is not null) yield return ("initial_c", Tensor.From(InitialC, StateShape));
    }

    /// <summary>A case over all attributes. Every activation comes up in every place.</summary>
    public static RecurrentCase Draw(int number)
    {
        var random = new RandomState((ulong)number);
        string type = ((string[])["RNN", "GRU", "LSTM"])[number % 3];
        bool Half() => random.NextInt(2) == 0;
        int hidden = 1 + random.NextInt(6);
        var empty = new RecurrentCase(type, 1 + random.NextInt(6), 1 + random.NextInt(4), 1 + random.NextInt(5), hidden)
        {
            Name = $"case {number}",
            Direction = ((string?[])[null, "forward", "reverse", "bidirectional"])[random.NextInt(4)],
        };
        string[] names = [.. Activation.Names];
        string[]? activations = number % 4 == 0 ? null
            : [.. Enumerable.Range(0, empty.Functions * empty.Directions).Select(place => names[(number / 3 * (place + 1) + place) % names.Length]).Select(name => random.NextInt(6) == 0 ? name.ToLowerInvariant() : name)];
        float[] Numbers(int count, float width) => [.. Enumerable.Range(0, count).Select(_ => (2 * random.NextSingle() - 1) * width)];
        // None, or one short, in a case out of four: then the activations' own hold.
        float[]? Constants(string[] takers) => activations is null || random.NextInt(4) == 0 ? null
            : [.. Numbers(Taking(activations, takers) is var count && count > 0 && random.NextInt(4) == 0 ? count - 1 : count, 0.5f).Select(value => value + 0.6f)];
        int gates = empty.Gates * hidden, d = empty.Directions;
        return empty with
        {
            Activations = activations,
            Alphas = Constants(TakeAlpha),
            Betas = Constants(TakeBeta),
            Clip = random.NextInt(3) == 0 ? 0.3f + random.NextSingle() : null,
            LinearBeforeReset = type == "GRU" && Half(),
            InputForget = type == "LSTM" && random.NextInt(3) == 0,
            BatchFirst = random.NextInt(6) == 0,
            Lengths = Half() ? [.. Enumerable.Range(0, empty.Batch).Select(_ => random.NextInt(empty.Time + 1))] : null,
            X = Numbers(empty.Time * empty.Batch * empty.Features, 1),
            W = Numbers(d * gates * empty.Features, 0.8f),
            R = Numbers(d * gates * hidden, 0.8f / MathF.Sqrt(hidden)),
            B = Half() ? Numbers(d * 2 * gates, 0.4f) : null,
            P = type == "LSTM" && Half() ? Numbers(d * 3 * hidden, 0.5f) : null,
            InitialH = Half() ? Numbers(d * empty.Batch * hidden, 1) : null,
            InitialC = type == "LSTM" && Half() ? Numbers(d * empty.Batch * hidden, 1) : null,
        };
    }

    /// <summary>The node tests of the ONNX project by their names: its weights are all one constant (0.1, 0.2 or 2 / (10 hidden) by operator), its X counts from 1.</summary>
    public static RecurrentCase[] Named()
    {
        static RecurrentCase Of(string name, string type, int[] xShape, int hidden, float weight, float? bias = null, float? otherBias = null, bool batchFirst = false)
        {
            RecurrentCase empty = new(type, batchFirst ? xShape[1] : xShape[0], batchFirst ? xShape[0] : xShape[1], xShape[2], hidden) { Name = name, BatchFirst = batchFirst };
            int gates = empty.Gates * hidden;
            return empty with
            {
                X = [.. Enumerable.Range(1, xShape[0] * xShape[1] * xShape[2]).Select(i => (float)i)],
                W = [.. Enumerable.Repeat(weight, gates * xShape[2])],
                R = [.. Enumerable.Repeat(weight, gates * hidden)],
                B = bias is { } b ? [.. Enumerable.Repeat(b, gates), .. Enumerable.Repeat(otherBias ?? 0, gates)] : null,
            };
        }

        RecurrentCase Drawn(string name, string type, int[] xShape, int hidden)
        {
            var random = new RandomState(0);
            RecurrentCase of = Of(name, type, xShape, hidden, 0, 0);
            float[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => 2 * random.NextSingle() - 1)];
            return of with { W = Numbers(of.W.Length), R = Numbers(of.R.Length), B = Numbers(of.B!.Length) };
        }

        RecurrentCase peephole = Of("test_lstm_with_peepholes", "LSTM", [1, 2, 4], 3, 0.1f, 0);
        return
        [
            Of("test_simple_rnn_defaults", "RNN", [1, 3, 2], 4, 0.1f),
            Of("test_simple_rnn_with_initial_bias", "RNN", [1, 3, 3], 5, 0.1f, 0.1f),
            Drawn("test_rnn_seq_length", "RNN", [2, 3, 3], 5),
            Of("test_simple_rnn_batchwise", "RNN", [3, 1, 2], 4, 0.5f, batchFirst: true),
            Of("test_gru_defaults", "GRU", [1, 3, 2], 5, 0.1f),
            Of("test_gru_with_initial_bias", "GRU", [1, 3, 3], 3, 0.1f, 0.1f),
            Drawn("test_gru_seq_length", "GRU", [2, 3, 3], 5),
            Of("test_gru_batchwise", "GRU", [3, 1, 2], 6, 0.2f, batchFirst: true),
            Of("test_lstm_defaults", "LSTM", [1, 3, 2], 3, 0.1f),
            Of("test_lstm_with_initial_bias", "LSTM", [1, 3, 3], 4, 0.1f, 0.1f),
            peephole with { P = [.. Enumerable.Repeat(0.1f, 9)], Lengths = [1, 1], InitialH = new float[6], InitialC = new float[6] },
            Of("test_lstm_batchwise", "LSTM", [3, 1, 2], 7, 0.3f, batchFirst: true),
        ];
    }

    public override string ToString() =>
        $"{Name}: {Operator} {Direction ?? "(no direction)"} [{Time}, {Batch}, {Features}] → {Hidden}, activations {(Activations is null ? "default" : string.Join(' ', Activations))} α {string.Join(' ', Alphas ?? [])} β {string.Join(' ', Betas ?? [])}"
        + $" clip {Clip} before {LinearBeforeReset} coupled {InputForget} batch first {BatchFirst} lengths {string.Join(' ', Lengths ?? [])} B {B is not null} P {P is not null} h {InitialH is not null} c {InitialC is not null}";
}
