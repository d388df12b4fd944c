using System.Text.Json;
using Unroll.Optimizers;
using Unroll.Tensors;
using Unroll.Training;

namespace Unroll.Tests.Optimizers;

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

    /// <summary>An optimizer of the user's own that puts the gradients it is given into the values.</summary>
    private sealed class Recorder : Optimizer
    {
        protected override void Update(in ParameterUpdate update)
        {
            for (int i = 0; i < update.Values.Length; i++) update.Values[i] = update.Gradient[i] * update.GradientScale;
        }
    }

    private static void Check(JsonElement expected, Clipping clipping, int batches)
    {
        IReadOnlyList<Parameter> parameters = Parameters(batches);
        double norm = new Recorder().Step(parameters, 0, clipping, 1.0 / batches);
        Assert.Equal(Golden.GetProperty("norm").GetProperty("0.5").GetProperty("norm").GetDouble(), norm, 1e-6);
        for (int i = 0; i < parameters.Count; i++)
        {
            double[] after = expected[i].Doubles();
            for (int j = 0; j < after.Length; j++) Assert.InRange(parameters[i].Values[j] - after[j], -1e-6, 1e-6);
        }
    }

    [Theory]
    [InlineData("0.5", 0.5, 1)]
    [InlineData("100.0", 100, 1)]
    [InlineData("0.5", 0.5, 4)]     // gradients of four batches added up
    [InlineData("100.0", 100, 4)]
    public void Clipping_is_that_of_PyTorch(string name, double limit, int batches)
    {
        Check(Golden.GetProperty("norm").GetProperty(name).GetProperty("after"), Clipping.GlobalNorm(limit), batches);
        Check(Golden.GetProperty("value").GetProperty(name), Clipping.Value((float)limit), batches);
        Check(Golden.GetProperty("gradients"), Clipping.None, batches);
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
        parameters[0].Values[3] = float.NaN;
        Assert.Equal("a", Gradients.FirstNonFiniteValue(parameters));
    }
}
