using Unroll.Losses;
using Unroll.Tensors;

namespace Unroll.Tests.Losses;

public sealed class PriorTests
{
    private sealed class Model : Unroll.Layers.Module
    {
        public Model()
        {
            Add("weight", [3], ParameterKind.Weight, Initializer.Zeros);
            Add("bias", [2], ParameterKind.Bias, Initializer.Zeros);
            Add("embedding", [2], ParameterKind.Embedding, Initializer.Zeros);
            Add("gain", [1], ParameterKind.Gain, Initializer.Ones);
            foreach (Parameter parameter in Parameters)
                for (int i = 0; i < parameter.Shape.Count; i++) parameter.Values[i] = (i - 1.25f) * 0.75f;
        }
    }

    public static TheoryData<Prior> Priors => [Prior.Gaussian(0.7), Prior.Laplace(0.4)];

    [Theory]
    [MemberData(nameof(Priors))]
    public void The_gradient_is_the_derivative_of_the_loss(Prior prior)
    {
        var model = new Model();
        prior.AddGradient(model.Parameters, observations: 10, factor: 3);
        foreach (Parameter parameter in model.Parameters)
            for (int i = 0; i < parameter.Shape.Count; i++)
            {
                const float h = 1f / 64;
                float w = parameter.Values[i];
                parameter.Values[i] = w + h;
                double above = prior.Loss(model.Parameters, 10);
                parameter.Values[i] = w - h;
                double below = prior.Loss(model.Parameters, 10);
                parameter.Values[i] = w;
                Assert.Equal(3 * (above - below) / (2 * h), parameter.Gradient[i], 1e-6);
                Assert.Equal(parameter.Kind is ParameterKind.Bias or ParameterKind.Gain, parameter.Gradient[i] == 0);
            }
    }

    [Fact]
    public void The_loss_is_minus_the_log_of_the_density()
    {
        var model = new Model();
        foreach (Parameter parameter in model.Parameters) parameter.Values.Clear();
        model.Parameters[0].Values[0] = 1.5f;
        // Five numbers have a prior: one at 1.5, four at 0.
        double gaussian = 1.5 * 1.5 / (2 * 0.49) + 5 * (Math.Log(0.7) + 0.5 * Math.Log(2 * Math.PI));
        Assert.Equal(gaussian / 10, Prior.Gaussian(0.7).Loss(model.Parameters, 10), 1e-12);
        double laplace = 1.5 / 0.4 + 5 * Math.Log(0.8);
        Assert.Equal(laplace / 10, Prior.Laplace(0.4).Loss(model.Parameters, 10), 1e-12);
    }

    [Fact]
    public void A_width_that_is_not_positive_is_refused()
    {
        Assert.Contains("standard deviation", Assert.Throws<BadUsageException>(() => Prior.Gaussian(0)).Message, StringComparison.Ordinal);
        Assert.Throws<BadUsageException>(() => Prior.Laplace(double.PositiveInfinity));
    }
}
