using Unroll.Exchange;
using Unroll.Onnx.Messages;
using Unroll.Tensors;

namespace Unroll.Onnx.Tests;

/// <summary>Compares what a pass computes here with what others make of the exported file: ONNX Runtime, and this project's own import where it knows all operators (it knows no Scan).</summary>
internal static class Comparison
{
    private const double Tolerance = 1e-5;

    /// <summary>Runs all on random inputs of several sizes, the lengths of the first sequences the least and the most.</summary>
    /// <returns>Whether the import could read the file.</returns>
    public static bool Check(ForwardPass pass, ulong seed = 1)
    {
        using var folder = new Unroll.Tests.TemporaryFolder();
        string path = folder.File("model.onnx");
        OnnxExport.Save(pass, path);
        var random = new RandomState(seed);
        var (inputs, expected) = (new List<(string Name, OnnxValue Value)[]>(), new List<Dictionary<string, (int[] Shape, float[] Values)>>());
        foreach (int[] sizes in (int[][])[[4, 6, 5, 3, 7], [1, 1, 1, 1, 1], [3, 9, 2, 8, 4]])
        {
            var size = pass.Sizes.Select((name, i) => (name, sizes[i])).ToDictionary();
            inputs.Add(Draw(pass, size, random));
            expected.Add(Run(pass, size, inputs[^1]));
        }
        OnnxNetwork? network = ModelProto.Parser.ParseFrom(File.ReadAllBytes(path)).Graph.Node.Any(node => node.OpType == "Scan") ? null : OnnxNetwork.Read(path);
        for (int run = 0; network is not null && run < inputs.Count; run++)
        {
            string[] read = [.. network.Inputs.Select(input => input.Name)];
            Compare(pass, run, "in the imported network", expected[run], network.Forward([.. inputs[run].Where(input => read.Contains(input.Name))]).ToDictionary(pair => pair.Key, pair => (pair.Value.Tensor.Shape.ToArray(), pair.Value.Tensor.ToArray())));
        }
        if (!OnnxRuntime.IsThere) return network is not null;
        var (found, error) = OnnxRuntime.Run(path, inputs);
        Assert.True(error is null, $"{pass.Name}: ONNX Runtime: {error}");
        for (int run = 0; run < inputs.Count; run++) Compare(pass, run, "in ONNX Runtime", expected[run], found![run]);
        return network is not null;
    }

    private static void Compare(ForwardPass pass, int run, string where, Dictionary<string, (int[] Shape, float[] Values)> expected, Dictionary<string, (int[] Shape, float[] Values)> found)
    {
        Assert.Equal(expected.Keys.Order(), found.Keys.Order());
        foreach ((string name, (int[] shape, float[] values)) in expected)
        {
            Assert.Equal(shape, found[name].Shape);
            for (int i = 0; i < values.Length; i++)
                Assert.True(Math.Abs(values[i] - found[name].Values[i]) <= Tolerance * Math.Max(1, Math.Abs(values[i])), $"{pass.Name}, run {run}, output {name}[{i}]: {values[i]:R} here, {found[name].Values[i]:R} {where}");
        }
    }

    private static (string Name, OnnxValue Value)[] Draw(ForwardPass pass, Dictionary<string, int> sizes, RandomState random)
    {
        return [.. pass.Inputs.Select(input => (input.Name, Value(input)))];

        OnnxValue Value(PassInput input)
        {
            var shape = new Shape([.. input.Sizes.Select(Of)]);
            if (!input.IsWhole) return Tensor.From([.. Enumerable.Range(0, shape.Count).Select(_ => 2 * random.NextSingle() - 1)], shape);
            int most = Of(input.Below) - (input.IsLengths ? 0 : 1);
            int[] numbers = [.. Enumerable.Range(0, shape.Count).Select(_ => input.Least + random.NextInt(most - input.Least + 1))];
            if (input.IsLengths && numbers.Length > 1) (numbers[0], numbers[1]) = (input.Least, most);
            return OnnxValue.Of(numbers, shape);
        }

        int Of(PassSize size) => size.Name is null ? size.Value : sizes[size.Name];
    }

    private static Dictionary<string, (int[] Shape, float[] Values)> Run(ForwardPass pass, Dictionary<string, int> sizes, (string Name, OnnxValue Value)[] inputs)
    {
        var tape = new Tape { Training = false };
        var values = new PassValues();
        tape.Begin(gradients: false);
        try
        {
            foreach ((string name, int size) in sizes) values.SetSize(name, size);
            foreach ((string name, OnnxValue value) in inputs)
                _ = value.IsInteger ? values.Set(name, Array.ConvertAll(value.Integers.ToArray(), number => (int)number)) : values.Set(name, value.Tensor);
            return pass.Run(values).ToDictionary(output => output.Name, output => (output.Value.Shape.ToArray(), output.Value.ToArray()));
        }
        finally
        {
            tape.End();
        }
    }
}
