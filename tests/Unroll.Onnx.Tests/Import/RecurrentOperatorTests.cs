using Unroll.Onnx.Import;
using Unroll.Onnx.Messages;
using Unroll.Tensors;
using Unroll.Tests;

namespace Unroll.Onnx.Tests.Import;

/// <summary>ONNX's recurrent operators over all their attributes, against the specification in double precision and against ONNX Runtime.</summary>
public sealed class RecurrentOperatorTests
{
    private const int Drawn = 600;
    private const int Differentiated = 90;
    private const double Tolerance = 1e-5;

    [Fact]
    public void Every_attribute_means_what_the_specification_says()
    {
        foreach (RecurrentCase of in Cases()) Compare(of, "the specification", RecurrentSpecification.Run(of, RecurrentSpecification.Numbers.Of(of)), Run(of));
    }

    [Fact]
    public void The_cases_have_every_activation_in_every_place()
    {
        foreach (string type in (string[])["RNN", "GRU", "LSTM"])
        {
            RecurrentCase[] of = [.. Cases().Where(of => of.Operator == type && of.Activations is not null)];
            for (int place = 0; place < of[0].Functions; place++)
                Assert.Equal(Activation.Names.Order(), of.SelectMany(of => of.Activations!.Where((_, i) => i % of.Functions == place)).Distinct(StringComparer.OrdinalIgnoreCase).Select(Spelled).Order());
        }
        static string Spelled(string name) => Activation.Names.First(known => known.Equals(name, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void Gradients_are_those_of_the_specification()
    {
        using var folder = new TemporaryFolder();
        for (int number = 0; number < Differentiated; number++)
        {
            RecurrentCase of = RecurrentCase.Draw(number);
            var random = new RandomState((ulong)number);
            var numbers = RecurrentSpecification.Numbers.Of(of);
            float[][] directions = Array.ConvertAll(RecurrentSpecification.Run(of, numbers), output => (float[])[.. output.Select(_ => 2 * random.NextSingle() - 1)]);
            double Loss() => RecurrentSpecification.Run(of, numbers).Zip(directions, (output, direction) => output.Zip(direction, (y, d) => y * d).Sum()).Sum();

            OnnxNetwork network = Read(of, folder);
            var tape = new Tape();
            tape.Begin();
            (string Name, OnnxValue Value)[] inputs = [.. of.Inputs().Select(input => input.Value.IsInteger ? input : (input.Name, tape.Watch(input.Value.Tensor)))];
            var outputs = network.Forward(inputs);
            tape.Backward(of.OutputNames.Zip(directions, (name, direction) => (outputs[name].Tensor * Tensor.From(direction, outputs[name].Shape)).Sum()).Aggregate((a, b) => a + b));
            tape.End();
            foreach (var (name, value) in inputs)
                if (!value.IsInteger) Check(name, name switch { "X" => numbers.X, "initial_h" => numbers.H!, _ => numbers.C! }, tape.Gradient(value.Tensor));

            // The gradients in the places of the weights, which saving brings into ONNX's order. What is a sum of two biases there is here the gradient of both.
            foreach (Parameter parameter in network.Parameters)
            {
                parameter.Gradient.CopyTo(parameter.Values);
                parameter.Changed();
            }
            network.Save(folder.File("gradients.onnx"));
            var saved = ModelProto.Parser.ParseFrom(File.ReadAllBytes(folder.File("gradients.onnx"))).Graph.Initializer.ToDictionary(tensor => tensor.Name, TensorMessage.Floats);
            Check("W", numbers.W, saved["W"], of.InputForget ? 4 : 0);
            Check("R", numbers.R, saved["R"], of.InputForget ? 4 : 0);
            if (of.P is not null) Check("P", numbers.P!, saved["P"], of.InputForget ? 3 : 0);
            if (of.B is null) continue;
            int half = of.Gates * of.Hidden;
            for (int i = 0; i < saved["B"].Length; i++)
            {
                bool ofState = i / half % 2 == 1, apart = of.LinearBeforeReset && i / of.Hidden % of.Gates == 2;
                if (!apart) saved["B"][i] = ofState ? saved["B"][i - half] : saved["B"][i] + saved["B"][i + half];
            }
            Check("B", numbers.B!, saved["B"], of.InputForget ? 4 : 0);

            // Of a coupled LSTM the forget gate's weights, third of four (third of three peepholes), have no part in anything.
            void Check(string name, double[] values, ReadOnlySpan<float> gradient, int coupled = 0)
            {
                int gate = coupled == 0 ? 0 : values.Length / of.Directions / (name == "B" ? 2 : 1) / coupled;
                for (int i = 0; i < values.Length; i++)
                {
                    if (coupled > 0 && i / gate % coupled == 2) continue;
                    const double step = 1e-6;
                    double value = values[i];
                    values[i] = value + step;
                    double slope = Loss();
                    values[i] = value - step;
                    slope = (slope - Loss()) / (2 * step);
                    values[i] = value;
                    Assert.True(Math.Abs(slope - gradient[i]) <= 1e-4 * Math.Max(1, Math.Abs(slope)), $"{of}: ∂{name}[{i}] is {gradient[i]}; the slope is {slope}");
                }
            }
        }
    }

    [Fact]
    public void Saving_what_was_read_changes_nothing()
    {
        using var folder = new TemporaryFolder();
        foreach (RecurrentCase of in Cases())
        {
            byte[] before = of.Build().ToBytes();
            Read(of, folder).Save(folder.File("saved.onnx"));
            Assert.Equal(ModelProto.Parser.ParseFrom(before), ModelProto.Parser.ParseFrom(File.ReadAllBytes(folder.File("saved.onnx"))));
        }
    }

    [Fact]
    public void What_was_trained_and_saved_is_read_as_the_same()
    {
        using var folder = new TemporaryFolder();
        foreach (RecurrentCase of in Cases())
        {
            OnnxNetwork network = Read(of, folder);
            var random = new RandomState(7);
            foreach (Parameter parameter in network.Parameters)
            {
                foreach (ref float value in parameter.Values) value += 0.1f * random.NextSingle();
                parameter.Changed();
            }
            network.Save(folder.File("saved.onnx"));
            OnnxNetwork again = OnnxNetwork.Read(folder.File("saved.onnx"));
            foreach (var (one, other) in network.Parameters.Zip(again.Parameters))
            {
                Assert.Equal(one.Name, other.Name);
                Assert.Equal(one.Values, other.Values);
            }
        }
    }

    [Fact]
    public void Onnx_runtime_computes_the_same()
    {
        OnnxRuntime.Need();
        RecurrentCase[] cases = [.. Cases().Where(of => Deviation(of) is null)];
        var results = OnnxRuntime.RunEach([.. cases.Select(of => (of.Build().ToBytes(), of.Inputs(), of.OutputNames))]);
        foreach (var (of, (outputs, error)) in cases.Zip(results))
        {
            Assert.True(error is null, $"{of}: {error}");
            Compare(of, "ONNX Runtime", [.. outputs!.Select(output => Array.ConvertAll(output, value => (double)value))], Run(of));
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{cases.Length} cases compared, {string.Join(", ", Cases().Select(Deviation).OfType<string>().CountBy(why => why).Select(why => $"{why.Value} left out: {why.Key}"))}");
    }

    /// <summary>Where ONNX Runtime (1.30.0, on the CPU) does other than the specification says, or nothing; null where they agree.</summary>
    private static string? Deviation(RecurrentCase of)
    {
        if (of.BatchFirst) return "layout 1 is refused";
        if (of.Operator == "RNN" && of.Activations?.Except(Activation.Names).Any() == true) return "RNN takes an activation's name in its own spelling only";
        if (of.Lengths?.Contains(0) == true && (of.InitialH ?? of.InitialC) is not null) return "a sequence of no steps loses its initial state: its Y_h and Y_c are zero";
        string[] constant = ["Affine", "ThresholdedRelu", "ScaledTanh"];
        if (of.LacksConstants && of.Activations!.Intersect(constant, StringComparer.OrdinalIgnoreCase).Any()) return "without activation_alpha and activation_beta Affine, ThresholdedRelu and ScaledTanh have α = β = 0";
        if (of.Clip is null && of.Activations?.Contains("Softplus", StringComparer.OrdinalIgnoreCase) == true && RecurrentSpecification.Run(of, RecurrentSpecification.Numbers.Of(of))[0].Any(value => Math.Abs(value) > 50))
            return "Softplus of large numbers is infinite";
        return null;
    }

    private static IEnumerable<RecurrentCase> Cases() => RecurrentCase.Named().Concat(Enumerable.Range(0, Drawn).Select(RecurrentCase.Draw));

    private static float[][] Run(RecurrentCase of)
    {
        using var folder = new TemporaryFolder();
        var outputs = Read(of, folder).Forward([.. of.Inputs()]);
        return [.. of.OutputNames.Select(name => outputs[name].Tensor.ToArray())];
    }

    private static OnnxNetwork Read(RecurrentCase of, TemporaryFolder folder)
    {
        File.WriteAllBytes(folder.File("model.onnx"), of.Build().ToBytes());
        return OnnxNetwork.Read(folder.File("model.onnx"));
    }

    private static void Compare(RecurrentCase of, string reference, double[][] expected, float[][] found)
    {
        for (int output = 0; output < found.Length; output++)
        {
            Assert.Equal(expected[output].Length, found[output].Length);
            for (int i = 0; i < found[output].Length; i++)
                Assert.True(Math.Abs(found[output][i] - expected[output][i]) <= Tolerance * Math.Max(1, Math.Abs(expected[output][i])),
                    $"{of}: {of.OutputNames[output]}[{i}] is {found[output][i]}; {reference} says {expected[output][i]}");
        }
    }
}
