using Unroll.Exchange;
using Unroll.Tensors;

namespace Unroll.Onnx.Tests;

/// <summary>Compares what a pass computes here with what ONNX Runtime makes of the exported file.</summary>
internal static class Comparison
{
    private const double Tolerance = 1e-5;

    /// <summary>Runs both on random inputs of several sizes, the lengths of the first sequences the least and the most; returns the greatest difference.</summary>
    public static double Check(ForwardPass pass, ulong seed = 1, Action<PassInput, float[]>? change = null)
    {
        string folder = Directory.CreateTempSubdirectory("unroll-onnx").FullName;
        try
        {
            string path = Path.Combine(folder, "model.onnx");
            OnnxExport.Save(pass, path);
            var random = new RandomState(seed);
            var (inputs, expected) = (new List<Dictionary<string, (int[] Shape, Array Values)>>(), new List<Dictionary<string, (int[] Shape, float[] Values)>>());
            foreach (int[] sizes in (int[][])[[4, 6, 5, 3, 7], [1, 1, 1, 1, 1], [3, 9, 2, 8, 4]])
            {
                var size = pass.Sizes.Select((name, i) => (name, sizes[i])).ToDictionary();
                inputs.Add(Draw(pass, size, random, change));
                expected.Add(Run(pass, size, inputs[^1]));
            }
            Dictionary<string, (int[] Shape, float[] Values)>[] found = OnnxRuntime.Run(path, inputs);
            double most = 0;
            for (int run = 0; run < found.Length; run++)
            {
                Assert.Equal(expected[run].Keys.Order(), found[run].Keys.Order());
                foreach ((string name, (int[] shape, float[] values)) in expected[run])
                {
                    Assert.Equal(shape, found[run][name].Shape);
                    for (int i = 0; i < values.Length; i++)
                    {
                        double difference = Math.Abs(values[i] - found[run][name].Values[i]) / Math.Max(1, Math.Abs(values[i]));
                        Assert.True(difference <= Tolerance, $"{pass.Name}, run {run}, output {name}[{i}]: {values[i]:R} here, {found[run][name].Values[i]:R} in ONNX Runtime");
                        most = Math.Max(most, difference);
                    }
                }
            }
            return most;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Dictionary<string, (int[] Shape, Array Values)> Draw(ForwardPass pass, Dictionary<string, int> sizes, RandomState random, Action<PassInput, float[]>? change)
    {
        var drawn = new Dictionary<string, (int[], Array)>();
        foreach (PassInput input in pass.Inputs)
        {
            int[] shape = [.. input.Sizes.Select(Of)];
            int count = shape.Aggregate(1, (a, b) => a * b);
            if (input.IsWhole)
            {
                int most = Of(input.Below) - (input.IsLengths ? 0 : 1);
                int[] numbers = [.. Enumerable.Range(0, count).Select(_ => input.Least + random.NextInt(most - input.Least + 1))];
                if (input.IsLengths && count > 1) (numbers[0], numbers[1]) = (input.Least, most);
                drawn[input.Name] = (shape, numbers);
            }
            else
            {
                float[] numbers = [.. Enumerable.Range(0, count).Select(_ => 2 * random.NextSingle() - 1)];
                change?.Invoke(input, numbers);
                drawn[input.Name] = (shape, numbers);
            }
        }
        return drawn;

        int Of(PassSize size) => size.Name is null ? size.Value : sizes[size.Name];
    }

    private static Dictionary<string, (int[] Shape, float[] Values)> Run(ForwardPass pass, Dictionary<string, int> sizes, Dictionary<string, (int[] Shape, Array Values)> inputs)
    {
        var tape = new Tape { Training = false };
        var values = new PassValues();
        tape.Begin(gradients: false);
        try
        {
            foreach ((string name, int size) in sizes) values.SetSize(name, size);
            foreach ((string name, (int[] shape, Array numbers)) in inputs)
                _ = numbers is float[] reals ? values.Set(name, Tensor.From(reals, new Shape(shape))) : values.Set(name, (int[])numbers);
            return pass.Run(values).ToDictionary(output => output.Name, output => (output.Value.Shape.ToArray(), output.Value.ToArray()));
        }
        finally
        {
            tape.End();
        }
    }
}
