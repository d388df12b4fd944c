namespace Unroll.Tensors;

/// <summary>Normal with variance 2/inputs. He, Zhang, Ren &amp; Sun 2015.</summary>
internal sealed class HeInitializer : Initializer
{
    public override void Fill(Span<float> values, Shape shape, RandomState random) =>
        NormalInitializer.Fill(values, Math.Sqrt(2.0 / Fans(shape).Inputs), random);
}
