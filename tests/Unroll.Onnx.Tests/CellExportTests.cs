using Unroll.Cells;
using Unroll.Equations;
using Unroll.Exchange;
using Unroll.Layers;
using Unroll.Onnx.Messages;
using Unroll.Tensors;

namespace Unroll.Onnx.Tests;

public sealed class CellExportTests
{
    public static TheoryData<string> Cells => [.. CellCatalogue.All.Select(cell => cell.Name)];

    [Theory]
    [MemberData(nameof(Cells))]
    public void Every_cell_gives_ONNX_Runtime_the_same_numbers(string cell)
    {
        int seed = 0;
        foreach (RecurrentOptions options in (RecurrentOptions[])[new() { Layers = 2 }, new() { Bidirectional = true }, new() { Layers = 2, Bidirectional = true, LayerNorm = true, Regularization = new() { Zoneout = 0.2f } }])
            foreach (bool states in new[] { false, true })
                Comparison.Check(PassOf(Layers(cell, options, ++seed), states), (ulong)seed);
    }

    [Theory]
    [InlineData(LayerConnection.Residual)]
    [InlineData(LayerConnection.Highway)]
    public void Connections_past_layers_go_along(LayerConnection connection)
    {
        Comparison.Check(PassOf(Layers("gru", new() { Layers = 3, Connection = connection }, 1), states: true));
    }

    [Theory]
    [InlineData("elman", "RNN")]
    [InlineData("elman-relu", "RNN")]
    [InlineData("elman-sigmoid", "RNN")]
    [InlineData("elman-identity", "RNN")]
    [InlineData("irnn", "RNN")]
    [InlineData("lstm", "LSTM")]
    [InlineData("lstm-course", "LSTM")]
    [InlineData("lstm-peephole", "LSTM")]
    [InlineData("lstm-cifg", "LSTM")]
    [InlineData("lstm-niaf", "LSTM")]
    [InlineData("lstm-noaf", "LSTM")]
    [InlineData("gru", "GRU")]
    [InlineData("gru-writes", "GRU")]
    [InlineData("gru-before", "GRU")]
    [InlineData("gru-before-writes", "GRU")]
    [InlineData("gru-course", "GRU")]
    [InlineData("lstm-layer-norm", "Scan")]
    [InlineData("lstm-projected", "Scan")]
    public void A_cell_that_ONNX_has_is_its_own_operator(string cell, string expected)
    {
        GraphProto graph = OnnxExport.Build(PassOf(Layers(cell, new() { Bidirectional = true }, 1), states: true), []).Graph;
        Assert.Single(graph.Node, node => node.OpType is "RNN" or "LSTM" or "GRU" && node.OpType == expected || node.OpType == expected && expected != "Scan" || expected == "Scan" && node.OpType == "Concat" && graph.Node.Count(n => n.OpType == "Scan") == 2);
    }

    [Fact]
    public void A_network_of_ONNX_operators_can_be_exported_and_imported_again()
    {
        foreach (string cell in (string[])["elman-sigmoid", "lstm-cifg", "lstm-niaf", "gru-writes", "gru-before"])
            Assert.True(Comparison.Check(PassOf(Layers(cell, new() { Layers = 2, Bidirectional = true, LayerNorm = true }, 1), states: true)), cell);
        // Its layers, which read from the end alone, have ONNX's equations as a cell of their own.
        string path = Path.GetTempFileName();
        OnnxExport.Save(PassOf(Layers("lstm-peephole", new(), 1), states: false), path);
        OnnxNetwork network = OnnxNetwork.Read(path);
        File.Delete(path);
        Comparison.Check(new ForwardPass("again", [PassInput.Numbers("x", "batch", "time", 3), PassInput.Lengths("lengths", "batch", "time")], values =>
            [new("y", ((Recurrent)network.Descendants().First(module => module is Recurrent)).Forward(values.Numbers("x"), default, values.Whole("lengths")).Output)]));
        Comparison.Check(PassOf(Layers("gru", new() { Reversed = true }, 2), states: true));
        Comparison.Check(PassOf(Layers("mgu", new() { Reversed = true }, 3), states: true));
    }

    [Fact]
    public void Every_operation_of_equations_can_be_written()
    {
        foreach (ElementwiseOperation operation in ElementwiseOperation.All)
            Assert.True(RecurrentNodes.Knows(operation) || operation.Torch is null, operation.Name);
    }

    internal static Recurrent Layers(string cell, RecurrentOptions options, int seed)
    {
        var layers = new Recurrent(CellCatalogue.Find(cell).Create(), 3, 6, options);
        layers.Initialize(new RandomState((ulong)seed));
        var random = new RandomState((ulong)seed + 100);
        // Biases, gains and peepholes that begin as zeros or ones would hide a mistake.
        foreach (Parameter parameter in layers.Parameters)
        {
            for (int i = 0; i < parameter.Values.Length; i++) parameter.Values[i] += random.NextSingle() - 0.5f;
            parameter.Changed();
        }
        return layers;
    }

    internal static ForwardPass PassOf(Recurrent layers, bool states) => new("cell",
        [PassInput.Numbers("x", "batch", "time", layers.InputSize), PassInput.Lengths("lengths", "batch", "time"), .. states ? PassInput.States(layers, "batch") : []], values =>
        {
            (Tensor output, RecurrentState state) = layers.Forward(values.Numbers("x"), states ? values.States(layers) : default, values.Whole("lengths"));
            return [new("y", output), .. PassOutput.States(layers, state)];
        });
}
