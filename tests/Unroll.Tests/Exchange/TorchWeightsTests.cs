using Unroll.Cells;
using Unroll.Exchange;
using Unroll.Files;
using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Tests.Exchange;

/// <summary>Layers with the weights of PyTorch's give its outputs: tests/goldens/make_torch_files.py has PyTorch write both.</summary>
public sealed class TorchWeightsTests
{
    private const int Input = 3, Hidden = 6, Projected = 2;
    private static readonly SafetensorsFile Stored = TorchFile.Read(Goldens.PathOf("torch/layers.pt"));

    public static TheoryData<string> Cases => [.. Stored.Tensors.Select(tensor => tensor.Name).Where(name => name.EndsWith(".output", StringComparison.Ordinal)).Select(name => name[..^".output".Length])];

    private sealed class Model : Module
    {
        public Model(Cell cell, RecurrentOptions options)
        {
            Rnn = Add("rnn", new Recurrent(cell, Input, Hidden, options));
            Initialize(new RandomState(1));
        }

        public Recurrent Rnn { get; }
    }

    private static Model Layer(string name, Cell? cell = null) => new(cell ?? name.Split('-')[0] switch
    {
        "rnn" => new Elman(name.Contains("relu", StringComparison.Ordinal) ? Activation.Relu : Activation.Tanh),
        "gru" => new Gru(),
        _ => name.Contains("projected", StringComparison.Ordinal) ? new LstmProjected(Projected) : new Lstm(),
    }, new RecurrentOptions { Layers = name.First(char.IsAsciiDigit) - '0', Bidirectional = name.EndsWith("bidirectional", StringComparison.Ordinal) });

    private static string Renamed(string name, string own) => own.Replace("rnn.", $"{name}.weights.", StringComparison.Ordinal);

    private static float[] Output(Model model, string name) =>
        model.Rnn.Forward(Tensor.From(Stored[$"{name}.input"].ToSingles(), [.. Stored[$"{name}.input"].Shape.Select(size => (int)size)])).Output.ToArray();

    private static void AssertClose(float[] expected, float[] found)
    {
        Assert.Equal(expected.Length, found.Length);
        for (int i = 0; i < found.Length; i++) Assert.Equal(expected[i], found[i], 1e-5f);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Weights_of_PyTorch_give_its_outputs_and_go_back(string name)
    {
        Model model = Layer(name);
        IReadOnlyList<string> left = TorchWeights.Load(model, Stored, own => Renamed(name, own));
        Assert.DoesNotContain(left, other => other.StartsWith($"{name}.weights.", StringComparison.Ordinal));
        AssertClose(Stored[$"{name}.output"].ToSingles(), Output(model, name));

        SafetensorsFile saved = TorchWeights.Save(model);
        foreach (StoredTensor tensor in saved.Tensors)
        {
            string own = Renamed(name, tensor.Name);
            if (tensor.Name.Contains("bias_ih", StringComparison.Ordinal)) AssertClose(Sum(Stored, own), Sum(saved, tensor.Name));
            else if (!tensor.Name.Contains("bias_hh", StringComparison.Ordinal)) Assert.Equal(Stored[own].ToSingles(), tensor.ToSingles());
        }
        Model again = Layer(name);
        Assert.Empty(TorchWeights.Load(again, saved));
        Assert.Equal(Output(model, name), Output(again, name));

        // A layer without biases has none to add.
        static float[] Sum(SafetensorsFile file, string bias) => file.Find(bias) is { } first
            ? [.. first.ToSingles().Zip(file[bias.Replace("_ih", "_hh", StringComparison.Ordinal)].ToSingles(), (a, b) => a + b)]
            : new float[(int)file[bias.Replace("bias_ih", "weight_hh", StringComparison.Ordinal)].Shape[0]];
    }

    [Theory]
    [InlineData("lstm-2-bidirectional")]
    [InlineData("gru-3-bidirectional")]
    public void Other_notations_of_the_same_cell_take_the_same_weights(string name)
    {
        Cell cell = name.StartsWith("lstm", StringComparison.Ordinal) ? new LstmCourse() : new Gru(update: UpdateGate.Writes);
        Model model = Layer(name, cell);
        TorchWeights.Load(model, Stored, own => Renamed(name, own));
        AssertClose(Stored[$"{name}.output"].ToSingles(), Output(model, name));
        Model usual = Layer(name);
        TorchWeights.Load(usual, TorchWeights.Save(model));
        AssertClose(Output(usual, name), Output(model, name));
    }

    [Fact]
    public void Cells_that_PyTorch_lacks_keep_their_own_names()
    {
        Model model = Layer("mgu-1", new Mgu()), other = Layer("mgu-1", new Mgu());
        other.Initialize(new RandomState(2));
        SafetensorsFile saved = TorchWeights.Save(model);
        Assert.Equal(model.Parameters.Select(parameter => parameter.Name), saved.Tensors.Select(tensor => tensor.Name));
        TorchWeights.Load(other, saved);
        Assert.All(model.Parameters.Zip(other.Parameters), pair => Assert.True(pair.First.Values.SequenceEqual(pair.Second.Values)));
    }

    [Fact]
    public void What_does_not_fit_is_told_and_changes_nothing()
    {
        Model model = Layer("lstm-1");
        float[] before = [.. model.Parameters.SelectMany(parameter => parameter.Values.ToArray())];
        Assert.Contains("'rnn.weight_ih_l0'", Refusal(model, own => own));
        Assert.Contains("F32 [12, 3]; the model needs [24, 3]", Refusal(model, own => own.EndsWith("weight_ih_l0", StringComparison.Ordinal) ? "short" : Renamed("lstm-1", own)));
        Assert.Contains("gru-writes", Refusal(Layer("gru-1", new Gru(ResetGate.BeforeProduct)), own => Renamed("gru-1", own)));
        Assert.Equal(before, model.Parameters.SelectMany(parameter => parameter.Values.ToArray()));

        static string Refusal(Model model, Func<string, string> rename)
        {
            var weights = new SafetensorsFile();
            foreach (StoredTensor tensor in Stored.Tensors) weights.Add(tensor.Name, tensor.ToSingles(), [.. tensor.Shape.Select(size => (int)size)]);
            weights.Add("short", new float[36], [12, 3]);
            return Assert.Throws<BadInputException>(() => TorchWeights.Load(model, weights, rename)).Message;
        }
    }
}
