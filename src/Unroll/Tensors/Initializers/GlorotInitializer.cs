namespace Unroll.Tensors;

/// <summary>Variance 2/(inputs + outputs), uniform or normal. Glorot &amp; Bengio 2010.</summary>
internal sealed class GlorotInitializer(bool normal) : Initializer
{
    public override void Fill(Span<float> values, Shape shape, RandomState random)
    {
        (int inputs, int outputs) = Fans(shape);
        double variance = 2.0 / (inputs + outputs);
        if (normal) NormalInitializer.Fill(values, Math.Sqrt(variance), random);
        else UniformInitializer.Fill(values, (float)Math.Sqrt(3 * variance), random);
    }
}
