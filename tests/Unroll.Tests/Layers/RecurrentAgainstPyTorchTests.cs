using System.Text.Json;
using Unroll.Cells;
using Unroll.Exchange;
using Unroll.Files;
using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Tests;

/// <summary>RNN, LSTM, GRU and the LSTM's variants with PyTorch's weights give PyTorch's outputs, final states and gradients. The figures stand in
/// tests/goldens/recurrent, beside the script that made them.</summary>
public sealed class RecurrentAgainstPyTorchTests
{
    private const double Tolerance = 1e-5;

    public static TheoryData<string> Cases =>
        [.. Directory.EnumerateFiles(Goldens, "*.json").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Outputs_states_and_all_gradients_are_those_of_PyTorch(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Goldens, name + ".json")));
        var golden = document.RootElement;
        var cell = golden.GetProperty("cell").GetString()!;
        var (layers, bidirectional, hidden) = (golden.GetProperty("layers").GetInt32(), golden.GetProperty("bidirectional").GetBoolean(), golden.GetProperty("hidden_size").GetInt32());
        var rnn = new Recurrent(Cell(cell), golden.GetProperty("input_size").GetInt32(), hidden, new RecurrentOptions { Layers = layers, Bidirectional = bidirectional });
        var parameters = golden.GetProperty("parameters");
        var weights = new SafetensorsFile();
        foreach (var parameter in parameters.EnumerateObject()) weights.Add(parameter.Name, Values(parameter.Value), new Shape(Sizes(parameter.Value)));
        Assert.Empty(TorchWeights.Load(rnn, weights));
        int[] lengths = golden.GetProperty("lengths") is { ValueKind: JsonValueKind.Array } array ? [.. array.EnumerateArray().Select(e => e.GetInt32())] : [];

        var tape = new Tape();
        tape.Begin();
        var x = tape.Watch(Tensor.From(Values(golden.GetProperty("input")), new Shape(Sizes(golden.GetProperty("input")))));
        // PyTorch keeps h and c in a tensor each, [layers · directions, batch, hidden]; a RecurrentState in one for each layer, direction and state.
        string[] states = cell.StartsWith("lstm", StringComparison.Ordinal) ? ["h", "c"] : ["h"];
        var batch = x.Shape[0];
        var directions = bidirectional ? 2 : 1;
        var initial = new Tensor[layers * directions * states.Length];
        for (var i = 0; i < initial.Length; i++)
            initial[i] = tape.Watch(Tensor.From(Slice(Values(golden.GetProperty(states[i % states.Length] + "0")), i / states.Length, batch * hidden), [batch, hidden]));

        var (output, final) = rnn.Forward(x, new RecurrentState(initial, null, directions, states.Length), lengths);
        var loss = (output * Tensor.From(Gradient(golden.GetProperty("output")), output.Shape)).Sum();
        for (var i = 0; i < initial.Length; i++)
        {
            var (layer, direction, state) = (i / states.Length / directions, i / states.Length % directions, i % states.Length);
            var made = golden.GetProperty(states[state] + "_n");
            Compare(states[state] + "_n", Slice(Values(made), i / states.Length, batch * hidden), final[layer, state, direction].Span);
            loss += (final[layer, state, direction] * Tensor.From(Slice(Gradient(made), i / states.Length, batch * hidden), [batch, hidden])).Sum();
        }
        tape.Backward(loss);
        tape.End();

        Compare("output", Values(golden.GetProperty("output")), output.Span);
        Compare("gradient of input", Gradient(golden.GetProperty("input")), tape.Gradient(x));
        for (var i = 0; i < initial.Length; i++)
        {
            var given = states[i % states.Length] + "0";
            Compare($"gradient of {given}", Slice(Gradient(golden.GetProperty(given)), i / states.Length, batch * hidden), tape.Gradient(initial[i]));
        }
        foreach (var parameter in rnn.Parameters)
            Compare($"gradient of {parameter.Name}", GradientOf(parameters, parameter.Name), parameter.Gradient);
    }

    [Fact]
    public void Every_cell_is_tried_in_every_shape() => Assert.Equal(6 * 6, Cases.Count);

    private static Cell Cell(string name) => name switch
    {
        "rnn-tanh" => new Elman(Activation.Tanh),
        "rnn-relu" => new Elman(Activation.Relu),
        "lstm" => new Lstm(),
        "gru" => new Gru(),
        "lstm-peephole" => new LstmPeephole(),
        "lstm-layer-norm" => new LstmLayerNorm(),
        _ => throw new ArgumentException($"no cell for {name}"),
    };

    /// <summary>The equations have one bias for each sum, PyTorch's layers two (bias_ih and bias_hh), whose gradients are the same. Only the GRU's candidate, r ⊙ (U h + b) beside
    /// W x + b, has use for both: its second bias is the last third of PyTorch's bias_hh.</summary>
    private static float[] GradientOf(JsonElement parameters, string name)
    {
        float[] numbers = Gradient(parameters.GetProperty(name));
        return name.StartsWith("bias_hh", StringComparison.Ordinal) ? numbers[(numbers.Length / 3 * 2)..] : numbers;
    }

    private static void Compare(string what, ReadOnlySpan<float> expected, ReadOnlySpan<float> found)
    {
        Assert.Equal(expected.Length, found.Length);
        for (var i = 0; i < found.Length; i++)
            Assert.True(Math.Abs((double)expected[i] - found[i]) <= Tolerance, $"{what}[{i}]: PyTorch {expected[i]:g9}, Unroll {found[i]:g9}");
    }

    private static int[] Sizes(JsonElement entry) => [.. entry.GetProperty("shape").EnumerateArray().Select(e => e.GetInt32())];

    private static float[] Values(JsonElement entry) => Numbers(entry, "values");

    private static float[] Gradient(JsonElement entry) => Numbers(entry, "gradient");

    private static float[] Numbers(JsonElement entry, string field) => [.. entry.GetProperty(field).EnumerateArray().Select(e => e.GetSingle())];

    private static float[] Slice(float[] values, int index, int length) => values.AsSpan(index * length, length).ToArray();

    private static string Goldens { get; } = Find();

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Unroll.slnx")))
                return Path.Combine(folder.FullName, "tests", "goldens", "recurrent");
        }
        throw new InvalidOperationException("these tests read the repository: run them from a checkout");
    }
}
