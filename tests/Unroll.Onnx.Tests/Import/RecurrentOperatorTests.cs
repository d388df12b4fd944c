using Unroll.Onnx.Import;
using Unroll.Tests;

namespace Unroll.Onnx.Tests.Import;

/// <summary>ONNX's recurrent operators over all their attributes, against the specification in double precision and against ONNX Runtime.</summary>
public sealed class RecurrentOperatorTests
{
    private const int Drawn = 600;
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
    public void Onnx_runtime_computes_the_same()
    {
        OnnxRuntimePeer.Require();
        RecurrentCase[] cases = [.. Cases().Where(of => Deviation(of) is null)];
        var results = OnnxRuntimePeer.Run([.. cases.Select(of => (of.Build().ToBytes(), of.Inputs(), of.OutputNames))]);
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
        File.WriteAllBytes(folder.File("model.onnx"), of.Build().ToBytes());
        var outputs = OnnxNetwork.Read(folder.File("model.onnx")).Forward([.. of.Inputs()]);
        return [.. of.OutputNames.Select(name => outputs[name].Tensor.ToArray())];
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
