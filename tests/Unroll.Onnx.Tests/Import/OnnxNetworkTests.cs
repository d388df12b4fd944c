using Unroll.Layers;
using Unroll.Losses;
using Unroll.Onnx.Messages;
using Unroll.Optimizers;
using Unroll.Tensors;
using Unroll.Tests;
using static Unroll.Onnx.Messages.TensorProto.Types;
using SafetensorsFile = Unroll.Files.SafetensorsFile;
using StoredTensor = Unroll.Files.StoredTensor;

namespace Unroll.Onnx.Tests.Import;

/// <summary>Networks read from ONNX files: trained further, saved, part of others, refused.</summary>
public sealed class OnnxNetworkTests : IDisposable
{
    private const int Symbols = 6, Features = 5, Hidden = 8, Labels = 2;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_classifier_is_trained_further_and_saved_for_others()
    {
        OnnxNetwork network = Read(Classifier());
        Assert.Equal(["embedding.weight", "fc.weight", "fc.bias", "/rnn/LSTM.forward.weight_ih_l0", "/rnn/LSTM.forward.weight_hh_l0", "/rnn/LSTM.forward.bias_ih_l0"], network.Parameters.Select(parameter => parameter.Name));
        Assert.Equal([ParameterKind.Embedding, ParameterKind.Weight, ParameterKind.Bias], network.Parameters.Take(3).Select(parameter => parameter.Kind));
        Assert.Equal(["words [batch, time]"], network.Inputs.Select(input => input.ToString()));
        Assert.True(network.Inputs[0].IsInteger);
        Assert.Equal(["logits"], network.Outputs);

        // Whether the symbol 1 is in a sequence.
        var random = new RandomState(5);
        const int batch = 32, time = 6;
        var (words, labels) = (new int[batch * time], new int[batch]);
        var optimizer = new AdamOptions().Create();
        var tape = new Tape();
        float first = 0, last = 0;
        for (int step = 0; step < 150; step++)
        {
            for (int i = 0; i < words.Length; i++) words[i] = random.NextInt(2) == 0 && i % time == step % time ? 1 : 2 + random.NextInt(Symbols - 2);
            for (int i = 0; i < batch; i++) labels[i] = words.AsSpan(i * time, time).Contains(1) ? 1 : 0;
            tape.Begin();
            Tensor loss = Likelihood.Categorical(network.Forward(("words", OnnxValue.Of(words, [batch, time])))["logits"].Tensor, labels);
            last = loss.Item;
            if (step == 0) first = last;
            tape.Backward(loss);
            tape.End();
            if (step == 0) Assert.All(network.Parameters, parameter => Assert.True(parameter.Gradient.IndexOfAnyExcept(0f) >= 0, $"{parameter} has no gradient"));
            optimizer.Step(network.Parameters, 0.02f);
        }
        Assert.InRange(first, 0.5f, 1f);
        Assert.InRange(last, 0, 0.1f);

        network.Save(_folder.File("trained.onnx"));
        var input = ("words", OnnxValue.Of(words, [batch, time]));
        float[] logits = network.Forward(input)["logits"].Tensor.ToArray();
        Assert.Equal(logits, OnnxNetwork.Read(_folder.File("trained.onnx")).Forward(input)["logits"].Tensor.ToArray());
        OnnxRuntime.Need();
        var (outputs, error) = OnnxRuntime.RunEach([(File.ReadAllBytes(_folder.File("trained.onnx")), [input], ["logits"])])[0];
        Assert.True(error is null, error);
        Assert.All(logits.Zip(outputs![0]), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
    }

    /// <summary>What torch.onnx.export wrote (tests/goldens/make_torch_files.py): recurrent layers of every kind, and what stands around them.</summary>
    [Fact]
    public void A_network_of_PyTorch_gives_its_outputs_and_gradients()
    {
        SafetensorsFile golden = SafetensorsFile.Read(Goldens.PathOf("torch/network.safetensors"));
        OnnxNetwork network = OnnxNetwork.Read(Goldens.PathOf("torch/network.onnx"));
        int[] words = Array.ConvertAll(golden["words"].ToSingles(), word => (int)word);
        var tape = new Tape();
        tape.Begin();
        var outputs = network.Forward(("words", OnnxValue.Of(words, [3, 7])));
        (Tensor scores, Tensor last) = (outputs["scores"].Tensor, outputs["last"].Tensor);
        Close(golden["scores"], scores.Span, 1e-5f);
        Close(golden["last"], last.Span, 1e-5f);
        tape.Backward((scores * Tensor.From(golden["direction_of_scores"].ToSingles(), scores.Shape)).Sum() + (last * Tensor.From(golden["direction_of_last"].ToSingles(), last.Shape)).Sum());
        tape.End();
        Close(golden["gradient_of_embedding"], Named("embedding.weight").Gradient, 1e-4f);
        Close(golden["gradient_of_norm"], Named("norm.weight").Gradient, 1e-4f);

        Parameter Named(string name) => network.Parameters.Single(parameter => parameter.Name == name);
        static void Close(StoredTensor expected, ReadOnlySpan<float> found, float tolerance)
        {
            Assert.Equal(expected.Shape.Aggregate(1L, (a, b) => a * b), found.Length);
            foreach ((float one, float other) in expected.ToSingles().Zip(found.ToArray())) Assert.Equal(one, other, tolerance);
        }
    }

    [Fact]
    public void A_network_may_be_part_of_another()
    {
        var whole = new Whole(Read(Classifier()));
        Assert.Contains("read.fc.weight", whole.Parameters.Select(parameter => parameter.Name));
        Assert.Contains("read./rnn/LSTM.forward.weight_ih_l0", whole.Parameters.Select(parameter => parameter.Name));
        whole.Initialize(new RandomState(1));
    }

    [Fact]
    public void Sizes_computed_in_the_graph_are_followed()
    {
        // As exporters write h₀ = zeros(1, batch, hidden) and x.reshape(batch, -1).
        var model = new ModelBuilder();
        string x = model.Input("x", DataType.Float, "time", "batch", 3);
        string batch = model.Node("Gather", [model.Node("Shape", [x]), model.Node("Constant", [], ("value", ModelBuilder.Tensor("", [1L])))], ("axis", 0));
        string zeros = model.Node("ConstantOfShape", [model.Node("Concat", [model.Integers("one", [1], 1), model.Node("Unsqueeze", [batch, model.Integers("at", [0], 1)]), model.Integers("size", [2], 1)], ("axis", 0))]);
        string y = model.Node("GRU", [x, model.Floats("W", Numbers(18), 1, 6, 3), model.Floats("R", Numbers(12), 1, 6, 2), "", "", zeros], ("hidden_size", 2));
        model.Output(model.Node("Reshape", [model.Node("Transpose", [y], ("perm", new long[] { 2, 0, 1, 3 })), model.Node("Concat", [model.Node("Unsqueeze", [model.Node("Mul", [batch, model.Integers("whole", [1])]), "at"]), model.Integers("rest", [-1], 1)], ("axis", 0))]));
        OnnxNetwork network = Read(model);
        foreach (var (time, rows) in ((int, int)[])[(1, 1), (4, 3)])
            Assert.Equal([rows, time * 2], network.Forward(("x", Tensor.From(Numbers(time * rows * 3), [time, rows, 3]))).Values.Single().Shape);
    }

    [Fact]
    public void Nodes_with_all_weights_in_common_share_a_layer_and_others_have_their_own()
    {
        var model = new ModelBuilder();
        string x = model.Input("x", DataType.Float, 2, 1, 2);
        string w = model.Floats("W", Numbers(4), 1, 2, 2), r = model.Floats("R", Numbers(4), 1, 2, 2), zeros = model.Floats("zeros", new float[4], 1, 4), other = model.Floats("other", Numbers(4), 1, 2, 2);
        string[] outputs =
        [
            model.Node("RNN", [x, w, r, zeros], ("hidden_size", 2)), model.Node("RNN", [x, w, r, zeros], ("hidden_size", 2)),
            model.Node("RNN", [x, other, r, zeros], ("hidden_size", 2)), model.Node("Add", [x, zeros]),
        ];
        foreach (string output in outputs[..3]) model.Output(output);
        model.Model.Graph.Node.RemoveAt(3);
        OnnxNetwork network = Read(model);
        Assert.Equal(6, network.Parameters.Count);   // of two layers: W, the sum of the biases, R
        var input = ("x", (OnnxValue)Tensor.From(Numbers(4), [2, 1, 2]));
        float[][] before = [.. network.Forward(input).Values.Select(value => value.Tensor.ToArray())];
        Assert.Equal(before[0], before[1]);
        foreach (Parameter parameter in network.Parameters)
        {
            parameter.Values[0] += 0.5f;
            parameter.Changed();
        }
        float[][] after = [.. network.Forward(input).Values.Select(value => value.Tensor.ToArray())];
        network.Save(_folder.File("shared.onnx"));
        Assert.Equal(after, OnnxNetwork.Read(_folder.File("shared.onnx")).Forward(input).Values.Select(value => value.Tensor.ToArray()));
        Assert.NotEqual(before[2], after[2]);
        OnnxRuntime.Need();
        var (found, error) = OnnxRuntime.RunEach([(File.ReadAllBytes(_folder.File("shared.onnx")), [input], [.. network.Outputs])])[0];
        Assert.True(error is null, error);
        foreach (var (mine, theirs) in after.Zip(found!)) Assert.All(mine.Zip(theirs), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
    }

    [Fact]
    public void A_shared_initializer_that_another_node_reads_stays_with_that_node()
    {
        var model = new ModelBuilder();
        string x = model.Input("x", DataType.Float, 1, 1, 2), w = model.Floats("W", Numbers(4), 1, 2, 2), r = model.Floats("R", Numbers(4), 1, 2, 2);
        model.Output(model.Node("MatMul", [model.Node("Squeeze", [model.Node("RNN", [x, w, r], ("hidden_size", 2)), model.Integers("one", [1], 1)]), r]));
        OnnxNetwork network = Read(model);
        Assert.Equal(["R", "RNN_0.forward.weight_ih_l0", "RNN_0.forward.weight_hh_l0"], network.Parameters.Select(parameter => parameter.Name));
    }

    [Fact]
    public void Numbers_alone_are_constants_and_initializers_may_be_listed_as_inputs()
    {
        ModelBuilder model = Linear();
        model.Model.Graph.Input.Add(new ValueInfoProto { Name = "w" });
        OnnxNetwork network = Read(model);
        Assert.Equal(["w"], network.Parameters.Select(parameter => parameter.Name));
        Assert.Equal(["x"], network.Inputs.Select(input => input.Name));
        Assert.Equal([2 * 3 + 4], network.Forward(("x", Tensor.From([2], [1, 1]))).Values.Single().Tensor.ToArray());
    }

    public static TheoryData<string, string> Refused => new(
        ("the node 'Conv_2' (Conv) is not known here; known operators are Add, ", "Conv"),
        ("(Scan) is not known here: loops and branches are not read", "Scan"),
        ("(Relu) has the attribute 'α', which is not known of this operator in opset 17", "attribute"),
        ("(Relu) is of the domain 'com.microsoft'", "domain"),
        ("uses the opset 6; expected one from 7 to 23", "opset"),
        ("the tensor 'w' lies in another file; save the model as one file", "external"),
        ("the tensor 'w' of shape [1000000, 2000] has 1 numbers; expected 2000000000", "huge initializer"),
        ("the tensor 'w' is of the type Float16; known are", "half"),
        ("reads 'nothing', which nothing before it computes", "undefined"),
        ("the graph has the output 'nothing', which nothing computes", "output"),
        ("the graph computes 'x' twice", "twice"),
        ("(RNN) has the hidden size 3, and R [1, 2, 2] is one of 2", "hidden"),
        ("(RNN) has W [1, 3, 2]; with the direction forward and the other weights it must be [1, 2, 2]", "weights"),
        ("(RNN) has the activation 'Gelu'; known ones are Relu, ", "activation"),
        ("(RNN) has 2 numbers of activation_alpha; its activations take 0", "alpha"),
        ("(RNN) has weights 'x' that the graph computes or is given; expected an initializer", "computed weights"),
        ("(Cast) casts to Double; known are", "cast"),
        ("has no graph; expected an ONNX model", "empty"),
        ("is no ONNX model, or is damaged", "text"));

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_is_not_known_is_refused_by_its_name(string message, string what)
    {
        ModelBuilder model = Linear();
        GraphProto graph = model.Model.Graph;
        void Rnn(float[] w, long rows, object? size = null, string input = "w1", params (string, object)[] attributes) =>
            model.Node("RNN", ["x", input == "w1" ? model.Floats("w1", w, 1, rows, 2) : input, model.Floats("r", Numbers(4), 1, 2, 2)], [("hidden_size", size ?? 2), .. attributes]);
        switch (what)
        {
            case "Conv" or "Scan": model.Node(what, ["x"]); break;
            case "attribute": model.Node("Relu", ["x"], ("α", 1)); break;
            case "domain": model.Node("Relu", ["x"]); graph.Node[^1].Domain = "com.microsoft"; break;
            case "opset": model.Model.OpsetImport[0].Version = 6; break;
            case "external": graph.Initializer[0].DataLocation = DataLocation.External; break;
            case "huge initializer": graph.Initializer[0].Dims[0] = 1_000_000; graph.Initializer[0].Dims[1] = 2000; break;
            case "half": graph.Initializer[0].DataType = (int)DataType.Float16; break;
            case "undefined": model.Node("Relu", ["nothing"]); break;
            case "output": model.Output("nothing"); break;
            case "twice": model.Node("Relu", ["x"]); graph.Node[^1].Output[0] = "x"; break;
            case "hidden": Rnn(Numbers(4), 2, 3); break;
            case "weights": Rnn(Numbers(6), 3); break;
            case "activation": Rnn(Numbers(4), 2, null, "w1", ("activations", (string[])["Gelu"])); break;
            case "alpha": Rnn(Numbers(4), 2, null, "w1", ("activation_alpha", (float[])[1, 2])); break;
            case "computed weights": Rnn([], 0, null, "x"); break;
            case "cast": model.Node("Cast", ["x"], ("to", (int)DataType.Double)); break;
            case "empty": model.Model.Graph = null; break;
            case "text": File.WriteAllText(_folder.File("model.onnx"), "no model at all"); break;
        }
        if (what != "text") File.WriteAllBytes(_folder.File("model.onnx"), model.ToBytes());
        string said = Assert.Throws<BadInputException>(() => OnnxNetwork.Read(_folder.File("model.onnx"))).Message;
        Assert.Contains(message, said);
        Assert.DoesNotContain('\n', said);
    }

    [Theory]
    [InlineData("ConstantOfShape")]
    [InlineData("Expand")]
    [InlineData("Range")]
    [InlineData("Concat")]
    public void Sizes_beyond_all_measure_are_refused_before_anything_is_made(string type)
    {
        var model = new ModelBuilder();
        string size = model.Integers("size", [50_000, 40_000], 2), value = type switch
        {
            "ConstantOfShape" => model.Node(type, [size]),
            "Expand" => model.Node(type, [model.Floats("w", [1], 1), size]),
            "Range" => model.Node(type, [model.Integers("a", [0]), model.Integers("b", [long.MaxValue]), model.Integers("c", [1])]),
            _ => size,
        };
        for (int i = 0; i < 40 && type == "Concat"; i++) value = model.Node("Concat", [value, value], ("axis", 0));
        model.Output(value);
        OnnxNetwork network = Read(model);
        Assert.Contains("at most", Assert.ThrowsAny<UnrollException>(() => network.Forward()).Message);
    }

    [Fact]
    public void Wrong_inputs_are_refused_by_their_names()
    {
        OnnxNetwork network = Read(Linear());
        OnnxValue x = Tensor.From([2], [1, 1]);
        Assert.Contains("lacks a value for its input 'x'", Assert.Throws<BadUsageException>(() => network.Forward()).Message);
        Assert.Contains("has no input 'y'; it has x [1, 1]", Assert.Throws<BadUsageException>(() => network.Forward(("y", x))).Message);
        Assert.Contains("'x' is given twice", Assert.Throws<BadUsageException>(() => network.Forward(("x", x), ("x", x))).Message);
        Assert.Contains("'x' is a tensor; give Tensor.From", Assert.Throws<BadUsageException>(() => network.Forward(("x", OnnxValue.Of([1], [1, 1])))).Message);
        Assert.Contains("the node 'MatMul_0' (MatMul): MatMul: inner sizes differ", Assert.Throws<ShapeException>(() => network.Forward(("x", Tensor.From([2, 3], [1, 2])))).Message);
        Assert.Contains("There is no file", Assert.Throws<BadInputException>(() => OnnxNetwork.Read(_folder.File("none.onnx"))).Message);
        Assert.Contains("is a folder", Assert.Throws<BadInputException>(() => OnnxNetwork.Read(_folder.Path)).Message);
    }

    /// <summary>x w + 4, w [1, 1] = 3.</summary>
    private static ModelBuilder Linear()
    {
        var model = new ModelBuilder();
        model.Output(model.Node("Add", [model.Node("MatMul", [model.Input("x", DataType.Float, 1, 1), model.Floats("w", [3], 1, 1)]), model.Floats("four", [4])]));
        return model;
    }

    /// <summary>Embedding, LSTM, last state, linear layer: as PyTorch's exporter writes them.</summary>
    internal static ModelBuilder Classifier()
    {
        var random = new RandomState(3);
        float[] Drawn(int count, float width) => [.. Enumerable.Range(0, count).Select(_ => (2 * random.NextSingle() - 1) * width)];
        var model = new ModelBuilder();
        string words = model.Input("words", DataType.Int64, "batch", "time");
        string x = model.Node("Transpose", [model.Node("Gather", [model.Floats("embedding.weight", Drawn(Symbols * Features, 1), Symbols, Features), words])], ("perm", new long[] { 1, 0, 2 }));
        string[] states = model.Node("LSTM", [x, model.Floats("onnx::LSTM_1", Drawn(4 * Hidden * Features, 0.5f), 1, 4 * Hidden, Features),
            model.Floats("onnx::LSTM_2", Drawn(4 * Hidden * Hidden, 0.5f), 1, 4 * Hidden, Hidden), model.Floats("onnx::LSTM_3", Drawn(8 * Hidden, 0.5f), 1, 8 * Hidden)], 3, ("hidden_size", Hidden));
        model.Model.Graph.Node[^1].Name = "/rnn/LSTM";
        string last = model.Node("Squeeze", [states[1], model.Integers("axes", [0], 1)]);
        model.Node("Gemm", [last, model.Floats("fc.weight", Drawn(Labels * Hidden, 0.5f), Labels, Hidden), model.Floats("fc.bias", Drawn(Labels, 0.1f), Labels)], ("transB", 1));
        model.Model.Graph.Node[^1].Output[0] = "logits";
        model.Output("logits", DataType.Float, "batch", Labels);
        return model;
    }

    private static float[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(i => (i % 7 - 3) * 0.2f)];

    private OnnxNetwork Read(ModelBuilder model)
    {
        File.WriteAllBytes(_folder.File("model.onnx"), model.ToBytes());
        return OnnxNetwork.Read(_folder.File("model.onnx"));
    }

    private sealed class Whole : Module
    {
        public Whole(OnnxNetwork part) => Add("read", part);
    }
}
