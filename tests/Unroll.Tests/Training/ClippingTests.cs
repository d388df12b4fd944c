using System.Text.Json;
using Unroll.Tensors;
using Unroll.Training;

namespace Unroll.Tests.Training;

public sealed class ClippingTests
{
    private sealed class Model : Unroll.Layers.Module
    {
        public Model()
        {
            Add("a", [4], ParameterKind.Weight, Initializer.Zeros);
            Add("b", [3], ParameterKind.Bias, Initializer.Zeros);
        }
    }

    private static readonly JsonElement Golden = Goldens.Read("training.json").GetProperty("clipping");

    private static IReadOnlyList<Parameter> Parameters(float factor = 1)
    {
        var model = new Model();
        for (int i = 0; i < 2; i++)
        {
            float[] gradient = Golden.GetProperty("gradients")[i].Singles();
            for (int j = 0; j < gradient.Length; j++) model.Parameters[i].Gradient[j] = factor * gradient[j];
        }
        return model.Parameters;
    }

    private static void Check(JsonElement expected, IReadOnlyList<Parameter> parameters, double scale)
    {
        for (int i = 0; i < parameters.Count; i++)
        {
            double[] after = expected[i].Doubles();
            for (int j = 0; j < after.Length; j++) Assert.InRange(parameters[i].Gradient[j] * scale - after[j], -1e-6, 1e-6);
        }
    }

    [Theory]
    [InlineData("0.5", 0.5, 1)]
    [InlineData("100.0", 100, 1)]
    [InlineData("0.5", 0.5, 4)]     // gradients of four batches added up
    [InlineData("100.0", 100, 4)]
    public void Clipping_is_that_of_PyTorch(string name, double limit, int batches)
    {
        IReadOnlyList<Parameter> parameters = Parameters(batches);
        double norm = Gradients.Norm(parameters);
        JsonElement byNorm = Golden.GetProperty("norm").GetProperty(name);
        Assert.Equal(byNorm.GetProperty("norm").GetDouble(), norm / batches, 1e-6);
        Check(byNorm.GetProperty("after"), parameters, Clipping.GlobalNorm(limit).Apply(parameters, norm, 1.0 / batches));
        Check(Golden.GetProperty("value").GetProperty(name), parameters, Clipping.Value((float)limit).Apply(parameters, norm, 1.0 / batches));
        Assert.Equal(0.25, Clipping.None.Apply(Parameters(), norm, 0.25));
    }

    [Fact]
    public void A_limit_that_is_not_positive_is_refused()
    {
        Assert.Throws<BadUsageException>(() => Clipping.GlobalNorm(0));
        Assert.Throws<BadUsageException>(() => Clipping.GlobalNorm(double.NaN));
        Assert.Throws<BadUsageException>(() => Clipping.Value(-1));
    }

    [Fact]
    public void The_first_bad_tensor_is_named()
    {
        IReadOnlyList<Parameter> parameters = Parameters();
        Assert.Null(Gradients.FirstNonFiniteGradient(parameters));
        parameters[1].Gradient[2] = float.NegativeInfinity;
        Assert.Equal("b", Gradients.FirstNonFiniteGradient(parameters));
        Assert.False(double.IsFinite(Gradients.Norm(parameters)));
        parameters[0].Values[3] = float.NaN;
        Assert.Equal("a", Gradients.FirstNonFiniteValue(parameters));
    }
}
